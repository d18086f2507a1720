"""The comparisons that an experiment declares before results, and the second line of an arm that is compared.

All arms of a comparison take equally many optimiser steps. The paper counts epochs, by which an arm with more images
trains longer; so each of them is shown a second time as the paper would have trained it, described and not tested.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from data_modules.errors import InputError
from liverlab.config import ExperimentConfig
from liverlab.pool_kinds import CONTROLS

Pair = tuple[str, str]  # arm, baseline
THIS = "this"  # in also_compare: the experiment itself, under whatever name a file that extends it has


def arm_name(experiment: str) -> str:
    """An experiment's name as that of an arm: "paper-bovw" for "paper/bovw"."""
    return experiment.replace("/", "-")


def declared_pairs(config: ExperimentConfig, known: Sequence[str]) -> list[Pair]:
    """Every comparison that the config fixed before results, the primary one first; none of one arm alone.

    Args:
        config: The experiment's.
        known: Names of its arms; beside a `compare_with` the baseline comes first.

    Raises:
        InputError: If a pair is none, names no arm of the experiment, or is declared twice.
    """
    if config.arms is not None or config.curve is not None:
        if config.compare_with or len(set(config.compare or ())) != 2:
            raise InputError("Of many arms, two are compared: compare=[arm,baseline] names them (not compare_with).")
        primary = _pair("compare", config.compare or (), config, known)
    elif config.compare_with:
        primary = (config.name, known[0])
    elif config.also_compare:
        raise InputError("also_compare adds to a primary comparison, and compare_with names none. Set also_compare=[].")
    else:
        return []
    pairs = [primary]
    if config.also_compare and config.selection == "test":
        raise InputError("selection=test compares the best point of a curve, and no other pair; set also_compare=[].")
    for names in config.also_compare:
        pair = _pair("also_compare", names, config, known)
        if pair == primary and THIS in names:  # a file that extends another may make its further pair the primary one
            continue
        if any(set(pair) == set(other) for other in pairs):
            again = "the primary comparison already" if set(pair) == set(primary) else "listed twice"
            raise InputError(f"also_compare: [{', '.join(names)}] is {again}. Take it out; also_compare=[] clears all.")
        pairs.append(pair)
    return pairs


def _pair(setting: str, names: Sequence[str], config: ExperimentConfig, known: Collection[str]) -> Pair:
    pair = [config.name if name == THIS and config.compare_with else arm_name(name) for name in names]
    if len(pair) != 2 or pair[0] == pair[1]:
        raise InputError(f"{setting}: [{', '.join(names)}]; a pair is [arm,baseline], two different arms.")
    for name in pair:
        if name not in known:
            raise InputError(f"{setting}: there is no arm {name!r}. There are: {', '.join(known)}.")
    return pair[0], pair[1]


def count_matched(arms: Sequence[ExperimentConfig], pairs: Sequence[Pair]) -> list[ExperimentConfig]:
    """The arms, with each control pool as large as the pool that it is declared against.

    Under nested selection each side chooses its size, from the same ones: then both are tuned alike, and no more.
    Of several it is that of the first declared comparison. Sizes are set in an experiment's file or by its profile, so
    a control under its own settings could hold another number of images than the arm that it should match.
    """
    by_name = {arm.name: arm for arm in arms}
    compared = [by_name[name] for pair in pairs for name in pair if by_name[name].generator != "none"]
    model = next((arm for arm in compared if not _holds_real(arm)), compared[0] if compared else None)
    for arm in compared:
        if model and not _holds_real(arm) and arm.synthetic != model.synthetic and any(map(_holds_real, arms)):
            raise InputError(
                f"The pools of {model.name} and {arm.name} differ in size; a control can match one of them only."
            )
    return [
        replace(arm, classic=model.classic, synthetic=model.synthetic) if model and _holds_real(arm) else arm
        for arm in arms
    ]


def _holds_real(arm: ExperimentConfig) -> bool:
    """Whether the arm's pool is a control's."""
    return arm.generator in CONTROLS


def by_epochs(
    config: ExperimentConfig, arms: Sequence[ExperimentConfig], points: Collection[str]
) -> dict[str, ExperimentConfig]:
    """Second lines: each compared arm that counts its budget in steps, by its name, with the budget in epochs.

    An arm that is compared only with what is not trained by steps has none.

    Args:
        config: The experiment's.
        arms: Its arms.
        points: Those that are points of its curve, which has budgets of its own.
    """
    if not config.both_budgets:
        return {}
    by_steps = {
        arm.name: arm
        for arm in arms
        if arm.method == "cnn" and arm.classifier.budget == "steps" and arm.name not in points
    }
    pairs = [pair for pair in declared_pairs(config, [arm.name for arm in arms]) if by_steps.keys() >= set(pair)]
    return {
        name: replace(
            arm,
            name=f"{name}-epochs",
            description=f"{arm.description}; trained for {arm.classifier.epochs} epochs",
            classifier=replace(arm.classifier, budget="epochs"),
        )
        for name, arm in by_steps.items()
        if any(name in pair for pair in pairs)
    }
