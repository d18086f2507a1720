"""A fit with its tracker, telling whoever watches how far it is; or the tracker alone, where no network is fitted."""

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningDataModule, LightningModule

from liverlab.config import ExperimentConfig
from liverlab.place import Place
from liverlab.stages import key_of, write_progress
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


def track_scores(config: ExperimentConfig, folder: Path, place: Place, experiment: str, facts: dict[str, Any]) -> None:
    """The tracked run of a classifier stage without a fit: named as the CNN's, with the value its curve ends with.

    Args:
        config: The arm's.
        folder: The stage's; its `predictions.csv` is read.
        place: The split.
        experiment: The experiment that was asked for.
        facts: Settings of the method, logged as the run's config.
    """
    with (folder / "predictions.csv").open(newline="") as file:
        correct = [row["predicted"] == row["label"] for row in csv.DictReader(file)]
    name = RunName(experiment, config.name, "classifier", place.name, key_of(folder))
    with tracked(name, facts, mode=resolve_mode(config.tracking), folder=Path(config.runs_dir) / "wandb") as logger:
        if logger:
            logger.log_metrics({"test_accuracy": sum(correct) / len(correct)})
