"""Manifest -> Cohort: find each lesion in its CT, cut its wide patch, and report what was left out.

One bad case never stops the others. Rows that share an image are read together, headers once, and of the pixels only
the key slices.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_modules.cohort import PATCH_HALF_WIDTH, PATCH_SIZE, Cohort, Lesion
from data_modules.ingest_report import IngestReport, Skipped, design_warnings, size_table, surround_note
from data_modules.manifest import ManifestRow, class_names, read_manifest
from data_modules.privacy import Pseudonyms
from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.dicom_seg import DicomSeg
from data_modules.readers.image_file import ImageFile, open_image
from data_modules.readers.segmentation import MaskFile, lesion_mask, open_mask
from data_modules.readers.volume import Volume
from data_modules.wide_patch import bounding_centre, key_slice, long_diameter_mm, wide_patch


@dataclass(frozen=True, eq=False)
class _Roi:
    """What was measured on one lesion."""

    patch: npt.NDArray[np.int16]
    diameter_mm: float
    spacing_mm: float
    thickness_mm: float
    has_air: bool
    at_end: bool  # the key slice is the first or last of several


def ingest(
    manifest: Path,
    *,
    salt_file: Path,
    classes: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Cohort, IngestReport]:
    """Read all lesions of a manifest.

    Args:
        manifest: The CSV file, see `data_modules.manifest`.
        salt_file: Secret salt of the pseudonyms, made if absent, see `data_modules.privacy`.
        classes: Class names in the order of their labels; None for those of the manifest by first appearance.
        progress: Called with (lesions done, lesions in all).

    Returns:
        The cohort, in the manifest's order, of the lesions that could be read; and the report on the rest.

    Raises:
        InputError: If the manifest or the salt file is wrong. A case that cannot be read is in the report instead.
    """
    rows = read_manifest(manifest, classes)
    pseudonyms = Pseudonyms(salt_file)
    found: dict[int, _Roi | CaseError] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's warnings quote values of the header
        for group in _by_image(rows):
            for row, roi in _read_group(group):
                found[row.row] = roi
                if progress:
                    progress(len(found), len(rows))
    kept = [(row, roi) for row in rows if isinstance(roi := found[row.row], _Roi)]
    skipped = [_skip(row, roi, pseudonyms) for row in rows if isinstance(roi := found[row.row], CaseError)]
    names = class_names(rows, classes)
    lesions = tuple(_lesion(row, roi, pseudonyms) for row, roi in kept)
    cohort = Cohort(names, lesions, _stack([roi.patch for _, roi in kept]))
    doubts, notes = design_warnings(names, lesions), []
    if kept:
        doubts += _end_warnings(kept)
        notes = [*_air_notes(kept), surround_note([_surround_hu(roi.patch) for _, roi in kept])]
    return cohort, IngestReport(len(kept), tuple(skipped), size_table(lesions), tuple(doubts), tuple(notes))


def _by_image(rows: Sequence[ManifestRow]) -> list[list[ManifestRow]]:
    groups: dict[Path, list[ManifestRow]] = {}
    for row in rows:
        groups.setdefault(row.image, []).append(row)
    return list(groups.values())


def _read_group(rows: Sequence[ManifestRow]) -> list[tuple[ManifestRow, _Roi | CaseError]]:
    """Measure the lesions of one image; a case that cannot be read comes back as its error."""
    try:
        image = open_image(rows[0].image)
    except CaseError as error:
        return [(row, error) for row in rows]
    masks: dict[Path, DicomSeg | MaskFile] = {}
    results: list[tuple[ManifestRow, _Roi | CaseError]] = []
    for row in rows:
        try:
            results.append((row, _read_lesion(row, image, masks)))
        except CaseError as error:
            results.append((row, error))
    return results


def _read_lesion(row: ManifestRow, image: CTFolder | ImageFile, masks: dict[Path, DicomSeg | MaskFile]) -> _Roi:
    if row.mask is None:
        assert row.center_mm is not None
        assert row.diameter_mm is not None
        volume = image.volume()
        z, y, x = volume.index_of(np.array(row.center_mm))
        inside = np.array([z, y, x]).round()
        if (inside < 0).any() or (inside >= volume.shape).any():
            text = (
                "the centre lies outside the image. Refused. Coordinates are LPS in mm (x to the left, y to the back, "
            )
            raise CaseError("E-ROI-01", text + "z to the head); x and y of a viewer that shows RAS change their sign.")
        return _roi(volume, int(inside[0]), (float(y), float(x)), row.diameter_mm)
    if row.mask not in masks:
        masks[row.mask] = open_mask(row.mask)
    volume = image.volume(masks[row.mask].referenced)
    mask = lesion_mask(masks[row.mask], volume, row.mask_label)
    k = key_slice(mask)
    return _roi(volume, k, bounding_centre(mask[k]), long_diameter_mm(mask[k], volume.spacing_mm[1:]))


def _roi(volume: Volume, k: int, centre: tuple[float, float], diameter_mm: float) -> _Roi:
    slice_hu = volume.read_slice(k)
    _check_hu(slice_hu)
    spacing = volume.spacing_mm[1:]
    return _Roi(
        patch=wide_patch(slice_hu, spacing_mm=spacing, centre=centre, diameter_mm=diameter_mm),
        diameter_mm=diameter_mm,
        spacing_mm=float(np.sqrt(spacing[0] * spacing[1])),
        thickness_mm=volume.thickness_mm,
        has_air=bool(slice_hu.min() < -900),
        at_end=volume.shape[0] > 1 and k in (0, volume.shape[0] - 1),
    )


def _check_hu(slice_hu: npt.NDArray[np.float32]) -> None:
    low, high = float(slice_hu.min()), float(slice_hu.max())
    if low >= -2 and high <= 2:
        text = f"values {low:.3g}..{high:.3g} (normalised, or a mask). HU is lost. Refused. Use the original CT."
        raise CaseError("E-HU-03", text)
    # an export window leaves its ends among the values; a small crop of liver has neither
    if low >= 0 and high <= 255 and (low == 0 or high == 255):
        raise CaseError("E-HU-02", f"values {low:.0f}..{high:.0f} (8 bit). HU is lost. Refused. Use the original CT.")


def _lesion(row: ManifestRow, roi: _Roi, pseudonyms: Pseudonyms) -> Lesion:
    return Lesion(
        lesion_id=pseudonyms.lesion(row.patient_id, row.lesion_id),
        patient_id=pseudonyms.patient(row.patient_id),
        class_name=row.class_name,
        diameter_mm=round(roi.diameter_mm, 3),
        spacing_mm=round(roi.spacing_mm, 4),
        thickness_mm=round(roi.thickness_mm, 3),
        source=row.source,
    )


def _stack(patches: list[npt.NDArray[np.int16]]) -> npt.NDArray[np.int16]:
    return np.array(patches, dtype=np.int16).reshape(len(patches), PATCH_SIZE, PATCH_SIZE)


def _skip(row: ManifestRow, error: CaseError, pseudonyms: Pseudonyms) -> Skipped:
    case = pseudonyms.lesion(row.patient_id, row.lesion_id)
    return Skipped(row.row, error.code, f"{error.code} row {row.row} ({case}): {error.text}")


def _end_warnings(kept: Sequence[tuple[ManifestRow, _Roi]]) -> list[str]:
    rows = [str(row.row) for row, roi in kept if roi.at_end]
    text = "the lesion is largest on the first or last slice, so that it may continue outside the image. Kept."
    return [f"W-SEG-01 rows {', '.join(rows)}: {text}"] if rows else []


def _air_notes(kept: Sequence[tuple[ManifestRow, _Roi]]) -> list[str]:
    rows = [str(row.row) for row, roi in kept if not roi.has_air]
    text = "no air below -900 HU on the key slice: a cropped or clipped image, or values that are not HU."
    return [f"W-HU-02 rows {', '.join(rows)}: {text}"] if rows else ["air below -900 HU on every key slice."]


def _surround_hu(patch: npt.NDArray[np.int16]) -> float:
    """Median HU of a ring from .6 to .8 diameters around the lesion's centre."""
    at = ((np.arange(PATCH_SIZE) + 0.5) / PATCH_SIZE * 2 - 1) * PATCH_HALF_WIDTH
    radius = np.hypot(at[:, None], at)
    return float(np.median(patch[(radius > 0.6) & (radius < 0.8)]))
