"""The phantom on disk: patients over all cores, each whole or absent, then the note and the manifest."""

import errno
import fcntl
import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from data_modules.case_pool import over_cores
from data_modules.errors import InputError
from data_modules.phantom.dicom_writer import SeriesName, write_series
from data_modules.phantom.phantom_cohort import (
    COHORT_FILE,
    MANIFEST,
    PhantomCohort,
    finished_phantom,
    read_cohort_file,
    recipe_digest,
    refusal,
    write_cohort_file,
)
from data_modules.phantom.phantom_note import note
from data_modules.phantom.phantom_truth import TRUTH, manifest_rows, write_manifest, write_truth
from data_modules.phantom.plan import PatientPlan
from data_modules.phantom.scan import Scan, make_scans

Task = tuple[Path, PhantomCohort, PatientPlan]


def write_phantom(
    out: Path,
    *,
    lesions: int = 182,
    seed: int = 0,
    roi_only: bool = False,
    realistic_sizes: bool = False,
    test_lesions: int = 0,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a cohort of synthetic portal-phase liver CT with known lesions.

    The bytes depend on `lesions`, `seed`, `roi_only` and `realistic_sizes` alone. A call that was stopped leaves whole
    patients; the same call goes on from them, and one of another plan or version of this package starts anew.

    Args:
        out: Folder that receives `patients/<id>/` with `CT/*.dcm`, `SEG.dcm`, `LIVER.dcm` and `truth.json`, and
            `manifest.csv`, `PHANTOM.md` and `phantom.json`.
        lesions: Number of lesions; 182 gives the paper's 53 cysts, 64 metastases and 65 hemangiomas.
        seed: Seeds everything.
        roi_only: Write `patients/<id>/L<n>/` with a small CT and its SEG for each lesion, instead of whole abdomens:
            the same lesions in a small part of the time and space.
        realistic_sizes: Diameters by class (median 17 mm for cysts, 24 for metastases, 32 for hemangiomas) instead
            of one distribution for all, which leaks the class through size and through the grain of the noise.
        test_lesions: Lesions of an independent cohort of small series in `out/test`, a folder like this one.
        jobs: Processes to share the patients; by default one per core that this process may use.
        progress: Called with (patients done, all patients): first with those that were there, then after each.

    Returns:
        The manifest's path; it is written after all patients, so where it exists the cohort is whole.

    Raises:
        InputError: If the folder holds a finished phantom or something else, cannot be written, or its disk is full; if
            `lesions` or `test_lesions` is too small or `seed` negative.
    """
    cohort = PhantomCohort(lesions, seed, roi_only, realistic_sizes, test_lesions)
    tasks = [(folder, part, patient) for folder, part in cohort.folders(out).items() for patient in part.patients()]
    report = progress or (lambda done, total: None)
    _make(out)
    try:
        with _alone(out):
            _begin(out, cohort)
            waiting = [task for task in tasks if not _home(task).exists()]
            report(there := len(tasks) - len(waiting), len(tasks))
            with closing(over_cores(write_patient, waiting, jobs)) as steps:
                for done, _ in enumerate(steps, start=there + 1):
                    report(done, len(tasks))
            for folder, part in reversed(cohort.folders(out).items()):  # the test cohort first
                _finish(folder, part, [_home(task) for task in tasks if task[0] == folder])
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(_no_space(out, tasks)) from None
    return out / MANIFEST


def patients_kept(out: Path) -> int:
    """How many whole patients a folder holds, finished or not."""
    return sum(1 for pattern in ("patients/[!.]*", "test/patients/[!.]*") for _ in out.glob(pattern))


def _begin(out: Path, cohort: PhantomCohort) -> None:
    """Make the folder ready to go on with, or to start."""
    found, recipe = read_cohort_file(out), recipe_digest()
    if finished := finished_phantom(out):
        raise InputError(refusal(out, finished, asdict(cohort)))
    for path in (out / name for name in ("patients", "test", COHORT_FILE, MANIFEST)):
        if found is None and path.exists():
            raise InputError(f"{out} holds something else already: {path.name}. Name another folder.")
        if found != (cohort, recipe) and path.exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_cohort_file(out, cohort, recipe)
    for folder in cohort.folders(out):
        _make(folder / "patients")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder: two of them would mix their patients. Ends with this process at the latest."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InputError(f"Another run is writing {folder}. Wait for it, or name another folder.") from None
    finally:
        os.close(handle)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}. Name another place.") from None


def _home(task: Task) -> Path:
    folder, _, patient = task
    return folder / "patients" / patient.patient_id


def write_patient(task: Task) -> None:
    """Draw, scan and write one patient; the folder appears when it is complete."""
    _, cohort, patient = task
    home = _home(task)
    part = home.with_name(f".{home.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    series: list[tuple[str, Scan]] = []
    for number, scan in enumerate(make_scans(patient, cohort.seed, roi_only=cohort.roi_only), start=1):
        name = scan.lesions[0].plan.lesion_id.rpartition("-")[2] if cohort.roi_only else ""
        (part / name).mkdir(exist_ok=True)
        write_series(part / name, scan, SeriesName(patient, cohort.key, number))
        series.append(((Path("patients") / home.name / name).as_posix(), scan))
    write_truth(part / TRUTH, patient, series)
    part.replace(home)


def _finish(folder: Path, cohort: PhantomCohort, patients: Sequence[Path]) -> None:
    """Write what is made from all patients together."""
    rows = [row for patient in patients for row in manifest_rows(patient)]
    (folder / "PHANTOM.md").write_text(note(cohort, rows))
    write_manifest(folder / MANIFEST, rows)
    write_cohort_file(folder, cohort)


def _no_space(out: Path, tasks: Sequence[Task]) -> str:
    """What to do, with the space that the patients to come need, judged by those of their cohort that are there."""
    needed = 0.0
    for folder in {task[0] for task in tasks}:
        homes = [_home(task) for task in tasks if task[0] == folder]
        there = [home for home in homes if home.exists()]
        used = sum(file.stat().st_blocks * 512 for home in there for file in home.rglob("*"))
        needed += used / max(len(there), 1) * (len(homes) - len(there))
    amount = f", the others need about {math.ceil(needed / 1e6)} MB more" if needed else ""
    text = f"The disk of {out} is full: {patients_kept(out)} of {len(tasks)} patients are written{amount}. "
    return text + "Make room and give the same command again, or name a folder on another disk."
