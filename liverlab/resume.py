"""Which state a fit goes on from, and whether it is a state of this fit."""

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule

from data_modules.errors import InputError
from liverlab.stages import STATES


def newest_state(folder: Path) -> Path | None:
    """The state that the last attempt at the fit of this folder left, or None."""
    return max((folder / STATES).glob("state-*.ckpt"), default=None)


def identity_of(model: LightningModule, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a fit is: its model, the model's hyperparameters, and what the caller says about data and budget.

    Args:
        model: With plain hyperparameters (numbers, texts, lists of them), as `torch.load(weights_only=True)` asks for.
        facts: Whatever else must not change under a fit: class names, fingerprints of cohort and patients, ...
    """
    identity = {"model": type(model).__name__, "hyperparameters": dict(model.hparams), **facts}
    plain: dict[str, Any] = json.loads(json.dumps(identity))
    return plain


def check_state(path: Path, model: LightningModule, identity: Mapping[str, Any]) -> None:
    """Refuse a state that does not belong to this fit, before anything is trained.

    Raises:
        InputError: If the file cannot be read, was saved by a fit of another identity, or has other weights.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:  # cut short, empty, or something else
        raise InputError(f"{path} is damaged. Delete it to start this fit from the beginning.") from error
    check_identity(saved["identity"], identity, path)
    shapes, wanted = (
        {name: list(value.shape) for name, value in weights.items()}
        for weights in (saved["state_dict"], model.state_dict())
    )
    check_identity({"weights": shapes}, {"weights": wanted}, path)


def check_identity(saved: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> None:
    """Compare what was saved with what is wanted.

    Raises:
        InputError: If they differ; names the first three differences with both values.
    """
    there, here = _flat(saved), _flat(wanted)
    differing = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    if not differing:
        return
    listed = [f"{name} is {_shown(there.get(name))} there and {_shown(here.get(name))} here" for name in differing[:3]]
    more = f" (and {len(differing) - 3} more)" if len(differing) > 3 else ""
    raise InputError(
        f"{path} was saved by another fit: {', '.join(listed)}{more}. Go back to its settings to finish that fit, or "
        f"delete {path.parent} to start this one from the beginning."
    )


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested names joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def _shown(value: Any) -> str:
    """A value as YAML would have it, cut where it is long."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
