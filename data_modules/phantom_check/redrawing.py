"""Whether a phantom can be drawn again: the same bytes for its seed, other ones for another."""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from data_modules.phantom.phantom_writer import write_patient
from data_modules.phantom_check.phantom_files import PhantomFolder


def redraw(phantom: PhantomFolder, seed: int) -> tuple[int, int]:
    """Draw the cheapest patient again with a seed and compare files.

    Returns:
        Number of files that are the same, and of all files that either has.
    """
    # a cohort of another seed may have a few patients less: any has the first half
    candidates = sorted(phantom.patients)[: (len(phantom.patients) + 1) // 2]
    patient = min(candidates, key=lambda p: len(list(phantom.folder(p).rglob("*.dcm"))))
    cohort = replace(phantom.cohort, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "patients").mkdir()
        write_patient((Path(folder), cohort, next(p for p in cohort.patients() if p.patient_id == patient)))
        again = _digests(Path(folder) / "patients" / patient)
    before = _digests(phantom.folder(patient))
    return len(before.items() & again.items()), len(before.keys() | again.keys())


def _digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
