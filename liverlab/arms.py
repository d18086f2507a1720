"""Which arms an experiment compares: one and its baseline, a list of experiments, the points of a curve, or both.

All arms share the experiment's splits, seeds, data and networks; where their settings agree they share their stages.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from data_modules.errors import InputError
from liverlab.config import CurveConfig, ExperimentConfig
from liverlab.declared import THIS, arm_name, by_epochs, count_matched, declared_pairs
from liverlab.settings import ProfileChange, load_experiment, profile_changes
from liverlab.twin_arms import twin_arms

# What makes an arm; everything else is the same for both sides of a comparison.
SECTIONS = ("classic", "synthetic", "dcgan", "acgan")
ARM = ("name", "description", "method", "augmentation", "generator", "control", *SECTIONS)
OWN = ("method=", "augmentation=", "generator=", "control.", "synthetic.choose_from=")
ARM_OVERRIDES = (*OWN, "compare_with=", "description=")
OF_MANY = ("arms=", "curve.", "compare=", "also_compare=", "selection=")
CURVED = ("classic", "classifier", "synthetic", "dcgan", "acgan", "holdout")  # sections that may differ between arms
SIZES = ("classic.size", "synthetic.size")
LESIONS = "holdout.train_lesions"
# Without an image of the kind, a point is the arm without the kind, and shares its stages.
OFF = {"classic.size": "augmentation=none", "synthetic.size": "generator=none"}


def arms_of(name: str, overrides: Sequence[str]) -> list[ExperimentConfig]:
    """The arms of an experiment, each with a name of its own; beside `compare_with` the baseline comes first.

    Args:
        name: A file of `experiments/`.
        overrides: Settings as `key=value`.

    Raises:
        InputError: If a setting is wrong, or the arms cannot be run or told apart.
    """
    config = load_experiment(name, overrides)
    if config.arms is None and config.curve is None:
        arms = _pair(config, overrides)
    else:
        arms = _listed(config, config.arms, overrides) if config.arms is not None else []
        arms += _curve(name, config, config.curve, overrides) if config.curve else []
    pairs = declared_pairs(config, _different_names(arms))
    if config.selection == "test" and pairs[0][0] not in _point_names(config):
        raise InputError("selection=test picks the best point of a curve: compare=[arm,baseline] names one as the arm.")
    arms = count_matched(arms, pairs)
    _expect_different(arms, pairs)
    second = by_epochs(config, arms, _point_names(config))
    arms = [each for arm in arms for each in (arm, second.get(arm.name)) if each]
    _different_names(arms)
    return arms


def _expect_different(arms: Sequence[ExperimentConfig], pairs: Sequence[tuple[str, str]]) -> None:
    by_name = {arm.name: replace(arm, name="", description="") for arm in arms}
    for arm, baseline in pairs:
        if by_name[arm] == by_name[baseline]:
            raise InputError(f"{arm} and {baseline} have the same settings, so there is nothing to compare.")


def describe_arms(config: ExperimentConfig, arms: Sequence[ExperimentConfig]) -> dict[str, Any]:
    """What `run.json` says of the arms: declared pairs, how the arm is chosen, descriptions, the curve's points.

    `by_epochs` names the second line of each arm that has one.
    """
    pairs = declared_pairs(config, [arm.name for arm in arms])
    arm, baseline = pairs[0] if pairs else (config.name, None)
    about: dict[str, Any] = {"arm": arm, "baseline": baseline, "selection": config.selection, "curve": None}
    about["noise_floor"] = twin_arms(arms)
    about["also_compare"] = [list(pair) for pair in pairs[1:]]
    about["by_epochs"] = {name: arm.name for name, arm in by_epochs(config, arms, _point_names(config)).items()}
    about["descriptions"] = {arm.name: arm.description for arm in arms}
    if config.curve:
        about["curve"] = {
            "setting": config.curve.setting,
            "scale": config.curve.scale,
            "points": [
                {"arm": name, "value": value, "budget": budget, "per_fold": _per_fold(config, config.curve, value)}
                for name, value, budget in _points(config, config.curve)
            ],
        }
    return about


def changes_of(name: str, overrides: Sequence[str]) -> list[ProfileChange]:
    """Every number that the profile changed, in the experiment or in an arm that it lists; a generator's where used."""
    config = load_experiment(name, overrides)
    if config.arms is None:
        return profile_changes(name, overrides)
    # what makes an arm is each one's own; the experiment's is that of its curve's points
    found = [change for change in profile_changes(name, overrides) if config.curve or _section(change) not in ARM]
    listed = {arm.name: arm for arm in arms_of(name, overrides)}
    for arm in config.arms:
        generator = listed[arm_name(arm)].generator
        used = ("classic", *(["synthetic", generator] if generator != "none" else []))
        mine = profile_changes(arm, [*_shared(overrides), f"profile={config.profile}"])
        found += [change for change in mine if _section(change) in used and change not in found]
    return found


def _section(change: ProfileChange) -> str:
    return change.setting.partition(".")[0]


def _shared(overrides: Sequence[str]) -> list[str]:
    """The overrides that mean every arm."""
    return [text for text in overrides if not text.startswith((*ARM_OVERRIDES, *OF_MANY))]


def baseline_of(config: ExperimentConfig, overrides: Sequence[str]) -> ExperimentConfig:
    """The arm to compare with, under the experiment's own splits, seeds, data and training budget."""
    assert config.compare_with
    return _under(config, config.compare_with, overrides)


def _under(config: ExperimentConfig, name: str, overrides: Sequence[str]) -> ExperimentConfig:
    """Another experiment's arm under this experiment's splits, seeds, data and training budget."""
    other = load_experiment(name, [*_shared(overrides), f"profile={config.profile}"])
    if other.arms is not None or other.curve is not None:
        raise InputError(f"{name!r} has arms of its own and cannot be one arm of {config.name!r}.")
    return replace(config, **{field.name: getattr(other, field.name) for field in fields(config) if field.name in ARM})


def _different_names(arms: Sequence[ExperimentConfig]) -> list[str]:
    names = [arm.name for arm in arms]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Two arms are named {name!r}. Rename the experiment file, or leave one of them out.")
    return names


def _pair(config: ExperimentConfig, overrides: Sequence[str]) -> list[ExperimentConfig]:
    """The baseline, further arms that are compared, and the experiment itself; without a baseline that alone."""
    if config.compare or config.selection == "test":
        raise InputError("compare and selection=test choose among many arms; they need `arms` or `curve`.")
    if not config.compare_with:
        return [config]
    arms = [baseline_of(config, overrides)]
    for name in [name for pair in config.also_compare for name in pair]:
        if arm_name(name) not in (THIS, config.name, *(arm.name for arm in arms)):
            arms.append(_under(config, name, overrides))
    return [*arms, config]


def _listed(config: ExperimentConfig, names: Sequence[str], overrides: Sequence[str]) -> list[ExperimentConfig]:
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(f"arms: [{', '.join(names)}]; list two or more experiments, each once.")
    _refuse_overrides(overrides, ARM_OVERRIDES, "every arm has its own")
    return [_under(config, name, overrides) for name in names]


def _curve(name: str, config: ExperimentConfig, curve: CurveConfig, overrides: Sequence[str]) -> list[ExperimentConfig]:
    """One arm per value and budget; all points of a curve over synthetic.size draw from one pool of each split."""
    _check_curve(config, curve)
    _refuse_overrides(
        overrides,
        (f"{curve.setting}=", *(["classifier.budget="] if curve.budgets else [])),
        "the curve sets it point by point; curve.values and curve.budgets say how",
    )
    shared = [*overrides, f"profile={config.profile}"]
    if curve.setting == "synthetic.size" and config.synthetic.pool_size is None:
        shared.append(f"synthetic.pool_size={max(curve.values)}")
    arms = []
    for arm, value, budget in _points(config, curve):
        off = OFF.get(curve.setting) if value == 0 else None
        point = [off or f"{curve.setting}={value}", f"classifier.budget={budget}"]
        about = f"{config.description}; {curve.setting} {value}, budget counted in {budget}"
        arms.append(replace(load_experiment(name, [*shared, *point]), name=arm, description=about))
    return arms


def _points(config: ExperimentConfig, curve: CurveConfig) -> list[tuple[str, int, str]]:
    """(arm's name, value, budget) of every point, line by line: "classic-500", "real-364", "classic-500-epochs"."""
    stem = "real" if curve.setting == LESIONS else curve.setting.removesuffix(".size").replace(".", "-")
    budgets = curve.budgets or [config.classifier.budget]
    return [
        (f"{stem}-{value}" + ("-epochs" if budget == "epochs" else ""), value, budget)
        for budget in budgets
        for value in curve.values
    ]


def _point_names(config: ExperimentConfig) -> list[str]:
    return [name for name, _, _ in _points(config, config.curve)] if config.curve else []


def _per_fold(config: ExperimentConfig, curve: CurveConfig, value: int) -> float:
    """A point's place on the published axis: images per fold of all classes; for another setting its value."""
    if curve.setting not in SIZES:
        return value
    section = getattr(config, curve.setting.partition(".")[0])
    per_fold = value if section.count == "per_fold" else value / (config.n_folds - 1)
    classes = len(config.data.classes) if curve.setting == "synthetic.size" else 1
    return per_fold * classes / curve.scale


def _check_curve(config: ExperimentConfig, curve: CurveConfig) -> None:
    """What can be said of a curve before its points are loaded, which checks the setting and each value."""
    if curve.setting.partition(".")[0] not in CURVED:
        raise InputError(f"curve.setting: {curve.setting!r}; a curve runs over a setting of {', '.join(CURVED)}.")
    if len(curve.values) < 2 or any(a >= b for a, b in zip(curve.values, curve.values[1:], strict=False)):
        raise InputError(f"curve.values: {curve.values}; list two or more, each once and in rising order.")
    if len(set(curve.budgets or ())) < len(curve.budgets or ()):
        raise InputError(f"curve.budgets: [{', '.join(curve.budgets or ())}] lists one twice.")
    needed = OFF.get(curve.setting, "").partition("=")[0]
    if needed and getattr(config, needed) == "none":
        raise InputError(f"curve.setting: {curve.setting} has no effect, since {needed} is none.")
    if curve.setting == "classic.size":
        lesions = _lesion_count(config)
        classic = config.classic
        each = 1 + classic.rotations * (1 + classic.flips + classic.translations + classic.scales)
        most = each * lesions // (config.n_folds if classic.count == "per_fold" else 1)
        if curve.values[-1] > most:
            raise InputError(
                f"curve.values: {curve.values[-1]} classic images are more than {lesions} lesions give; with {each} of "
                f"each the curve ends at {most}."
            )


def _lesion_count(config: ExperimentConfig) -> int:
    if config.data.manifest is None:
        return config.data.phantom_lesions
    from data_modules.ingest import manifest_of  # takes a second: the readers
    from data_modules.manifest import read_manifest
    from liverlab.sources import load_cohort

    given = Path(config.data.manifest)
    if (given / "cohort.json").is_file():
        return len(load_cohort(given, config.data.classes))
    return len(read_manifest(manifest_of(given), config.data.classes))


def _refuse_overrides(overrides: Sequence[str], without_effect: tuple[str, ...], why: str) -> None:
    """A setting that could only be ignored is refused."""
    for text in overrides:
        if text.startswith(without_effect):
            raise InputError(f"{text}: {why}.")
