"""The first two stages: the embedded phantom as DICOM, and the ingest of a manifest."""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from data_modules.errors import InputError
from data_modules.ingest import ingest
from data_modules.manifest import read_manifest
from data_modules.phantom import write_phantom
from liverlab.config import ExperimentConfig
from liverlab.stages import Stage, write_progress

PHANTOM_SALT = b"The phantom's patients have no secrets; a fixed salt gives the same rows everywhere."


def cohort_stage(config: ExperimentConfig) -> Stage:
    """The ingest of the user's manifest, or of the phantom that is written first.

    Raises:
        InputError: If the manifest is missing or wrong.
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
        phantom = Stage("phantom", name, settings, partial(make_phantom, **settings))
        run = partial(ingest_cohort, manifest=None, classes=data.classes, salt_file=salt_file)
        return Stage("cohort", "phantom", {"classes": data.classes}, run, (phantom,))
    manifest = Path(data.manifest).resolve()
    settings = {"classes": data.classes, "manifest": digest(manifest, data.classes)}
    run = partial(ingest_cohort, manifest=manifest, classes=data.classes, salt_file=salt_file)
    return Stage("cohort", "manifest", settings, run)


def digest(manifest: Path, classes: Sequence[str]) -> str:
    """Changes when the manifest or a file that it names changes (by size and time); names no path."""
    rows = read_manifest(manifest, classes)
    named = sorted({path for row in rows for path in (row.image, row.mask) if path is not None})
    # a file's siblings of the same stem as well: the pixels of an .mhd are in its .raw
    found = [path.rglob("*") if path.is_dir() else path.parent.glob(f"{path.stem}*") for path in named]
    files = [file for each in found for file in sorted(each) if file.is_file() and not file.name.startswith(".")]
    facts = [f"{file.stat().st_size},{file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join([manifest.read_text(), *facts]).encode()).hexdigest()[:16]


def make_phantom(
    folder: Path, inputs: Sequence[Path], *, lesions: int, seed: int, roi_only: bool, realistic_sizes: bool
) -> None:
    """Write the embedded default cohort."""
    write_phantom(
        folder,
        lesions=lesions,
        seed=seed,
        roi_only=roi_only,
        realistic_sizes=realistic_sizes,
        progress=partial(write_progress, folder),
    )


def ingest_cohort(
    folder: Path, inputs: Sequence[Path], *, manifest: Path | None, classes: Sequence[str], salt_file: Path
) -> None:
    """Read the manifest's lesions into a cohort.

    Raises:
        InputError: If any case was refused: an experiment on fewer lesions than the manifest lists must be asked for by
            a shorter manifest.
    """
    if manifest is None:
        manifest, salt_file = inputs[0] / "manifest.csv", folder / "salt"
        salt_file.touch(0o600)
        salt_file.write_bytes(PHANTOM_SALT)
    cohort, report = ingest(manifest, salt_file=salt_file, classes=classes, progress=partial(write_progress, folder))
    if report.skipped:
        first = report.skipped[0]
        raise InputError(
            f"{len(report.skipped)} of the manifest's lesions were refused. The first: {first.message} "
            "`liverlab ingest` lists all; mend them or take their rows out of the manifest."
        )
    report.write(folder)
    cohort.save(folder)
