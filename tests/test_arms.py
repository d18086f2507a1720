import re
import shutil
from collections import Counter
from functools import cache

import pytest
from dicom_examples import row, write_manifest, write_patient

from data_modules.errors import InputError
from liverlab import settings
from liverlab.arms import arms_of, changes_of, describe_arms
from liverlab.evaluation.published import PUBLISHED_RESULTS
from liverlab.pipeline import plan_arm
from liverlab.settings import EXPERIMENTS, load_experiment
from liverlab.stages import in_order

LAPTOP = ["profile=laptop"]
SMOKE = ["profile=smoke", "data.phantom_lesions=182"]  # three points a line: quick to plan


@cache
def plan(name, *overrides):
    return {arm.name: plan_arm(arm, experiment=name) for arm in arms_of(name, overrides)}


def stages(name, overrides=LAPTOP, kind=None):
    """All stages of an experiment, or the keys of one kind by arm."""
    planned = plan(name, *overrides)
    if kind is None:
        return in_order([stage for each in planned.values() for stage in each])
    return {arm: [s.key for s in in_order(each) if s.kind == kind] for arm, each in planned.items()}


def counts(name, overrides=LAPTOP):
    return Counter(stage.kind for stage in stages(name, overrides))


def test_an_arm_and_its_baseline_as_before():
    assert [arm.name for arm in arms_of("paper/acgan", LAPTOP)] == ["classic_aug", "paper-acgan"]
    assert [arm.name for arm in arms_of("no_aug", LAPTOP)] == ["no_aug"]
    about = describe_arms(load_experiment("no_aug", LAPTOP), arms_of("no_aug", LAPTOP))
    assert (about["arm"], about["baseline"], about["curve"]) == ("no_aug", None, None)


def test_a_classic_curve_has_a_classifier_per_point_budget_and_fold_and_nothing_else_twice():
    assert counts("paper/classic_sizes", ["profile=paper"]) == {"phantom": 1, "cohort": 1, "classifier": 9 * 2 * 3}


def test_points_share_their_stages_with_the_plain_experiments():
    curve = stages("paper/classic_sizes", kind="classifier")
    assert curve["classic-1000"] == stages("classic_aug", kind="classifier")["classic_aug"]
    assert curve["classic-0"] == stages("no_aug", kind="classifier")["no_aug"]
    by_epochs = [*LAPTOP, "classifier.budget=epochs", "classifier.epochs=45"]
    assert curve["classic-1000-epochs"] == stages("classic_aug", by_epochs, kind="classifier")["classic_aug"]
    assert len({key for keys in curve.values() for key in keys}) == 7 * 2 * 3


@pytest.mark.parametrize("profile", ["paper", "laptop", "smoke"])
def test_a_synthetic_curve_has_nine_generators_and_three_pools_of_the_largest_size(profile):
    found = stages("paper/dcgan_sizes", [f"profile={profile}"])
    kinds = Counter(stage.kind for stage in found)
    assert (kinds["generator"], kinds["pool"]) == (9, 3)
    largest = {"paper": 4000, "laptop": 800, "smoke": 16}[profile]
    assert {stage.settings["synthetic"]["size"] for stage in found if stage.kind == "pool"} == {largest}


def test_a_synthetic_curve_shares_generators_and_its_zero_with_the_plain_experiments():
    planned = in_order(plan_arm(load_experiment("dcgan_aug", LAPTOP), experiment="dcgan_aug"))
    plain = [stage.key for stage in planned if stage.kind == "generator"]
    curve = stages("paper/dcgan_sizes", kind="generator")
    assert curve["synthetic-200"] == curve["synthetic-800"] == plain
    zero = stages("paper/dcgan_sizes", kind="classifier")["synthetic-0"]
    assert zero == stages("classic_aug", kind="classifier")["classic_aug"]


def test_a_table_shares_splits_and_budget_and_keeps_what_makes_each_arm():
    arms = {arm.name: arm for arm in arms_of("paper/table", [*LAPTOP, "seed=5", "acgan.lr=0.01"])}
    assert list(arms) == [row.ours for row in PUBLISHED_RESULTS]  # in the order of the published table
    assert {(arm.seed, arm.classifier.budget, arm.classifier.epochs) for arm in arms.values()} == {(5, "epochs", 45)}
    acgan = arms["paper-acgan"]
    assert (acgan.generator, acgan.acgan.discriminator, acgan.acgan.epochs, acgan.acgan.lr) == (
        "acgan",
        "dcgan",
        25,
        0.01,
    )
    assert counts("paper/table") == {"phantom": 1, "cohort": 1, "generator": 12, "pool": 6, "classifier": 18}


def test_a_tables_changes_are_those_of_the_arms_that_it_lists():
    changed = {change.setting: (change.published, change.used) for change in changes_of("paper/table", LAPTOP)}
    assert changed["acgan.discriminator_channels"] == (64, 8)  # of paper/acgan, not the 16 of the default
    assert changed["dcgan.discriminator_channels"] == (64, 8)
    assert changed["classic.size"] == (5000, 1000)
    assert changed["classifier.epochs"] == (150, 45)
    settings = [change.setting for change in changes_of("paper/table", LAPTOP)]
    assert len(settings) == len(set(settings))


@pytest.mark.parametrize(
    ("name", "profile", "published"),
    [
        ("paper/classic_sizes", "smoke", [0, 500, 5000]),
        ("paper/dcgan_sizes", "laptop", [0, 300, 1500, 3000, 6000, 9000, 12000]),  # three classes
    ],
)
def test_the_points_stand_on_the_published_axis(name, profile, published):
    given = [f"profile={profile}"]
    about = describe_arms(load_experiment(name, given), arms_of(name, given))
    assert {round(point["per_fold"]) for point in about["curve"]["points"]} == set(published)


def test_a_size_of_the_whole_training_set_is_halved_on_three_folds():
    given = [*SMOKE, "classic.count=per_training_set"]
    config = load_experiment("paper/classic_sizes", given)
    point = describe_arms(config, arms_of("paper/classic_sizes", given))["curve"]["points"][2]
    assert (point["value"], point["per_fold"]) == (200, 2500)  # half of the published 5,000


CLASSIC, DCGAN, TABLE = "paper/classic_sizes", "paper/dcgan_sizes", "paper/table"
# 481 images of each of 182 lesions on 3 folds: 29,180 per fold
BAD = [
    (CLASSIC, "curve.values=[0,30000]", "30000 classic images are more than 182 lesions give; with 481 of each"),
    (CLASSIC, "curve.values=[0,100,100]", "curve.values: [0, 100, 100]; list two or more, each once and in"),
    (CLASSIC, "curve.values=[100,0]", "curve.values: [100, 0]; list two or more, each once and in rising order."),
    (CLASSIC, "curve.values=[]", "curve.values: []; list two or more"),
    (CLASSIC, "curve.values=[-1,200]", "classic.size: -1 is too small"),
    (CLASSIC, "curve.values=[0,many]", "Value 'many' of type 'str' could not be converted to Integer"),
    (CLASSIC, "curve.budgets=[steps,steps]", "curve.budgets: [steps, steps] lists one twice."),
    (CLASSIC, "curve.budgets=[hours]", "Invalid value 'hours', expected one of ['epochs', 'steps']"),
    (CLASSIC, "curve.setting=classic.sice", "Key 'sice' not in 'ClassicConfig'. Did you mean one of: 'size'"),
    (CLASSIC, "curve.setting=seed", "curve.setting: 'seed'; a curve runs over a setting of classic, classifier"),
    (CLASSIC, "curve.setting=synthetic.size", "curve.setting: synthetic.size has no effect, since generator is none."),
    (CLASSIC, "augmentation=none", "curve.setting: classic.size has no effect, since augmentation is none."),
    (CLASSIC, "curve.scale=0", "curve.scale: 0.0; a scale is above 0"),
    (CLASSIC, "curve.scale=nan", "curve.scale: nan; a scale is above 0"),
    (CLASSIC, "classic.size=100", "classic.size=100: the curve sets it point by point"),
    (CLASSIC, "classifier.budget=epochs", "classifier.budget=epochs: the curve sets it point by point"),
    (CLASSIC, "compare=[classic-7,classic-0]", "compare: there is no arm 'classic-7'. There are: classic-0, "),
    (CLASSIC, "compare=[classic-20,classic-20]", "compare=[arm,baseline] names them"),
    (CLASSIC, "compare=null", "Of many arms, two are compared: compare=[arm,baseline] names them"),
    (CLASSIC, "compare_with=no_aug", "(not compare_with)"),
    (CLASSIC, "compare=[classic-20,classic-0,classic-200]", "Of many arms, two are compared: compare=[arm,baseline]"),
    (DCGAN, "synthetic.pool_size=15", "synthetic.size: 16 per class are more than synthetic.pool_size=15."),
    (TABLE, "arms=[no_aug,classic_aug,no_aug]", "arms: [no_aug, classic_aug, no_aug]; list two or more"),
    (TABLE, "arms=[no_aug]", "arms: [no_aug]; list two or more"),
    (TABLE, "arms=[no_aug,clasic_aug]", "No experiment named 'clasic_aug' in experiments/. Did you mean 'classic_aug"),
    (TABLE, "arms=[paper/classic_sizes,no_aug]", "'paper/classic_sizes' has arms of its own"),
    (TABLE, "generator=dcgan", "generator=dcgan: every arm has its own."),
    (TABLE, "selection=test", "selection=test picks the best point of a curve: compare=[arm,baseline] names one"),
    ("no_aug", "selection=test", "compare and selection=test choose among many arms; they need `arms` or `curve`."),
    (TABLE, "compare=[paper/acgan,zebra]", "compare: there is no arm 'zebra'. There are: no_aug, classic_aug"),
    ("no_aug", "compare=[no_aug,classic_aug]", "compare and selection=test choose among many arms"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "override", "sentence"), BAD, ids=[f"{name} {text}" for name, text, _ in BAD])
def test_a_wrong_plan_is_one_sentence_before_anything_runs(name, override, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)) as error:
        arms_of(name, [*SMOKE, override])
    assert "\n" not in str(error.value)


def test_the_largest_size_that_the_lesions_give_is_allowed_of_a_manifest_too(tmp_path):
    arms_of(CLASSIC, [*SMOKE, "curve.values=[0,29180]", "compare=[classic-29180,classic-0]"])
    write_patient(tmp_path)
    manifest = write_manifest(tmp_path / "manifest.csv", [row("one"), row("two"), row("three")])
    own = [*SMOKE, f"data.manifest={manifest}", "compare=[classic-481,classic-0]", "curve.budgets=[steps]"]
    arms_of(CLASSIC, [*own, "curve.values=[0,481]"])
    with pytest.raises(InputError, match="more than 3 lesions give; with 481 of each the curve ends at 481"):
        arms_of(CLASSIC, [*own, "curve.values=[0,481,482]"])


def test_arms_and_a_curve_stand_side_by_side_and_share_what_is_the_same(experiments):
    text = "description: both\narms: [no_aug, classic_aug]\ncurve:\n  setting: classic.size\n  values: [0, 20]\n"
    (experiments / "both.yaml").write_text(
        text + "compare: [classic_aug, no_aug]\nalso_compare: [[classic-20, no_aug]]\n"
    )
    given = [*SMOKE, "curve.values=[0,200]", "also_compare=[[classic-200,no_aug]]"]
    keys = {arm.name: [stage.key for stage in plan_arm(arm, experiment="both")] for arm in arms_of("both", given)}
    assert list(keys) == ["no_aug", "classic_aug", "classic-0", "classic-200"]
    assert keys["classic-0"] == keys["no_aug"]
    assert keys["classic-200"] == keys["classic_aug"]  # the profile's size
    about = describe_arms(load_experiment("both", given), arms_of("both", given))
    assert (about["arm"], about["baseline"]) == ("classic_aug", "no_aug")
    assert about["also_compare"] == [["classic-200", "no_aug"]]
    assert [point["arm"] for point in about["curve"]["points"]] == ["classic-0", "classic-200"]
    with pytest.raises(InputError, match="names one as the arm"):
        arms_of("both", [*given, "selection=test", "also_compare=[]"])


def test_two_arms_of_one_name_are_refused(experiments):
    shutil.copy(experiments / "no_aug.yaml", experiments / "classic-0.yaml")
    with pytest.raises(InputError, match=re.escape("Two arms are named 'classic-0'. Rename the experiment file")):
        arms_of(CLASSIC, [*SMOKE, "arms=[classic-0,classic_aug]"])


@pytest.mark.parametrize("text", ["labtop: {}", "laptop: 3", "[laptop]"])
def test_a_profiles_section_that_could_only_be_ignored_is_refused(text, monkeypatch, tmp_path):
    shutil.copytree(EXPERIMENTS, tmp_path / "e")
    body = f"profiles: {text}\n" if text.startswith("[") else f"profiles:\n  {text}\n"
    (tmp_path / "e" / "mine.yaml").write_text(body)
    monkeypatch.setattr(settings, "EXPERIMENTS", tmp_path / "e")
    with pytest.raises(InputError, match="profiles: an experiment file lists settings under paper, laptop, smoke"):
        load_experiment("mine", LAPTOP)
