"""Sentences on invented findings."""

from liverlab.report.generator_words import cautions, listed, place, statements


def finding(kind="collapsed", of=None, epoch=4):
    return {"kind": kind, "epoch": epoch, "class": of, "sentence": f"{kind} at {epoch}."}


def generator(*findings, fold=0, repeat=0, arm="acgan", of=None, given_up=()):
    place = {"arm": arm, "repeat": repeat, "fold": fold, "class": of, "epochs": 12}
    return place | {"findings": list(findings), "given_up": list(given_up)}


def test_one_generator_is_named_with_its_classes_and_epoch():
    found = [finding(of="cyst"), finding(of="metastasis", epoch=8)]
    assert cautions([generator(), generator(*found, fold=1)]) == [
        "The generator of fold 2 collapsed in cyst and metastasis (epoch 4 of 12): such images repeat one another and "
        "add no variety."
    ]


def test_several_generators_make_one_sentence_per_kind():
    three = [
        generator(finding(of="cyst"), fold=0, of="cyst"),
        generator(finding(of="metastasis"), finding("saturated", of="metastasis"), fold=0, of="metastasis"),
        generator(finding(of="cyst"), fold=2, of="cyst"),
    ]
    collapsed, saturated = cautions(three)
    assert collapsed.startswith("3 of 3 generators collapsed (fold 1 in cyst and metastasis; fold 3 in cyst): ")
    assert saturated.startswith("The generator of fold 1 faced a discriminator without any doubt in metastasis (epoch")


def test_many_generators_are_counted_by_class():
    many = [generator(finding(of=of), fold=fold, of=of) for fold in range(5) for of in ("cyst", "hemangioma")]
    assert cautions([*many, generator(fold=0)])[0].startswith(
        "10 of 11 generators collapsed (cyst 5 times and hemangioma 5 times): "
    )
    without_class = [generator(finding("frozen"), fold=fold) for fold in range(4)]
    assert cautions(without_class)[0].startswith("4 of 4 generators stood still for an epoch: ")


def test_nothing_is_held_against_sound_or_retried_generators():
    retried = generator(given_up=[{"seed": 7, "findings": [finding(), finding("saturated")]}])
    assert cautions([]) == cautions([generator(), retried]) == []
    assert statements([retried]) == ["Fold 1: the attempt with seed 7 was given up. collapsed at 4. saturated at 4."]


def test_statements_are_the_watchs_own_and_say_what_was_not_watched():
    generators = [generator(finding(of="cyst"), of="cyst"), generator() | {"findings": None}]
    assert cautions(generators[1:]) == []
    assert statements(generators) == [
        "Fold 1, cyst: collapsed at 4.",
        "1 of 2 generators left no record of a watch: nothing was looked for while they trained.",
    ]


def test_a_place_says_no_more_than_is_needed():
    one = generator(fold=1)
    assert place(one, [one]) == "fold 2"
    assert place(one, [one, generator(repeat=1)]) == "repeat 1, fold 2"
    assert place(one, [one, generator(arm="dcgan")]) == "fold 2 of acgan"


def test_listed():
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
