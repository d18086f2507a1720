"""Which pools are judged, and by which classifier's features: a stage of kind "quality" for each pool of a generator.

Pools of controls are not judged: they are made of the training lesions. Nor are those that only serve to select.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from liverlab.config import ExperimentConfig, QualityConfig
from liverlab.generator_record import Arms
from liverlab.place import Place
from liverlab.quality.torchscript_space import check_torchscript
from liverlab.quality_stage import MOST_PER_CLASS, measure_quality
from liverlab.stage_settings import split_settings
from liverlab.stages import Stage, in_order

SEEN = ("repeat", "fold", "holdout", "roi")  # what a CNN saw: it would judge other ROIs by features of its own


def plan_quality(configs: Sequence[ExperimentConfig], arms: Arms, about: Mapping[str, Any]) -> dict[str, list[Stage]]:
    """The stages by arm, one for each of its splits; of arms with the same pools under the first alone.

    The compared arm comes first.

    Args:
        configs: The arms' settings.
        arms: Their planned classifiers.
        about: As `describe_arms` gives it: the declared arm and baseline.

    Raises:
        InputError: If the user's feature extractor cannot be used.
    """
    planned: dict[tuple[str, ...], tuple[str, list[Stage]]] = {}
    for config in sorted(configs, key=lambda config: config.name != about["arm"]):
        pools = [pool_of(classifier) for classifier in arms[config.name]]
        if config.quality.measured and all(pool and _of_generator(pool) for pool in pools):
            stages = [
                quality_stage(config, classifier, judge_of(classifier, arms, about["baseline"]))
                for classifier in arms[config.name]
            ]
            planned.setdefault(tuple(stage.key for stage in stages), (config.name, stages))
    if planned:
        check_torchscript(configs[0].quality, configs[0].roi.size)
    return dict(planned.values())


def quality_stage(config: ExperimentConfig, classifier: Stage, judge: Stage | None) -> Stage:
    """What judges the pool that a classifier trains on; how that pool came to be, its own stage knows."""
    place = Place(classifier.settings["repeat"], classifier.settings["fold"])
    pool = pool_of(classifier)
    assert pool
    settings = split_settings(config, place) | {
        "quality": settings_with_effect(config.quality),
        "most_per_class": MOST_PER_CLASS,
    }
    run = partial(measure_quality, config=config, place=place)
    return Stage("quality", pool.name, settings, run, (classifier.needs[0], pool, *([judge] if judge else [])))


def settings_with_effect(quality: QualityConfig) -> dict[str, object]:
    """Those that can change a measurement: of a file its content, not where it lies."""
    without = ("measured", "torchscript", *([] if quality.torchscript else ["torchscript_sha256"]))
    return {key: value for key, value in asdict(quality).items() if key not in without}


def judge_of(classifier: Stage, arms: Arms, baseline: str | None) -> Stage | None:
    """A CNN of the same split that is no control and never saw a synthetic image: the baseline's, else the first."""
    names = sorted(arms, key=lambda name: name != baseline)  # keeps the order of the others
    return next((stage for name in names for stage in arms[name] if _can_judge(stage, classifier)), None)


def _can_judge(stage: Stage, classifier: Stage) -> bool:
    same = all(stage.settings.get(key) == classifier.settings.get(key) for key in SEEN)
    own = "classifier" in stage.settings and "control" not in stage.settings
    return same and own and not any(need.kind == "generator" for need in in_order([stage]))


def pool_of(classifier: Stage) -> Stage | None:
    """The pool that a classifier trains on."""
    return next((need for need in classifier.needs if need.kind == "pool"), None)


def _of_generator(pool: Stage) -> bool:
    return any(need.kind == "generator" for need in pool.needs)
