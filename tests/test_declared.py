"""Declared comparisons, controls of the same size, and second lines, in the experiment files and in ones of our own."""

import re

import pytest

from data_modules.errors import InputError
from liverlab.arm_data import arm_seed, data_seed
from liverlab.arms import arms_of, describe_arms
from liverlab.declared import arm_name
from liverlab.pipeline import splits_to_run
from liverlab.settings import load_experiment

SMOKE = ["profile=smoke"]
CONTROL = "controls-classic_more"


def about(name, *given):
    return describe_arms(load_experiment(name, given), arms_of(name, given))


@pytest.mark.parametrize("name", ["acgan_aug", "dcgan_aug"])
def test_a_gan_is_compared_with_as_many_classic_images_and_then_as_published(name):
    found = about(name, *SMOKE)
    assert (found["arm"], found["baseline"], found["also_compare"]) == (name, CONTROL, [[name, "classic_aug"]])
    assert list(found["descriptions"]) == [CONTROL, "classic_aug", name]


def test_the_papers_own_experiments_keep_its_comparison():
    for name, *given in (("paper/acgan",), ("paper/bovw",), ("acgan_aug", "compare_with=classic_aug")):
        found = about(name, *SMOKE, *given)
        assert (found["arm"], found["baseline"], found["also_compare"]) == (arm_name(name), "classic_aug", [])
        assert len(found["descriptions"]) == 2


def test_a_file_that_extends_an_experiment_declares_its_own_arm(experiments):
    (experiments / "mine.yaml").write_text("extends: acgan_aug\nsynthetic:\n  size: 7\n")
    found = about("mine", *SMOKE)
    assert (found["arm"], found["also_compare"]) == ("mine", [["mine", "classic_aug"]])
    assert list(found["descriptions"]) == [CONTROL, "classic_aug", "mine"]


@pytest.mark.parametrize("given", [[], ["synthetic.size=5"], ["synthetic.count=per_training_set", "classic.size=120"]])
def test_a_control_pool_is_as_large_as_the_pool_that_it_stands_beside(experiments, given):
    text = "extends: acgan_aug\nclassic:\n  size: 150\nsynthetic:\n  size: 7\n"
    (experiments / "mine.yaml").write_text(text)
    arms = {arm.name: arm for arm in arms_of("mine", [*SMOKE, *given])}
    assert arms[CONTROL].generator == "classic_more"
    assert arms[CONTROL].synthetic == arms["mine"].synthetic
    assert arms[CONTROL].classic == arms["mine"].classic
    assert arms["mine"].synthetic.size == (5 if given[:1] == ["synthetic.size=5"] else 7)
    assert arms["classic_aug"].classic.size == (120 if len(given) == 2 else 200)  # no control: keeps its own


def test_a_control_in_a_list_matches_the_arm_that_it_is_declared_against(experiments):
    (experiments / "mine.yaml").write_text("extends: acgan_aug\nsynthetic:\n  size: 7\n")
    text = "arms: [mine, dcgan_aug, controls/classic_more]\ncompare: [mine, controls/classic_more]\n"
    (experiments / "table.yaml").write_text(text)
    sizes = {arm.name: arm.synthetic.size for arm in arms_of("table", SMOKE)}
    assert sizes == {"mine": 7, "dcgan_aug": 16, CONTROL: 7}
    with pytest.raises(InputError, match="The pools of mine and dcgan_aug differ in size; a control can match one of"):
        arms_of("table", [*SMOKE, "also_compare=[[dcgan_aug,controls/classic_more]]"])


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("also_compare=[[this,clasic_aug]]", "No experiment named 'clasic_aug' in experiments/. Did you mean"),
        ("also_compare=[[this]]", "also_compare: [this]; a pair is [arm,baseline], two different arms."),
        ("also_compare=[[this,acgan_aug]]", "also_compare: [this, acgan_aug]; a pair is [arm,baseline], two"),
        ("also_compare=[[this,no_aug],[no_aug,this]]", "also_compare: [no_aug, this] is listed twice."),
        ("also_compare=[[acgan_aug,controls/classic_more]]", "classic_more] is the primary comparison already."),
        ("compare_with=null", "also_compare adds to a primary comparison, and compare_with names none."),
        ("also_compare=[[this,paper/table]]", "'paper/table' has arms of its own and cannot be one arm of"),
        ("also_compare=this", "Setting 'also_compare': "),
    ],
)  # fmt: skip
def test_a_wrong_pair_is_one_sentence(override, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)) as error:
        arms_of("acgan_aug", [*SMOKE, override])
    assert "\n" not in str(error.value)


def test_of_many_arms_a_pair_names_two_that_are_there():
    with pytest.raises(InputError, match=r"also_compare: there is no arm 'controls-a_a'\. There are: no_aug, classic"):
        arms_of("paper/table", [*SMOKE, "also_compare=[[controls/a_a,no_aug]]"])
    found = about("paper/table", *SMOKE, "also_compare=[[paper/acgan,classic_aug],[classic_aug,no_aug]]")
    assert found["also_compare"] == [["paper-acgan", "classic_aug"], ["classic_aug", "no_aug"]]


def test_every_compared_arm_stands_above_itself_with_the_published_budget():
    arms = arms_of("acgan_aug", ["profile=paper"])
    assert [(arm.name, arm.classifier.budget) for arm in arms] == [
        (CONTROL, "steps"), (f"{CONTROL}-epochs", "epochs"), ("classic_aug", "steps"), ("classic_aug-epochs", "epochs"),
        ("acgan_aug", "steps"), ("acgan_aug-epochs", "epochs"),
    ]  # fmt: skip
    found = about("acgan_aug", "profile=paper")
    assert found["by_epochs"] == {name: f"{name}-epochs" for name in (CONTROL, "classic_aug", "acgan_aug")}
    assert (found["arm"], found["baseline"]) == ("acgan_aug", CONTROL)
    assert arms[-1].classifier.epochs == 150  # the paper's


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("acgan_aug", ["profile=laptop"]),  # cost
        ("acgan_aug", ["profile=paper", "both_budgets=false"]),
        ("acgan_aug", ["profile=paper", "classifier.budget=epochs"]),
        ("no_aug", ["profile=paper"]),  # compared with nothing
        ("paper/table", ["profile=paper"]),  # by epochs already
        ("paper/bovw", ["profile=paper"]),  # one of the two takes no steps
        ("paper/classic_sizes", ["profile=smoke", "both_budgets=true"]),  # the curve has budgets of its own
    ],
)
def test_where_there_is_no_second_line(name, given):
    assert about(name, *given)["by_epochs"] == {}


def test_each_repeat_has_fresh_seeds_that_its_arms_share_and_only_a_reseeded_arm_differs():
    arms = arms_of("paper/table", [*SMOKE, "protocol=honest"])
    places = splits_to_run(arms[0])
    assert len(places) == 25

    def seeds(arm):
        """Of order and transforms, and of networks, by place."""
        return [(data_seed(arm, place), arm_seed(arm, "classifier", *place.settings.values())) for place in places]

    assert len({tuple(seeds(arm)) for arm in arms}) == 1
    data, networks = zip(*seeds(arms[0]), strict=True)
    assert len(set(data)) == 5  # one a repeat
    assert len(set(networks)) == 25
    other = load_experiment("no_aug", [*SMOKE, "protocol=honest", "control.reseed=1"])
    assert not {seed for pair in seeds(other) for seed in pair} & {*data, *networks}
