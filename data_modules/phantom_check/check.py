"""A written phantom against what published measurements demand of it, measured on its DICOM files alone."""

from functools import partial
from pathlib import Path

from data_modules.case_pool import over_cores
from data_modules.phantom_check.check_lines import Line
from data_modules.phantom_check.lesion_lines import difficulty_lines, lesion_lines
from data_modules.phantom_check.liver_lines import liver_lines
from data_modules.phantom_check.measure import PatientMeasures, measure_patient
from data_modules.phantom_check.phantom_files import PhantomFolder, open_phantom
from data_modules.phantom_check.redrawing import redraw
from data_modules.phantom_check.validity import Findings, validate_patient, validator


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
    examined = over_cores(partial(_examine, phantom), list(phantom.patients), jobs)
    patients, findings = zip(*examined, strict=True)
    lesions = [lesion for patient in patients for lesion in patient.lesions]
    same, other = (redraw(phantom, phantom.cohort.seed + more) for more in (0, 1))
    return [
        *liver_lines({p.patient_id: p.liver for p in patients if p.liver is not None}),
        *lesion_lines(lesions),
        *difficulty_lines(lesions),
        _bytes_line(*same, *other),
        _validity_line(sum(findings, Findings())),
    ]


def _examine(phantom: PhantomFolder, patient_id: str) -> tuple[PatientMeasures, Findings]:
    return measure_patient(phantom, patient_id), validate_patient(phantom, patient_id)


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
