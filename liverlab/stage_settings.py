"""What the stages of an arm depend on, as plain values for their keys."""

from dataclasses import asdict, fields

from data_modules.cohort import Cohort
from liverlab.config import ControlConfig, ExperimentConfig
from liverlab.place import Place
from liverlab.pool_kinds import is_trained

# which settings of `control` a stage depends on
GENERATOR_CONTROLS = ("reseed", "generator_sees")
CLASSIFIER_CONTROLS = ("reseed", "real_images", "corrupted_labels", "permuted_labels")


def split_settings(config: ExperimentConfig, place: Place) -> dict[str, object]:
    """What every stage of a split depends on."""
    design: dict[str, object] = {"n_folds": config.n_folds, "seed": config.seed}
    if config.holdout:
        design["holdout"] = asdict(config.holdout)
    return place.settings | design | {"roi": asdict(config.roi)}


def fit_settings(config: ExperimentConfig) -> dict[str, object]:
    """What every fit depends on: other arithmetic gives other digits, and every device draws noise of its own."""
    devices = config.trainer.devices * config.trainer.num_nodes
    unusual = {"devices": devices} if devices > 1 else {}
    unusual |= {"compile": True} if config.trainer.compile else {}
    return {"precision": config.trainer.precision, **unusual}


def control_settings(config: ExperimentConfig, *names: str) -> dict[str, dict[str, object]]:
    """Those of the named settings of `control` that are not off: an ordinary arm's stages know of none."""
    off = {field.name: field.default for field in fields(ControlConfig)}
    found = {name: getattr(config.control, name) for name in names if getattr(config.control, name) != off[name]}
    return {"control": found} if found else {}


def leaks_on_purpose(config: ExperimentConfig) -> bool:
    """Whether the arm's generators saw its test lesions, to show what such a leak buys."""
    return is_trained(config) and config.control.generator_sees == "everybody"


def identity_of_fit(config: ExperimentConfig, cohort: Cohort, place: Place) -> dict[str, object]:
    """What a killed fit must have in common with the one that goes on from its state."""
    facts: dict[str, object] = {"classes": cohort.class_names, "cohort": cohort.fingerprint}
    return facts | split_settings(config, place) | fit_settings(config) | {"control": asdict(config.control)}
