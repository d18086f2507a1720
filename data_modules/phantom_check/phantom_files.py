"""A written phantom, read back from its files alone: DICOM, manifest and plan."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_modules.errors import InputError
from data_modules.phantom.phantom_cohort import PhantomCohort, finished_phantom
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.dicom_seg import DicomSeg
from data_modules.readers.volume import Volume

Row = dict[str, str]
Hu = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PhantomFolder:
    """What a phantom's folder says it holds.

    Attributes:
        path: The folder.
        cohort: How it was written.
        patients: Rows of the manifest by patient.
    """

    path: Path
    cohort: PhantomCohort
    patients: dict[str, tuple[Row, ...]]

    def folder(self, patient_id: str) -> Path:
        """Where a patient's files are."""
        return self.path / "patients" / patient_id

    def plan(self, patient_id: str) -> dict[str, Any]:
        """The planned values of a patient's scan (`truth.json`)."""
        scan: dict[str, Any] = json.loads((self.folder(patient_id) / "truth.json").read_text())["scan"]
        return scan

    def series(self, patient_id: str) -> Iterator["PhantomSeries"]:
        """A patient's series: one of the whole abdomen, or one around each lesion."""
        images: dict[str, list[Row]] = {}
        for row in self.patients[patient_id]:
            images.setdefault(row["image"], []).append(row)
        for rows in images.values():
            yield _read(self, rows)


@dataclass(frozen=True, eq=False)
class PhantomSeries:
    """One CT series and what lies in it.

    Attributes:
        rows: The manifest's rows of its lesions.
        volume: Its geometry.
        hu: Shape (Z, Y, X).
        masks: One of that shape for each row.
        liver: The liver with all that lies in it; None around a single lesion.
    """

    rows: tuple[Row, ...]
    volume: Volume
    hu: Hu
    masks: tuple[Mask, ...]
    liver: Mask | None


def open_phantom(out: Path) -> PhantomFolder:
    """Read the tables of a phantom and see that its files are there.

    Raises:
        InputError: If the folder holds no phantom, or one of which a part is missing.
    """
    cohort = finished_phantom(out)
    if cohort is None:
        raise InputError(f"{out} holds no complete phantom. `liverlab phantom` writes one.")
    patients: dict[str, list[Row]] = {}
    needed = set()
    with (out / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            patients.setdefault(row["patient_id"], []).append(row)
            needed |= {row["image"], row["mask"], f"patients/{row['patient_id']}/truth.json"}
            needed |= set() if cohort.roi_only else {f"patients/{row['patient_id']}/LIVER.dcm"}
    missing = sorted(name for name in needed if not (out / name).exists())
    if missing:
        text = f"{out} holds no complete phantom: {missing[0]} is missing ({len(missing)} of {len(needed)} parts). "
        raise InputError(text + "Write it again into a new folder.")
    return PhantomFolder(out, cohort, {patient: tuple(rows) for patient, rows in patients.items()})


def _read(phantom: PhantomFolder, rows: list[Row]) -> PhantomSeries:
    volume = CTFolder(phantom.path / rows[0]["image"]).volume()
    segments = DicomSeg(phantom.path / rows[0]["mask"])
    liver = None
    if not phantom.cohort.roi_only:
        liver = DicomSeg(phantom.folder(rows[0]["patient_id"]) / "LIVER.dcm").mask(volume, None)
    masks = tuple(segments.mask(volume, row["mask_label"]) for row in rows)
    return PhantomSeries(tuple(rows), volume, volume.hu(), masks, liver)
