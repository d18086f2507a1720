"""The first two stages: the embedded phantom as DICOM, and the ingest of a manifest; or a cohort that was ingested."""

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.ingest import ingest, manifest_of
from data_modules.manifest import read_manifest
from data_modules.phantom import write_phantom
from data_modules.phantom.phantom_cohort import finished_phantom, recipe_digest
from data_modules.twins import expect_no_copies
from liverlab.config import ExperimentConfig
from liverlab.report.ingest_page import write_ingest_page
from liverlab.stages import Stage, write_progress

PHANTOM_SALT = b"The phantom's patients have no secrets; a fixed salt gives the same rows everywhere."


def cohort_stage(config: ExperimentConfig) -> Stage:
    """The ingest of the user's manifest, or of the phantom that is written first; or a copy of an ingested cohort.

    `data.manifest` is a CSV file, a folder with a manifest.csv, or a folder that `liverlab ingest` wrote.

    Raises:
        InputError: If the manifest is missing or wrong, or the cohort's classes are not those of the settings.
    """
    data = config.data
    salt_file = Path(config.runs_dir) / ".salt"
    if data.manifest is None:
        settings: dict[str, Any] = {
            "lesions": data.phantom_lesions,
            "seed": data.phantom_seed,
            "roi_only": data.phantom_roi_only,
            "realistic_sizes": data.phantom_realistic_sizes,
        }
        name = f"{data.phantom_lesions}-seed-{data.phantom_seed}"
        run = partial(make_phantom, **settings)
        phantom = Stage("phantom", name, {**settings, "recipe": recipe_digest()}, run, resumes=True)
        run = partial(ingest_cohort, manifest=None, classes=data.classes, salt_file=salt_file)
        return Stage("cohort", "phantom", {"classes": data.classes}, run, (phantom,))
    given = Path(data.manifest).resolve()
    if (given / "cohort.json").is_file():
        facts = {"classes": data.classes, "fingerprint": load_cohort(given, data.classes).fingerprint}
        return Stage("cohort", "ingested", facts, partial(copy_cohort, source=given, classes=data.classes))
    manifest = manifest_of(given)
    settings = {"classes": data.classes, "manifest": digest(manifest, data.classes)}
    run = partial(ingest_cohort, manifest=manifest, classes=data.classes, salt_file=salt_file, jobs=config.jobs)
    return Stage("cohort", "manifest", settings, run)


def digest(manifest: Path, classes: Sequence[str]) -> str:
    """Changes when the manifest or a file that it names changes (by size and time); names no path."""
    rows = read_manifest(manifest, classes)
    named = sorted({path for row in rows for path in (row.image, row.mask) if path is not None})
    # a file's siblings of the same stem as well: the pixels of an .mhd are in its .raw
    found = [path.rglob("*") if path.is_dir() else path.parent.glob(f"{glob.escape(path.stem)}*") for path in named]
    files = [file for each in found for file in sorted(each) if file.is_file() and not file.name.startswith(".")]
    facts = [f"{file.stat().st_size},{file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join([manifest.read_text(), *facts]).encode()).hexdigest()[:16]


def make_phantom(
    folder: Path, inputs: Sequence[Path], *, lesions: int, seed: int, roi_only: bool, realistic_sizes: bool
) -> None:
    """Write the embedded default cohort; patients that a killed run left are kept."""
    if finished_phantom(folder):  # killed just before the folder was renamed
        return
    write_phantom(
        folder,
        lesions=lesions,
        seed=seed,
        roi_only=roi_only,
        realistic_sizes=realistic_sizes,
        progress=partial(write_progress, folder),
    )


def ingest_cohort(
    folder: Path,
    inputs: Sequence[Path],
    *,
    manifest: Path | None,
    classes: Sequence[str],
    salt_file: Path,
    jobs: int | None = None,
) -> None:
    """Read the manifest's lesions into a cohort.

    Raises:
        InputError: If any case was refused: an experiment on fewer lesions than the manifest lists must be asked for by
            a shorter manifest. Or if two patients have the same image.
    """
    if manifest is None:
        manifest, salt_file = inputs[0] / "manifest.csv", folder / "salt"
        salt_file.touch(0o600)
        salt_file.write_bytes(PHANTOM_SALT)
    report_progress = partial(write_progress, folder)
    cohort, report = ingest(manifest, salt_file=salt_file, classes=classes, jobs=jobs, progress=report_progress)
    if report.skipped:
        first = report.skipped[0]
        raise InputError(
            f"{len(report.skipped)} of the manifest's lesions were refused. The first: {first.message} "
            "Mend them or take their rows out of the manifest; or keep the others: `liverlab ingest MANIFEST --out "
            "data/mine` lists all, and data.manifest=data/mine goes on without them."
        )
    expect_no_copies(cohort, [case.row for case in report.cases])
    report.write(folder)
    write_ingest_page(folder, cohort, report)
    cohort.save(folder)


def copy_cohort(folder: Path, inputs: Sequence[Path], *, source: Path, classes: Sequence[str]) -> None:
    """Take over a cohort that was ingested before.

    Raises:
        InputError: If two of its patients have the same image.
    """
    cohort = load_cohort(source, classes)
    expect_no_copies(cohort)
    cohort.save(folder)


def load_cohort(folder: Path, classes: Sequence[str]) -> Cohort:
    """An ingested cohort with its classes in this order.

    Raises:
        InputError: If it is damaged or has other classes.
    """
    cohort = Cohort.load(folder)
    if set(cohort.class_names) != set(classes):
        own = ",".join(cohort.class_names)
        raise InputError(f"The cohort has other classes than the settings. Add data.classes=[{own}].")
    return replace(cohort, class_names=tuple(classes))
