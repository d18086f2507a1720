"""One case: from the rows of a manifest that share an image to what was measured on each lesion.

Headers are read once per image, and of the pixels only the key slices.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_modules.manifest import ManifestRow
from data_modules.physics import (
    Doubt,
    geometry_doubts,
    left_of_midline_mm,
    lesion_doubts,
    reader_doubt,
    slice_doubts,
    usable_hu,
)
from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.image_file import ImageFile, open_image
from data_modules.readers.segmentation import MaskSource, lesion_mask, mask_warnings, open_mask
from data_modules.readers.volume import Volume
from data_modules.surround import ring_hu
from data_modules.wide_patch import bounding_centre, disc_mask, key_slice, long_diameter_mm, wide_mask, wide_patch


@dataclass(frozen=True)
class Reading:
    """How the images are read.

    Attributes:
        allow_gaps: Resample a series with missing slices instead of refusing it.
        hu_window: HU of the values 0 and 255 of 8-bit images; None to refuse them.
    """

    allow_gaps: bool = False
    hu_window: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class MeasuredLesion:
    """What was measured on one lesion.

    Attributes:
        patch: The wide patch, HU, shape (256, 256).
        inside: The lesion's mask on the same grid; a disc where only centre and diameter were given.
        slices: Number of slices of the image.
        key: Number of the key slice.
        centre_mm: LPS position of the patch's centre.
        diameter_mm: Long diameter on the key slice, or as given by the manifest.
        spacing_mm: Pixel spacing.
        thickness_mm: Slice thickness.
        mean_hu: Mean over the lesion's pixels on the key slice.
        median_hu: Their median.
        ring: Numbers on the tissue around it, see `surround.ring_hu`; may be empty.
        left_mm: How far left of the body's midline (the patient's left) it lies; None where that cannot be judged.
        doubts: What looks odd.
    """

    patch: npt.NDArray[np.int16]
    inside: npt.NDArray[np.bool_]
    slices: int
    key: int
    centre_mm: tuple[float, float, float]
    diameter_mm: float
    spacing_mm: float
    thickness_mm: float
    mean_hu: float
    median_hu: float
    ring: tuple[float, ...]
    left_mm: float | None
    doubts: tuple[Doubt, ...]


def measure_lesions(rows: Sequence[ManifestRow], reading: Reading) -> list[MeasuredLesion | CaseError]:
    """Measure the lesions of one image; a case that cannot be used comes back as its error.

    Args:
        rows: Rows of the manifest with the same image.
        reading: How to read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's warnings quote values of the header
        try:
            image = open_row(rows[0], reading)
        except CaseError as error:
            return [error] * len(rows)
        masks: dict[Path, MaskSource] = {}
        return [_measured_or_error(row, image, masks, reading) for row in rows]


def _measured_or_error(
    row: ManifestRow, image: CTFolder | ImageFile, masks: dict[Path, MaskSource], reading: Reading
) -> MeasuredLesion | CaseError:
    try:
        return _measure(row, image, masks, reading)
    except CaseError as error:
        return error


def open_row(row: ManifestRow, reading: Reading) -> CTFolder | ImageFile:
    """Open the image of a row.

    Raises:
        CaseError: If it cannot be read.
    """
    return open_image(row.image, allow_gaps=reading.allow_gaps, spacing_mm=row.spacing_mm)


def _measure(
    row: ManifestRow, image: CTFolder | ImageFile, masks: dict[Path, MaskSource], reading: Reading
) -> MeasuredLesion:
    doubts: tuple[str, ...] = ()
    if row.mask is None:
        volume = image.volume()
        k, centre = _given_centre(row, volume)
        assert row.diameter_mm is not None
        spacing, diameter_mm = volume.spacing_mm[1:], row.diameter_mm
        mask = disc_mask(volume.shape[1:], spacing_mm=spacing, centre=centre, diameter_mm=diameter_mm)
        mask[round(centre[0]), round(centre[1])] = True  # a disc may be smaller than a pixel
    else:
        if row.mask not in masks:
            masks[row.mask] = open_mask(row.mask)
        volume = image.volume(masks[row.mask].referenced)
        whole = lesion_mask(masks[row.mask], volume, row.mask_label)
        doubts = mask_warnings(masks[row.mask], volume, whole)
        k = key_slice(whole)
        mask, spacing = whole[k], volume.spacing_mm[1:]
        centre, diameter_mm = bounding_centre(mask), long_diameter_mm(mask, spacing)
    return _measured(volume, k, mask, centre, diameter_mm, reading, (*volume.warnings, *doubts))


def _given_centre(row: ManifestRow, volume: Volume) -> tuple[int, tuple[float, float]]:
    """Slice number and (row, column) of the centre that the manifest gives."""
    assert row.center_mm is not None
    z, y, x = volume.index_of(np.array(row.center_mm))
    nearest = np.array([z, y, x]).round()
    if (nearest < 0).any() or (nearest >= volume.shape).any():
        text = "the centre lies outside the image. Refused. Coordinates are LPS in mm (x to the left, y to the back, "
        raise CaseError("E-ROI-01", text + "z to the head); x and y of a viewer that shows RAS change their sign.")
    return int(nearest[0]), (float(y), float(x))


def _measured(
    volume: Volume,
    k: int,
    mask: npt.NDArray[np.bool_],
    centre: tuple[float, float],
    diameter_mm: float,
    reading: Reading,
    told: tuple[str, ...],
) -> MeasuredLesion:
    slice_hu = usable_hu(volume.read_slice(k), reading.hu_window, eight_bit=volume.eight_bit)
    spacing = volume.spacing_mm[1:]
    inside_hu = slice_hu[mask]
    around_hu, ring = ring_hu(slice_hu, mask, spacing)
    at_end = volume.shape[0] > 1 and k in (0, volume.shape[0] - 1)
    index = np.array([centre[1], centre[0], k]) * volume.spacing_mm[::-1]
    x, y, z = (volume.origin_mm + volume.direction @ index).tolist()
    return MeasuredLesion(
        patch=wide_patch(slice_hu, spacing_mm=spacing, centre=centre, diameter_mm=diameter_mm),
        inside=wide_mask(mask, spacing_mm=spacing, centre=centre, diameter_mm=diameter_mm),
        slices=volume.shape[0],
        key=k,
        centre_mm=(x, y, z),
        diameter_mm=diameter_mm,
        spacing_mm=float(np.sqrt(spacing[0] * spacing[1])),
        thickness_mm=volume.thickness_mm,
        mean_hu=float(inside_hu.mean()),
        median_hu=float(np.median(inside_hu)),
        ring=ring,
        left_mm=_left_mm(volume, slice_hu, centre[1]),
        doubts=(
            *map(reader_doubt, told),
            *geometry_doubts(volume),
            *slice_doubts(slice_hu),
            *lesion_doubts(inside_hu, around_hu, at_end),
        ),
    )


def _left_mm(volume: Volume, slice_hu: npt.NDArray[np.float32], column: float) -> float | None:
    to_left = float(volume.direction[0, 0])  # LPS: 1 where columns grow to the patient's left
    offset = left_of_midline_mm(slice_hu, column, volume.spacing_mm[2])
    return None if offset is None or abs(to_left) < 0.9 else offset * np.sign(to_left)
