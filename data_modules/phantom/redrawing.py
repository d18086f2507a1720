"""Whether a phantom can be drawn again: the same bytes for its seed, other ones for another."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from data_modules.phantom.phantom_files import PhantomFolder
from data_modules.phantom.phantom_writer import _write_patient
from data_modules.phantom.plan import plan_cohort


def render_patient(out: Path, settings: dict[str, Any], patient_id: str) -> None:
    """Write one patient of a cohort into `out`/patients/<id>, as the writer of the whole cohort would."""
    seed, lesions = settings["seed"], settings["lesions"]
    patient = next(p for p in plan_cohort(lesions, seed) if p.patient_id == patient_id)
    _write_patient(out, seed, lesions, patient)


def redraw(phantom: PhantomFolder, seed: int) -> tuple[int, int]:
    """Draw the cheapest patient again with a seed and compare files.

    Returns:
        Number of files that are the same, and of all files that either has.
    """
    # a cohort of another seed may have a few patients less: any has the first half
    candidates = sorted(phantom.patients)[: (len(phantom.patients) + 1) // 2]
    patient = min(candidates, key=lambda p: len(list(phantom.folder(p).rglob("*.dcm"))))
    with tempfile.TemporaryDirectory() as folder:
        render_patient(Path(folder), phantom.settings | {"seed": seed}, patient)
        again = _digests(Path(folder) / "patients" / patient)
    before = _digests(phantom.folder(patient))
    return len(before.items() & again.items()), len(before.keys() | again.keys())


def _digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
