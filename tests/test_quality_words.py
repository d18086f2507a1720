import pytest

from liverlab.quality.measured import ALL
from liverlab.report.quality_words import absent, cautions, main_space, number_text, statements


def row(images, measure, estimate, interval=None, **more):
    place = {"features": "radiomics", "images": images, "class": ALL, "measure": measure}
    return place | {"estimate": estimate, "interval": interval} | more


def pool(*rows, findings=(), leak=False, **more):
    counts = {"cyst": 9, "metastasis": 4}
    splits = [{"repeat": 0, "fold": 0, "synthetic": counts, "held_out": {"cyst": 3, "metastasis": 7}}]
    return {
        "arm": "acgan", "rows": list(rows), "findings": list(findings), "leak": leak, "too_few": {}, "splits": splits,
        "chosen": None, "spaces": [{"name": name, "about": "", "splits": 1} for name in ("radiomics", "cnn")],
    } | more  # fmt: skip


def covered(difference, interval):
    minus = {"estimate": difference, "interval": interval}
    return [row("train", "coverage", 0.94), row("synthetic", "coverage", 0.94 + difference, minus_train=minus)]


def test_covered_about_as_well_where_no_difference_is_to_be_seen():
    (sentence,) = statements(pool(*covered(-0.04, [-0.09, 0.05])))
    assert sentence == (
        "Held-out lesions are covered about as well by the synthetic images as by real training lesions. By radiomics, "
        "90\u00a0% of held-out lesions have a synthetic image nearby, 94\u00a0% a real training lesion (difference "
        "−4 points, 95\u00a0% interval −9 to +5)."
    )


@pytest.mark.parametrize("interval", [[-0.52, 0.03], [-0.12, 0.05], None])
def test_few_lesions_do_not_make_images_cover_as_well(interval):
    (sentence,) = statements(pool(*covered(-0.25, interval)))
    assert sentence.startswith("Whether the synthetic images cover held-out lesions less well than real ones do cannot")


def test_covered_less_well_where_the_whole_interval_is_below():
    (sentence,) = statements(pool(*covered(-0.3, [-0.4, -0.2])))
    assert sentence.startswith("Held-out lesions are covered less well by the synthetic images than by real")


def test_dropped_modes_come_first():
    finding = {"kind": "drops_modes", "class": "cyst", "space": "radiomics", "sentence": "."}
    (sentence,) = statements(pool(*covered(-0.3, [-0.4, -0.2]), findings=[finding]))
    assert sentence.startswith("The synthetic images leave held-out lesions of cyst uncovered that real training")
    assert "unlike real lesions. By radiomics, 64" in sentence
    assert "about as well" not in sentence


def test_telling_and_teaching():
    telling, teaching = statements(
        pool(
            row("synthetic", "tstr", 0.61, count=120), row("train", "trtr", 0.68, count=120),
            row("synthetic", "two_sample_auc", 0.934), row("train", "two_sample_auc", 0.52),
        ),
    )  # fmt: skip
    assert "AUROC of 0.93, where 0.5 is guessing; real training lesions reach 0.52." in telling
    assert "names 61\u00a0% of the held-out lesions correctly; trained on as many real ones, 68\u00a0%." in teaching


def test_unequal_numbers_to_train_on_are_told():
    (told,) = statements(pool(row("synthetic", "tstr", 0.61, count=40), row("train", "trtr", 0.68, count=120)))
    assert "trained on real lesions, 120 against 40 over all splits, 68" in told


def test_a_chosen_volume_is_told():
    (told,) = statements(pool(chosen=[0, 400, 0]))
    assert told.endswith("of each class, the splits chose 0, 400 and 0 of its images for training.")


def test_a_leak_is_said_first():
    first, *_ = statements(pool(*covered(0.0, [-0.1, 0.1]), leak=True))
    assert first.startswith("acgan is a leak on purpose")
    assert first.endswith("copies looks for those of training lesions, not for those of held-out ones.")


def test_nothing_measured_gives_no_sentence():
    empty = pool()
    assert main_space(empty) is None
    assert statements(empty) == []


def test_what_is_absent_and_why():
    assert absent(pool(), neighbours=5) == []
    lacking = {"cyst": ["recall", "tstr", "trtr"], "metastasis": ["recall", "tstr"], ALL: ["fid"]}
    without, *rest = absent(pool(too_few=lacking, spaces=[]), neighbours=5)
    assert without.startswith("The split’s CNN lends no features")
    assert rest == [
        "Too few images of cyst and metastasis for Recall and Accuracy.",
        "Too few images of all classes for FID.",
    ]
    _, why = absent(pool(too_few={"cyst": ["coverage"]}), neighbours=5)
    assert why.startswith(
        "Precision, recall, density and coverage need at least 6 images of each class in every set; this"
    )
    assert "pool has 4, and there are 3 held-out lesions, of the class and split with the fewest." in why


def test_a_cnn_of_some_splits_is_told():
    splits = [{"synthetic": {"cyst": 9}, "held_out": {"cyst": 9}}] * 3
    (told,) = absent(pool(splits=splits, spaces=[{"name": "cnn", "about": "", "splits": 2}]), neighbours=5)
    assert told.startswith("A CNN lends features on 2 of 3 splits")


def test_one_caution_for_each_arm_and_kind():
    found = [
        {"arm": "acgan", "kind": "copies", "class": ALL},
        {"arm": "dcgan", "kind": "drops_modes", "class": "cyst"},
        {"arm": "dcgan", "kind": "drops_modes", "class": "hemangioma"},
        {"arm": "dcgan", "kind": "drops_modes", "class": "cyst"},  # in another feature space
    ]
    copies, modes = cautions(found)
    assert copies.startswith("Some synthetic images of acgan are copies of training lesions: ")
    assert modes.startswith("The synthetic images of dcgan leave held-out lesions of cyst and hemangioma uncovered")
    assert cautions([]) == []


@pytest.mark.parametrize(
    ("value", "text"), [(0.1234, "0.123"), (-0.5, "−0.500"), (0.00123, "0.0012"), (0, "0.000"), (12.3456, "12.346")]
)
def test_numbers_of_any_size(value, text):
    assert number_text(value) == text
