"""Which pools are judged, by whose features, and what their stages depend on."""

import re

import pytest

from data_modules.errors import InputError
from liverlab.arms import arms_of, describe_arms
from liverlab.config import QualityConfig
from liverlab.pipeline import plan_arm
from liverlab.quality_plan import judge_of, plan_quality, settings_with_effect
from liverlab.settings import load_experiment
from liverlab.stages import Stage

QUICK = ["profile=smoke", "tracking=none"]


def plan(name, *more):
    """Quality stages by arm, and the arms' classifiers."""
    overrides = [*QUICK, *more]
    config, configs = load_experiment(name, overrides), arms_of(name, overrides)
    arms = {arm.name: plan_arm(arm, experiment=name) for arm in configs}
    return plan_quality(configs, arms, describe_arms(config, configs)), arms


def kinds(stage):
    return [need.kind for need in stage.needs]


def test_a_generators_pool_is_judged_on_every_split_beside_the_classifier_of_the_baseline():
    quality, arms = plan("acgan_aug")
    assert list(quality) == ["acgan_aug"]  # the baseline's pool is one of further classic images
    for fold, (stage, classifier) in enumerate(zip(quality["acgan_aug"], arms["acgan_aug"], strict=True)):
        assert (stage.kind, stage.settings["fold"], kinds(stage)) == ("quality", fold, ["cohort", "pool", "classifier"])
        cohort, pool, judge = stage.needs
        assert (cohort.key, pool.key) == tuple(need.key for need in classifier.needs)
        assert judge.key == arms["controls-classic_more"][fold].key


def test_one_pool_is_judged_once():
    quality, arms = plan("acgan_aug", "both_budgets=true")
    assert "acgan_aug-epochs" in arms
    assert list(quality) == ["acgan_aug"]


def test_no_network_that_saw_a_synthetic_image_judges():
    """Beside visual words it is the CNN of the next arm without a generator; where there is none, none."""
    quality, arms = plan("acgan_aug", "compare_with=paper/bovw")
    judges = [stage.needs[2].key for stage in quality["acgan_aug"]]
    assert judges == [classifier.key for classifier in arms["classic_aug"]]
    alone, _ = plan("acgan_aug", "compare_with=null", "also_compare=[]")
    assert [kinds(stage) for stage in alone["acgan_aug"]] == [["cohort", "pool"]] * 3


def test_a_pool_that_only_serves_to_select_is_not_judged():
    quality, _ = plan("acgan_nested")
    (stages,) = quality.values()
    assert len(stages) == 3
    assert not any(stage.needs[1].settings.get("inner") for stage in stages)


def test_a_leak_on_purpose_is_judged_too_and_all_points_of_a_curve_at_once():
    quality, arms = plan("controls/leak_demo")
    assert list(arms) == ["synthetic-0", "synthetic-4", "synthetic-16"]
    assert list(quality) == ["synthetic-16"]  # the declared one; all are first images of one pool
    for stage, judge in zip(quality["synthetic-16"], arms["synthetic-0"], strict=True):
        assert stage.needs[1].settings["control"] == {"generator_sees": "everybody"}
        assert stage.needs[2].key == judge.key


@pytest.mark.parametrize("name", ["classic_aug", "controls/duplicate_real", "paper/acgan_discriminator"])
def test_without_a_generator_nothing_is_judged(name):
    assert plan(name)[0] == {}


def test_nothing_is_planned_where_it_is_not_to_be_measured():
    assert plan("acgan_aug", "quality.measured=false")[0] == {}


def test_a_network_that_saw_other_rois_does_not_judge():
    def cnn(name, **changed):
        place = {"repeat": 0, "fold": 0, "roi": {"size": 64, "window_hu": [-150, 190]}, "classifier": {}} | changed
        return Stage("classifier", name, place, print, ())

    judged = cnn("gan")
    wider = cnn("wide", roi={"size": 64, "window_hu": [-200, 300]})
    assert judge_of(judged, {"wide": [wider], "same": [cnn("same")]}, "wide").name == "same"
    assert judge_of(judged, {"wide": [wider]}, "wide") is None


def keys(*more):
    quality, arms = plan("acgan_aug", *more)
    return [stage.key for stage in quality["acgan_aug"]], [stage.key for stages in arms.values() for stage in stages]


def test_what_a_measurement_depends_on():
    quality, arms = keys()
    changed, same = keys("quality.draws=30")
    assert not set(quality) & set(changed)
    assert same == arms  # of classifiers, nothing
    assert not set(quality) & set(keys("synthetic.size=9")[0])
    assert keys("jobs=3", "verdict.draws=200")[0] == quality


def test_of_the_users_file_the_content_counts_and_not_where_it_lies():
    without = settings_with_effect(QualityConfig(torchscript_sha256="abc"))
    assert without == {"draws": 200, "neighbours": 5}
    assert settings_with_effect(QualityConfig(torchscript="/secret/f.pt", torchscript_sha256="abc")) == without | {
        "torchscript_sha256": "abc"
    }


def test_a_file_that_cannot_be_used_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(InputError, match=re.escape(f"there is no file {tmp_path / 'none.pt'}")):
        plan("acgan_aug", f"quality.torchscript={tmp_path / 'none.pt'}")
