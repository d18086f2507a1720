"""A written phantom against what published measurements demand of it, measured on its DICOM files alone."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import joblib

from data_modules.phantom_check.check_lines import Line
from data_modules.phantom_check.lesion_lines import difficulty_lines, lesion_lines
from data_modules.phantom_check.liver_lines import liver_lines
from data_modules.phantom_check.measure import measure_patient
from data_modules.phantom_check.phantom_files import open_phantom
from data_modules.phantom_check.redrawing import redraw
from data_modules.phantom_check.validity import Findings, validate_patient, validator
from data_modules.processes import end_with_parent


def check_phantom(out: Path, *, jobs: int | None = None) -> list[Line]:
    """Measure a phantom and compare it with its demands.

    Args:
        out: The folder that `write_phantom` filled.
        jobs: Processes to share the patients; by default one per core that this process may use.

    Returns:
        One line per demand.

    Raises:
        InputError: If the folder holds no complete phantom.
    """
    phantom = open_phantom(out)
    seed, context = phantom.cohort.seed, multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or joblib.cpu_count(), context, end_with_parent) as pool:
        again, other = (pool.submit(redraw, phantom, s) for s in (seed, seed + 1))
        patients = list(pool.map(partial(measure_patient, phantom), phantom.patients))
        findings = pool.map(partial(validate_patient, phantom), phantom.patients)
        lesions = [lesion for patient in patients for lesion in patient.lesions]
        return [
            *liver_lines({p.patient_id: p.liver for p in patients if p.liver is not None}),
            *lesion_lines(lesions),
            *difficulty_lines(lesions),
            _bytes_line(*again.result(), *other.result()),
            _validity_line(sum(findings, Findings())),
        ]


def _bytes_line(same: int, files: int, shared: int, others: int) -> Line:
    return Line(
        "same seed, same bytes",
        "all; none for another seed",
        f"{same} of {files} files; {shared} of {others}",
        same == files and shared == 0,
        "one patient drawn again",
    )


def _validity_line(found: Findings) -> Line:
    errors, warnings = (
        [f"{message} ({n} times)" for message, n in sorted(messages.items())]
        for messages in (found.errors, found.warnings)
    )
    return Line(
        f"DICOM validity ({validator()})",
        "no errors",
        f"{found.errors.total()} errors in {found.files} files",
        found.errors.total() == 0,
        "; ".join([*errors, *warnings]),
    )
