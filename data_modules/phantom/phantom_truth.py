"""What is known of a patient by construction: `truth.json`, and the manifest that is made from it."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_modules.phantom.plan import PatientPlan
from data_modules.phantom.scan import Scan
from data_modules.phantom.subtypes import SUBTYPES
from data_modules.wide_patch import bounding_centre, key_slice

TRUTH = "truth.json"
Row = dict[str, str]
# What each column of the manifest says; the first twelve are those of any manifest.
COLUMNS = {
    "patient_id": "synthetic patient",
    "lesion_id": "lesion; also its segment's label and tracking id",
    "class": "cyst, metastasis or hemangioma",
    "image": "folder of the CT series",
    "mask": "DICOM SEG of that series",
    "mask_label": "the lesion's segment in it",
    "center_x_mm": "middle of the mask's bounding box on its largest slice, LPS",
    "center_y_mm": "",
    "center_z_mm": "",
    "diameter_mm": "long diameter",
    "phase": "always portal",
    "source": "always phantom",
    "subtype": "see the table above",
    "lobes": "2: two that have grown together",
    "mimics": "class that a lesion of this subtype is made to look like, if any",
    "short_diameter_mm": "across the long diameter, on the same slice",
    "true_contrast_hu": "lesion minus liver, before the scanner",
    "measured_contrast_hu": "the same, from the pixels",
    "partial_volume": "true: the scanner took more than a fifth of the contrast",
    "subcapsular": "true: it reaches the liver's surface",
    "touches_vessel": "true: a vessel of 4 mm or more runs along it",
}


def mimicked(class_name: str, subtype: str) -> str:
    """The class that a subtype is made to look like, "" for none."""
    return SUBTYPES[class_name][subtype][3]


def write_truth(path: Path, patient: PatientPlan, series: Sequence[tuple[str, Scan]]) -> None:
    """Write what is known of one patient.

    Args:
        path: The file.
        patient: As planned.
        series: Folder (relative to the cohort's, "/" between parts) and scan of each series.
    """
    lesions = [
        {
            **asdict(truth.plan),
            **{name: value for name, value in asdict(truth).items() if name != "plan"},
            "mimics": mimicked(truth.plan.class_name, truth.plan.subtype),
            "image": f"{folder}/CT",
            "mask": f"{folder}/SEG.dcm",
            "center_mm": key_centre_mm(mask, scan),
        }
        for folder, scan in series
        for truth, mask in zip(scan.lesions, scan.masks, strict=True)
    ]
    facts = {"patient_id": patient.patient_id, "scan": asdict(series[0][1].body), "lesions": lesions}
    path.write_text(json.dumps(facts, indent=1, default=np.generic.item) + "\n")


def key_centre_mm(mask: npt.NDArray[np.bool_], scan: Scan) -> tuple[float, float, float]:
    """Middle (LPS, mm) of a mask's bounding box on its largest slice, which is where `ingest` centres the lesion."""
    assert mask.any(), "no pixel of a lesion is covered by half"
    k = key_slice(mask)
    row, column = bounding_centre(mask[k])
    x, y, z = scan.origin_mm
    spacing = scan.body.spacing_mm
    return x + column * spacing, y + row * spacing, z + k * scan.body.thickness_mm


def manifest_rows(patient_folder: Path) -> list[Row]:
    """One row per lesion of a written patient."""
    facts = json.loads((patient_folder / TRUTH).read_text())
    return [_row(facts["patient_id"], lesion) for lesion in facts["lesions"]]


def _row(patient_id: str, lesion: dict[str, Any]) -> Row:
    known = {"patient_id": patient_id, "phase": "portal", "source": "phantom", **lesion}
    known |= {"class": lesion["class_name"], "mask_label": lesion["lesion_id"]}
    known |= {f"center_{axis}_mm": f"{c:.3f}" for axis, c in zip("xyz", lesion["center_mm"], strict=True)}
    return {name: _text(known[name]) for name in COLUMNS}


def _text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def write_manifest(path: Path, rows: Sequence[Row]) -> None:
    """Write the manifest; it appears when it is complete."""
    temporary = path.with_name(f".{path.name}")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)
