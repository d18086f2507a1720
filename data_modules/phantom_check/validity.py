"""Whether a phantom's files are valid DICOM, by dciodvfy (David Clunie's validator) or else by pydicom's own checks."""

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom import config

from data_modules.phantom_check.phantom_files import PhantomFolder


@dataclass(frozen=True)
class Findings:
    """Messages of a validator, each with the number of times that it was given."""

    files: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Findings") -> "Findings":
        """The findings on both."""
        return Findings(self.files + other.files, self.errors + other.errors, self.warnings + other.warnings)


def validator() -> str:
    """Which validator there is."""
    return "dciodvfy" if shutil.which("dciodvfy") else "pydicom"


def validate_patient(phantom: PhantomFolder, patient_id: str) -> Findings:
    """Check one slice of each series, and all segmentations, of one patient."""
    folder = phantom.folder(patient_id)
    slices = [min(images.glob("*.dcm")) for images in sorted(folder.rglob("CT"))]
    check = _dciodvfy if validator() == "dciodvfy" else _pydicom
    found = Findings()
    for path in (*slices, *sorted(folder.rglob("SEG.dcm")), *sorted(folder.rglob("LIVER.dcm"))):
        found += check(path)
    return found


def _dciodvfy(path: Path) -> Findings:
    run = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, errors="replace", check=False)
    lines = (run.stdout + run.stderr).splitlines()
    errors, warnings = (Counter(x for x in lines if x.startswith(kind)) for kind in ("Error", "Warning"))
    if run.returncode and not errors:
        errors[f"Error - dciodvfy ended with status {run.returncode}"] += 1
    return Findings(1, errors, warnings)


def _pydicom(path: Path) -> Findings:
    """Every value against its value representation; pydicom does not know which attributes an object needs."""
    errors: Counter[str] = Counter()
    before, config.settings.reading_validation_mode = config.settings.reading_validation_mode, config.RAISE
    try:
        list(pydicom.dcmread(path).iterall())  # values are checked on first use
    except ValueError as error:
        errors[f"Error - {error}"] += 1
    finally:
        config.settings.reading_validation_mode = before
    return Findings(1, errors)
