"""A stage's fit: with its tracker, and telling whoever watches how far it is."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningDataModule, LightningModule

from liverlab.config import ExperimentConfig
from liverlab.stages import write_progress
from liverlab.tracking import RunName, resolve_mode, tracked
from liverlab.training import fit


def fit_tracked(
    model: LightningModule,
    data: LightningDataModule,
    config: ExperimentConfig,
    folder: Path,
    name: RunName,
    facts: dict[str, Any],
    length: dict[str, int],
    callbacks: Sequence[Callback],
    identity: dict[str, object],
) -> None:
    """Fit for `length` (epochs or steps) with the run's tracker and the stage's progress; see `fit`."""
    with tracked(name, facts, mode=resolve_mode(config.tracking), folder=Path(config.runs_dir) / "wandb") as logger:
        report = partial(write_progress, folder)
        fit(
            model,
            data,
            config.trainer,
            folder=folder,
            epochs=length.get("epochs"),
            steps=length.get("steps"),
            callbacks=callbacks,
            logger=logger,
            report=report,
            identity=identity,
        )
