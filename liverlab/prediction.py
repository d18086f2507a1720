"""A finished classifier asked about lesions that are read from their images as those that it was trained on."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from data_modules.classic import render_originals
from data_modules.cohort import Cohort, Lesion
from data_modules.ingest import manifest_of, measured
from data_modules.lesion_measure import MeasuredLesion, Reading
from data_modules.manifest import ManifestRow, read_manifest
from data_modules.physics import sentences
from data_modules.readers.case_error import CaseError
from data_modules.whole_file import replacing
from liverlab.finished_networks import load_classifier
from liverlab.finished_stage import FinishedStage

UNDIAGNOSED = "unknown"  # what a manifest may name as class beside those of the classifier


@dataclass(frozen=True, eq=False)
class Predictions:
    """Answers to one manifest or image.

    Attributes:
        class_names: The classifier's classes.
        lesions: Those that could be read: "row 2" of the manifest and so on, in its order; "lesion" of an image.
        probabilities: Shape (lesions, classes).
        refused: A sentence for each that could not be read.
        doubts: Sentences on what looks odd.
    """

    class_names: tuple[str, ...]
    lesions: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    refused: tuple[str, ...]
    doubts: tuple[str, ...]

    def table(self) -> list[list[str]]:
        """A header and one line per lesion: which, the predicted class, the probabilities of all."""
        lines = [["lesion", "predicted", *(f"p_{name}" for name in self.class_names)]]
        for lesion, values in zip(self.lesions, self.probabilities, strict=True):
            lines.append([lesion, self.class_names[int(values.argmax())], *(f"{p:.6f}" for p in values)])
        return lines

    def write(self, path: Path) -> None:
        """Write the table as CSV, by renaming."""
        with replacing(path) as part, part.open("w", newline="") as file:
            csv.writer(file).writerows(self.table())


def lesions_of(manifest: Path, stage: FinishedStage) -> list[ManifestRow]:
    """The rows of a manifest whose classes are the classifier's, or "unknown".

    Raises:
        InputError: If the manifest is wrong, or names another class.
    """
    return read_manifest(manifest_of(manifest), [*stage.trained_on.class_names, UNDIAGNOSED])


def lesion_at(image: Path, center_mm: tuple[float, float, float], diameter_mm: float) -> ManifestRow:
    """One lesion of an image, by its centre (LPS) and long diameter."""
    return ManifestRow(
        row=0,
        patient_id="",
        lesion_id="",
        class_name=UNDIAGNOSED,
        image=image,
        mask=None,
        mask_label=None,
        center_mm=center_mm,
        diameter_mm=diameter_mm,
        phase="",
        source=UNDIAGNOSED,
    )


def predict_lesions(stage: FinishedStage, rows: Sequence[ManifestRow], reading: Reading) -> Predictions:
    """Probabilities of each lesion; one that cannot be read is refused, and the others go on.

    Raises:
        InputError: If a process that reads died.
    """
    results = {row.row: (row, result) for row, result in measured(rows, reading)}
    in_order = [results[row.row] for row in rows]
    read = [(row, result) for row, result in in_order if isinstance(result, MeasuredLesion)]
    refused = [f"{one.code} {_label(row)}: {one.text}" for row, one in in_order if isinstance(one, CaseError)]
    names = stage.trained_on.class_names
    probabilities = np.zeros((0, len(names)), np.float32)
    if read:
        images = render_originals(_cohort(read, names), range(len(read)), stage.roi)
        with torch.no_grad():
            probabilities = load_classifier(stage)(images).numpy()
    doubts = sentences([(row.row, doubt) for row, lesion in read for doubt in lesion.doubts], len(read))
    return Predictions(names, tuple(_label(row) for row, _ in read), probabilities, tuple(refused), tuple(doubts))


def _label(row: ManifestRow) -> str:
    return f"row {row.row}" if row.row else "lesion"


def _cohort(read: Sequence[tuple[ManifestRow, MeasuredLesion]], names: tuple[str, ...]) -> Cohort:
    """The lesions as a cohort, for this process alone: rows stand for pseudonyms, which nobody is shown."""
    lesions = [
        Lesion(_label(row), "", row.class_name, one.diameter_mm, one.spacing_mm, one.thickness_mm, row.source)
        for row, one in read
    ]
    return Cohort((*names, UNDIAGNOSED), tuple(lesions), np.array([one.patch for _, one in read], dtype=np.int16))
