"""From experiment files, profiles and command-line overrides to one `ExperimentConfig`, or a sentence on what is wrong.

Layers, later ones win: defaults of `config.py`, the profile, the protocol, the experiment file (with what it
`extends`), overrides.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from data_modules.errors import InputError
from liverlab.config import ExperimentConfig
from liverlab.ranges import check_ranges

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
# What `protocol` sets, before the experiment file and the command line.
PROTOCOLS = {
    "paper": {"n_folds": 3, "repeats": 1},  # Frid-Adar et al. 2018, sec. 4
    # Larger training sides, and 20 degrees of freedom for the variance of training in place of 2 (docs/statistics.md).
    "honest": {"n_folds": 5, "repeats": 5},
}


@dataclass(frozen=True)
class ProfileChange:
    """One setting that differs from the published protocol's because of the profile."""

    setting: str
    published: Any
    used: Any


def load_experiment(name: str, overrides: Sequence[str] = ()) -> ExperimentConfig:
    """The resolved config of an experiment.

    Args:
        name: A file of `experiments/`, without its ending.
        overrides: Settings as `key=value`, e.g. `acgan.lr=1e-4` or `folds=[0]`.

    Raises:
        InputError: For an unknown experiment, a misspelt or mistyped setting, or values that cannot be.
    """
    try:
        config: ExperimentConfig = OmegaConf.to_object(_merge(name, overrides))  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise InputError(_sentence(error)) from None
    check_ranges(config)
    return config


def protocol_name(config: ExperimentConfig) -> str:
    """The protocol's name, or "custom" where its numbers were changed or not all of its folds are run."""
    kept = PROTOCOLS[config.protocol] == {"n_folds": config.n_folds, "repeats": config.repeats}
    return config.protocol if kept and config.folds is None and config.holdout is None else "custom"


def experiment_names() -> list[str]:
    """All experiments; those of a subfolder with its name, as "paper/bovw"."""
    names = sorted(path.relative_to(EXPERIMENTS).with_suffix("").as_posix() for path in EXPERIMENTS.rglob("*.yaml"))
    return [name for name in names if not name.startswith("profiles/")]


def profile_changes(name: str, overrides: Sequence[str]) -> list[ProfileChange]:
    """Every number that the profile changed from what the experiment would use under profile `paper`."""
    used = flatten(_merge(name, overrides))
    paper = flatten(_merge(name, [*overrides, "profile=paper"]))
    return [ProfileChange(key, paper[key], used[key]) for key in used if used[key] != paper[key] and key != "profile"]


def flatten(node: Any, prefix: str = "") -> dict[str, Any]:
    """Leaves of a config by dotted name; a list is a leaf."""
    if isinstance(node, DictConfig):
        node = OmegaConf.to_container(node)
    if not isinstance(node, dict):
        return {prefix: node}
    return {k: v for key, child in node.items() for k, v in flatten(child, f"{prefix}.{key}".strip(".")).items()}


def _merge(name: str, overrides: Sequence[str]) -> DictConfig:
    given = OmegaConf.merge(*map(_parse, overrides)) if overrides else OmegaConf.create()
    layers = _experiment_layers(name)
    by_profile = [layer.pop("profiles", {}) for layer in layers]
    profile = _resolve_profile(_merge_layers([*layers, given]).profile)
    own = [x for layer, sections in zip(layers, by_profile, strict=True) for x in (layer, _section(sections, profile))]
    own.append(given)
    last = OmegaConf.create({"profile": profile, "name": name.replace("/", "-")})
    protocol = next((layer["protocol"] for layer in reversed(own) if "protocol" in layer), ExperimentConfig.protocol)
    design = PROTOCOLS.get(str(protocol), {})  # another name is refused where it is merged
    return _merge_layers([_read(EXPERIMENTS / "profiles" / f"{profile}.yaml"), design, *own, last])


def _parse(override: str) -> DictConfig:
    try:
        if "=" not in override.lstrip("="):
            raise YAMLError
        return OmegaConf.from_dotlist([override])
    except YAMLError:
        raise InputError(f"{override!r} is not a setting. Write key=value, e.g. acgan.lr=1e-4 or folds=[0].") from None


def _merge_layers(layers: Sequence[Any]) -> DictConfig:
    merged = OmegaConf.structured(ExperimentConfig)
    for layer in layers:
        try:
            merged = OmegaConf.merge(merged, layer)
        except OmegaConfBaseException as error:
            raise InputError(_sentence(error)) from None
    assert isinstance(merged, DictConfig)
    return merged


def _experiment_layers(name: str, seen: tuple[str, ...] = ()) -> list[Any]:
    """The file's settings, after those of the file it extends."""
    path = EXPERIMENTS / f"{name}.yaml"
    if not path.is_file() or name.startswith("profiles/"):
        known = experiment_names()
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(known)}."
        raise InputError(f"No experiment named {name!r} in experiments/. {hint}")
    if name in seen:
        raise InputError(f"Experiment {name!r} extends itself: {' -> '.join((*seen, name))}.")
    layer = _read(path)
    parent = layer.pop("extends", None)
    return [*(_experiment_layers(parent, (*seen, name)) if parent else []), layer]


def _section(sections: Any, profile: str) -> Any:
    """An experiment's own numbers under one profile: part of `profiles:` in its file."""
    known = ("paper", "laptop", "smoke")
    mappings = [sections, *(sections.values() if isinstance(sections, dict | DictConfig) else ())]
    if not all(isinstance(node, dict | DictConfig) for node in mappings) or not set(sections) <= set(known):
        raise InputError(f"profiles: an experiment file lists settings under {', '.join(known)}, and nothing else.")
    return sections.get(profile, {})


def _read(path: Path) -> Any:
    try:
        layer = OmegaConf.load(path)
    except YAMLError as error:
        raise InputError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(layer, DictConfig):
        raise InputError(f"{path.name} must hold settings as `key: value`, like experiments/acgan_aug.yaml.")
    return layer


def _resolve_profile(profile: str) -> str:
    if profile != "auto":
        return profile
    import torch  # heavy, and needed by nobody else here

    return "paper" if torch.accelerator.is_available() else "laptop"


def _sentence(error: OmegaConfBaseException) -> str:
    """OmegaConf's first line names the fault; where it knows the setting, so do we."""
    fault = (error.msg or str(error)).splitlines()[0]
    return f"Setting {error.full_key!r}: {fault}" if error.full_key else f"Settings: {fault}"
