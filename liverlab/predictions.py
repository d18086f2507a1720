"""What every classifier stage writes: one row per test lesion, and what it trained on."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from data_modules.cohort import Cohort
from data_modules.folds import Split
from liverlab.arm_data import classic_per_lesion
from liverlab.config import ExperimentConfig


def write_predictions(path: Path, cohort: Cohort, split: Split, probabilities: Tensor) -> None:
    """One row per test lesion: repeat, fold, lesion, patient, label, predicted class, probabilities of all classes."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        columns = ["repeat", "fold", "lesion_id", "patient_id", "label", "predicted"]
        writer.writerow(columns + [f"p_{name}" for name in cohort.class_names])
        for lesion, row in zip((cohort.lesions[i] for i in split.test), probabilities, strict=True):
            predicted = cohort.class_names[int(row.argmax())]
            facts = [split.repeat, split.fold, lesion.lesion_id, lesion.patient_id, lesion.class_name, predicted]
            writer.writerow(facts + [f"{p:.6f}" for p in row.tolist()])


def patients_tested(folder: Path) -> set[str]:
    """Pseudonyms of the patients in a finished classifier's predictions."""
    with (folder / "predictions.csv").open(newline="") as file:
        return {row["patient_id"] for row in csv.DictReader(file)}


def write_training(
    path: Path, config: ExperimentConfig, split: Split, *, synthetic: int, notes: Sequence[str] = ()
) -> None:
    """How many real, classic and synthetic images the arm trained on, and what makes it a control."""
    classic = (classic_per_lesion(config, split) - 1) * len(split.train)
    real = {"real": len(split.train), "classic": classic} if config.control.real_images else {"real": 0, "classic": 0}
    path.write_text(json.dumps({"images": real | {"synthetic": synthetic}, "control": list(notes)}))
