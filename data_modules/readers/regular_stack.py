"""Slices -> a regular straight stack: gantry tilt is undone, missing slices are interpolated."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from data_modules.readers.case_error import CaseError
from data_modules.readers.volume import AIR_HU, FloatArray, Volume

MAX_TILT_DEGREES = 45  # gantries tilt by 30


def straighten(volume: Volume, at_mm: FloatArray) -> Volume:
    """Undo the sideways shift along a stack that was scanned with a tilted gantry.

    Each slice keeps its place along the normal, so that shifting it within its plane is all there is to do.

    Args:
        volume: The slices as they are, as if one stood straight on the other.
        at_mm: Where they are, relative to the first along (rows, columns, normal), shape (slices, 3).

    Returns:
        The volume itself if the shift stays within half a pixel; else a wider one, with air around each slice.

    Raises:
        CaseError: If the shift does not grow evenly, or faster than the normal.
    """
    step = np.array(volume.spacing_mm[1:])
    shift = at_mm[:, 1::-1] / step  # pixels, (slices, 2) as (y, x)
    if np.abs(shift).max() <= 0.5:
        return volume
    even = np.outer(at_mm[:, 2] / at_mm[-1, 2], shift[-1])
    degrees = np.degrees(np.arctan2(np.hypot(*at_mm[-1, :2]), at_mm[-1, 2]))
    if np.abs(shift - even).max() > 0.5 or degrees > MAX_TILT_DEGREES:
        text = "the slices shift sideways along the stack, and not as under a tilted gantry. Refused. "
        raise CaseError("E-GEO-04", text + "Export one straight series.")
    before, after = np.floor(shift.min(axis=0)), np.ceil(shift.max(axis=0))
    rows, columns = (np.array(volume.shape[1:]) + after - before).astype(int).tolist()

    def read(k: int) -> npt.NDArray[np.float32]:
        offset = before - shift[k]
        hu: npt.NDArray[np.float32] = ndimage.affine_transform(
            volume.read_slice(k), np.ones(2), offset, (rows, columns), order=1, mode="constant", cval=AIR_HU
        )
        return hu

    return replace(
        volume,
        shape=(volume.shape[0], rows, columns),
        origin_mm=volume.origin_mm + volume.direction[:, 1::-1] @ (before * step),
        read_slice=read,
        warnings=(
            *volume.warnings,
            f"W-GEO-04 the slices shift sideways along the stack (gantry tilt, {degrees:.1f} degrees). "
            "Each was shifted back onto a straight grid. Kept.",
        ),
    )


def fill_gaps(volume: Volume, along_mm: FloatArray, tolerance_mm: float) -> Volume:
    """Interpolate linearly between the slices onto a regular grid.

    Args:
        volume: The slices as they are; its slice spacing is the wanted one.
        along_mm: Their distance from the first, shape (slices,).
        tolerance_mm: A slice this close to a place on the grid is taken as it is.

    Raises:
        CaseError: If more slices are missing than there are.
    """
    count = round(along_mm[-1] / volume.spacing_mm[0]) + 1
    if count > 2 * len(along_mm):
        text = f"{len(along_mm)} slices are too few for a stack of {count}. Refused, --allow-gaps or not. "
        raise CaseError("E-GEO-03", text + "Export the whole series again.")
    grid = np.arange(count) * volume.spacing_mm[0]
    nearest = np.abs(grid[:, None] - along_mm).argmin(axis=1)
    own = np.abs(grid - along_mm[nearest]) <= tolerance_mm
    above = np.searchsorted(along_mm, grid).clip(1, len(along_mm) - 1)
    weight = (grid - along_mm[above - 1]) / (along_mm[above] - along_mm[above - 1])

    def read(k: int) -> npt.NDArray[np.float32]:
        if own[k]:
            return volume.read_slice(int(nearest[k]))
        low, high = volume.read_slice(int(above[k]) - 1), volume.read_slice(int(above[k]))
        return low + np.float32(weight[k]) * (high - low)

    text = (
        f"W-GEO-03 {np.count_nonzero(~own)} of {count} slices are missing (largest gap {np.diff(along_mm).max():.3g} "
        f"mm, spacing {volume.spacing_mm[0]:.3g}) and were interpolated from their neighbours. Kept."
    )
    return replace(
        volume,
        shape=(count, *volume.shape[1:]),
        read_slice=read,
        instance_uids=tuple(volume.instance_uids[n] if o else "" for n, o in zip(nearest, own, strict=True)),
        warnings=(*volume.warnings, text),
    )
