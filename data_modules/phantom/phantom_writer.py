"""The phantom cohort on disk: patients over all cores, then the manifest and an honest note."""

import csv
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import numpy.typing as npt

from data_modules.errors import InputError
from data_modules.phantom.dicom_writer import write_ct, write_seg
from data_modules.phantom.plan import PatientPlan, plan_cohort
from data_modules.phantom.scan import Scan, make_scan
from data_modules.phantom.subtypes import SUBTYPES
from data_modules.processes import end_with_parent

Row = dict[str, str]


def write_phantom(
    out: Path,
    *,
    lesions: int = 182,
    seed: int = 0,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a cohort of synthetic portal-phase liver CT with known lesions.

    The bytes depend on `lesions` and `seed` alone.

    Args:
        out: Folder that receives `patients/<id>/CT/*.dcm`, `patients/<id>/SEG.dcm`, `manifest.csv` and `PHANTOM.md`.
        lesions: Number of lesions; 182 gives the paper's 53 cysts, 64 metastases and 65 hemangiomas.
        seed: Seeds everything.
        jobs: Processes to share the patients; by default one per core that this process may use.
        progress: Called with (patients done, all patients).

    Returns:
        The manifest's path; it is written last, so where it exists the cohort is complete.

    Raises:
        InputError: If the folder holds patients already, `lesions` is below 3 or `seed` is negative.
    """
    patients = plan_cohort(lesions, seed)
    if (out / "patients").exists():
        raise InputError(f"{out} holds a phantom already. Remove its 'patients' folder, or name another folder.")
    (out / "patients").mkdir(parents=True)
    rows: list[Row] = []
    task = partial(_write_patient, out, seed, lesions)
    for done, patient_rows in enumerate(_over_cores(task, patients, jobs), start=1):
        rows += patient_rows
        if progress:
            progress(done, len(patients))
    (out / "PHANTOM.md").write_text(_note(rows, len(patients), seed))
    return _write_manifest(out / "manifest.csv", rows)


def _over_cores(
    task: Callable[[PatientPlan], list[Row]], patients: tuple[PatientPlan, ...], jobs: int | None
) -> Iterator[list[Row]]:
    """Results in the patients' order, from `jobs` processes."""
    jobs = min(jobs or joblib.cpu_count(), len(patients))
    if jobs == 1:
        yield from map(task, patients)
        return
    # spawn: a forked child of a process that has started threads (torch, SimpleITK) may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_parent) as pool:
        yield from pool.map(task, patients)


def _write_patient(out: Path, seed: int, lesions: int, patient: PatientPlan) -> list[Row]:
    """Draw, scan and write one patient; return the manifest's rows."""
    scan = make_scan(patient, seed)
    folder, key = Path("patients") / patient.patient_id, f"{seed}/{lesions}/{patient.patient_id}"
    slices = write_ct(out / folder / "CT", scan, patient, key)
    write_seg(out / folder / "SEG.dcm", scan, patient, slices, key)
    rows = []
    for lesion, mask in zip(patient.lesions, scan.masks, strict=True):
        x, y, z = (f"{c:.3f}" for c in key_centre_mm(mask, scan))
        rows.append(
            {
                "patient_id": patient.patient_id,
                "lesion_id": lesion.lesion_id,
                "class": lesion.class_name,
                "image": (folder / "CT").as_posix(),
                "mask": (folder / "SEG.dcm").as_posix(),
                "mask_label": lesion.lesion_id,
                "center_x_mm": x,
                "center_y_mm": y,
                "center_z_mm": z,
                "diameter_mm": f"{lesion.diameter_mm:.2f}",
                "phase": "portal",
                "source": "phantom",
                "subtype": lesion.subtype,
            }
        )
    return rows


def key_centre_mm(mask: npt.NDArray[np.bool_], scan: Scan) -> tuple[float, float, float]:
    """Centroid (LPS, mm) of a mask's largest slice."""
    k = int(np.argmax(mask.sum(axis=(1, 2))))
    rows, columns = np.nonzero(mask[k])
    x, y, z = scan.origin_mm
    spacing = scan.body.spacing_mm
    return x + columns.mean() * spacing, y + rows.mean() * spacing, z + k * scan.body.thickness_mm


def _write_manifest(path: Path, rows: list[Row]) -> Path:
    temporary = path.with_suffix(".part")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return temporary.replace(path)


def _note(rows: list[Row], patients: int, seed: int) -> str:
    """What lies in the folder, for whoever finds it."""
    counts = Counter((row["class"], row["subtype"]) for row in rows)
    lines = [
        "# A digital phantom, not patients",
        "",
        "Every image here was computed. No person was scanned, and no result on these images says anything about",
        "patients. They exist so that liverlab can be tried and tested where there are no clinical data.",
        "",
        f"{len(rows)} lesions in {patients} synthetic patients, seed {seed}. Portal-venous phase, as DICOM CT and SEG;",
        "`manifest.csv` names each lesion, its class and its place (LPS, mm).",
        "",
        "| class | subtype | lesions | made to look like |",
        "|---|---|---|---|",
    ]
    for name, subtypes in SUBTYPES.items():
        lines += [f"| {name} | {sub} | {counts[name, sub]} | {row[3] or '-'} |" for sub, row in subtypes.items()]
    totals = Counter(row["class"] for row in rows)
    return "\n".join([*lines, "", "In all: " + ", ".join(f"{totals[name]} {name}" for name in SUBTYPES) + ".", ""])
