"""The stage that asks a split's trained ACGAN discriminator for the class of the test lesions (paper, sec. 4.3)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from data_modules.classic import render_originals
from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.folds import Split
from data_modules.lineage import patients_of
from data_modules.roi import Roi, to_signed
from liverlab.arm_data import find_split
from liverlab.config import ExperimentConfig
from liverlab.models.acgan import ACGAN
from liverlab.place import Place
from liverlab.predictions import write_predictions, write_training
from liverlab.stage_fit import track_scores
from liverlab.trained_on import write_record
from liverlab.training import CHECKPOINT


def ask_discriminator(
    folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, place: Place, experiment: str
) -> None:
    """Write one row of probabilities per test lesion; nothing is trained.

    Args:
        folder: Where to write.
        inputs: Folders of the cohort and of the split's ACGAN.
        config: The arm's.
        place: The split.
        experiment: The experiment that was asked for.

    Raises:
        InputError: If the ACGAN saw anybody but patients of the training side, or diverged.
    """
    cohort = Cohort.load(inputs[0])
    split = find_split(cohort, config, place)
    seen = set(json.loads((inputs[1] / "patients.json").read_text()))
    expect_training_side(seen, cohort, split)
    # the weights as trained: an average, where there is one, is of the generator alone
    model = ACGAN.load_from_checkpoint(inputs[1] / CHECKPOINT, map_location="cpu", weights_only=True)
    probabilities = class_probabilities(model, render_originals(cohort, split.test, Roi(**asdict(config.roi))))
    if not probabilities.isfinite().all():
        raise InputError(f"The ACGAN of {config.name}, {place.name}, diverged (acgan.lr={config.acgan.lr}). Lower it.")
    write_predictions(folder / "predictions.csv", cohort, split, probabilities)
    write_record(folder, {"patients": sorted(seen), "mean_of": []})
    write_training(folder / "training.json", config, split, synthetic=0)
    track_scores(config, folder, place, experiment, asdict(config.acgan))


def expect_training_side(seen: set[str], cohort: Cohort, split: Split) -> None:
    """See that a generator saw patients of the split's training side and nobody else.

    Raises:
        InputError: If it saw another patient, or its record names none.
    """
    others = seen - patients_of(cohort, split.train)
    if others or not seen:
        raise InputError(
            f"The ACGAN saw {len(seen)} patients, {len(others)} of whom are not on the training side of repeat "
            f"{split.repeat}, fold {split.fold}. Ask the discriminator of this split."
        )


@torch.no_grad()
def class_probabilities(model: ACGAN, images: Tensor) -> Tensor:
    """What the class head answers, without dropout and with batch norm's running statistics.

    Args:
        model: A trained ACGAN.
        images: ROIs in (0, 1), shape (N, 1, size, size).

    Returns:
        Probabilities, shape (N, classes).
    """
    _, logits = model.eval().judge(to_signed(images))  # a generator's images, and so all it was shown, are in (-1, 1)
    return logits.softmax(dim=1)
