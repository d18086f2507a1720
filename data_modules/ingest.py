"""Manifest -> Cohort: find each lesion in its CT, cut its wide patch, and report what was left out.

One bad case never stops the others.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_modules.background_probe import giveaways
from data_modules.case_pool import over_cores
from data_modules.cohort import PATCH_SIZE, Cohort, Lesion
from data_modules.errors import InputError
from data_modules.ingest_report import Case, IngestReport, Skipped, cohort_notes, design_warnings, size_table
from data_modules.lesion_measure import MeasuredLesion, Reading, measure_lesions
from data_modules.manifest import ManifestRow, class_names, exists, read_manifest
from data_modules.physics import sentences
from data_modules.privacy import Pseudonyms
from data_modules.readers.case_error import CaseError

Result = MeasuredLesion | CaseError


def ingest(
    manifest: Path,
    *,
    salt_file: Path,
    classes: Sequence[str] | None = None,
    reading: Reading | None = None,
    strict: bool = False,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Cohort, IngestReport]:
    """Read all lesions of a manifest.

    Args:
        manifest: The CSV file, see `data_modules.manifest`.
        salt_file: Secret salt of the pseudonyms, made if absent, see `data_modules.privacy`.
        classes: Class names in the order of their labels; None for those of the manifest by first appearance.
        reading: How to read the images.
        strict: Stop at the first case that cannot be read.
        jobs: Processes at most; by default one per core that this process may use.
        progress: Called with (lesions done, lesions in all).

    Returns:
        The cohort, in the manifest's order, of the lesions that could be read; and the report on the rest.

    Raises:
        InputError: If the manifest or the salt file is wrong, or a process died. A case that cannot be read is in the
            report instead.
        CaseError: If `strict`, for the first such case.
    """
    rows = read_manifest(manifest, classes)
    pseudonyms = Pseudonyms(salt_file)
    found: dict[int, Result] = {}
    for row, result in measured(rows, reading or Reading(), jobs):
        if strict and isinstance(result, CaseError):
            raise CaseError(result.code, _skip(row, result, pseudonyms).message.removeprefix(f"{result.code} "))
        found[row.row] = result
        if progress:
            progress(len(found), len(rows))
    return _gather(rows, found, class_names(rows, classes), pseudonyms)


def measured(
    rows: Sequence[ManifestRow], reading: Reading, jobs: int | None = None
) -> Iterator[tuple[ManifestRow, Result]]:
    """Each row with what was measured on its lesion, or why it was refused; the rows of an image together.

    Raises:
        InputError: If a process died.
    """
    groups = _by_image(rows)
    for group, results in zip(groups, over_cores(partial(measure_lesions, reading=reading), groups, jobs), strict=True):
        yield from zip(group, results, strict=True)


def is_manifest(path: Path) -> bool:
    """Whether a path names a manifest, or the folder of one, and not an image."""
    return path.suffix.lower() == ".csv" or (exists(path) and (path / "manifest.csv").is_file())


def manifest_of(path: Path) -> Path:
    """The manifest meant by a file, or by the folder that holds it.

    Raises:
        InputError: If a folder has no manifest.csv.
    """
    if not exists(path) or not path.is_dir():
        return path
    if not (path / "manifest.csv").is_file():
        raise InputError(
            "The folder holds no manifest.csv. `liverlab manifest` writes one for the public data sets that it knows; "
            "for others, write one row per lesion."
        )
    return path / "manifest.csv"


def _by_image(rows: Sequence[ManifestRow]) -> list[list[ManifestRow]]:
    groups: dict[Path, list[ManifestRow]] = {}
    for row in rows:
        groups.setdefault(row.image, []).append(row)
    return list(groups.values())


def _gather(
    rows: Sequence[ManifestRow], found: dict[int, Result], names: tuple[str, ...], pseudonyms: Pseudonyms
) -> tuple[Cohort, IngestReport]:
    kept = [(row, one) for row in rows if isinstance(one := found[row.row], MeasuredLesion)]
    lesions = tuple(_lesion(row, one, pseudonyms) for row, one in kept)
    patches = np.array([one.patch for _, one in kept], dtype=np.int16).reshape(-1, PATCH_SIZE, PATCH_SIZE)
    skipped = [_skip(row, one, pseudonyms) for row in rows if isinstance(one := found[row.row], CaseError)]
    given_away = giveaways(lesions, [one.ring for _, one in kept])
    doubts = sentences([(row.row, doubt) for row, one in kept for doubt in one.doubts], len(kept))
    notes = cohort_notes([one for _, one in kept])
    report = IngestReport(
        kept=len(kept),
        skipped=tuple(skipped),
        table=size_table(lesions),
        warnings=(*design_warnings(names, lesions, given_away), *doubts, *(x for x in notes if x.startswith("W-"))),
        notes=tuple(x for x in notes if not x.startswith("W-")),
        giveaways=given_away,
        cases=tuple(_case(row, lesion, one) for (row, one), lesion in zip(kept, lesions, strict=True)),
        insides=np.array([one.inside for _, one in kept]).reshape(-1, PATCH_SIZE, PATCH_SIZE),
    )
    return Cohort(names, lesions, patches), report


def _lesion(row: ManifestRow, measured: MeasuredLesion, pseudonyms: Pseudonyms) -> Lesion:
    return Lesion(
        lesion_id=pseudonyms.lesion(row.patient_id, row.lesion_id),
        patient_id=pseudonyms.patient(row.patient_id),
        class_name=row.class_name,
        diameter_mm=round(measured.diameter_mm, 3),
        spacing_mm=round(measured.spacing_mm, 4),
        thickness_mm=round(measured.thickness_mm, 3),
        source=row.source,
    )


def _case(row: ManifestRow, lesion: Lesion, measured: MeasuredLesion) -> Case:
    return Case(
        row=row.row,
        lesion_id=lesion.lesion_id,
        key_slice=measured.key + 1,
        slices=measured.slices,
        mean_hu=round(measured.mean_hu, 1),
        median_hu=round(measured.median_hu, 1),
        surround_hu=round(measured.ring[0], 1) if measured.ring else None,
        doubts=tuple(dict.fromkeys(doubt.code for doubt in measured.doubts)),
    )


def _skip(row: ManifestRow, error: CaseError, pseudonyms: Pseudonyms) -> Skipped:
    case = pseudonyms.lesion(row.patient_id, row.lesion_id)
    return Skipped(row.row, error.code, f"{error.code} row {row.row} ({case}): {error.text}")
