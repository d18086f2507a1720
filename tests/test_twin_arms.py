import pytest

from data_modules.errors import InputError
from liverlab.arms import arms_of, describe_arms
from liverlab.settings import load_experiment
from liverlab.twin_arms import twin_arms


def test_the_twins_of_a_check_are_told():
    arms = arms_of("controls/check", ["profile=smoke"])
    assert twin_arms(arms) == ["controls-a_a", "classic_aug"]
    about = describe_arms(load_experiment("controls/check", ["profile=smoke"]), arms)
    assert about["noise_floor"] == ["controls-a_a", "classic_aug"]


def test_a_control_set_on_the_command_line_leaves_the_baseline_as_it_is():
    baseline, arm = arms_of("controls/a_a", ["profile=smoke", "control.reseed=2"])
    assert (baseline.control.reseed, arm.control.reseed) == (0, 2)
    with pytest.raises(InputError, match=r"control.reseed=2: every arm has its own"):
        arms_of("controls/check", ["profile=smoke", "control.reseed=2"])


def test_arms_that_differ_by_more_than_seeds_are_no_twins():
    assert twin_arms(arms_of("controls/placebo", ["profile=smoke"])) is None
    assert twin_arms(arms_of("controls/a_a", ["profile=smoke", "compare_with=no_aug"])) is None
    assert twin_arms(arms_of("classic_aug", ["profile=smoke", "control.reseed=1"])) is None
