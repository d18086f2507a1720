"""The tissue around a lesion on its key slice: what a classifier could learn without looking at the lesion.

Measured on the slice as it was read, in millimetres, so that neither the lesion's size nor any resampling enters.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from data_modules.readers.volume import AIR_HU

RING_MM = (3, 12)  # from the lesion's edge: beyond the blur of the edge, still liver for most lesions
FEATURES = ("median HU", "10th percentile", "90th percentile", "noise")
MIN_PIXELS = 30
FloatArray = npt.NDArray[np.float32]


def ring_hu(
    slice_hu: FloatArray, mask: npt.NDArray[np.bool_], spacing_mm: tuple[float, float]
) -> tuple[FloatArray, tuple[float, ...]]:
    """HU in the ring from 3 to 12 mm outside a lesion, and numbers that describe them.

    Args:
        slice_hu: The key slice, shape (Y, X).
        mask: The lesion on it, shape (Y, X), not empty.
        spacing_mm: Pixel spacing (y, x).

    Returns:
        The HU, shape (pixels,), and one number for each of `FEATURES`: empty where fewer than 30 pixels of the ring lie
        in the image. Noise is the median absolute difference of neighbours along x, divided by that of unit noise.
    """
    reach = [int(np.ceil(RING_MM[1] / mm)) + 1 for mm in spacing_mm]
    rows, columns = np.nonzero(mask)
    window = tuple(slice(max(at.min() - n, 0), at.max() + n + 1) for at, n in zip((rows, columns), reach, strict=True))
    near = slice_hu[window]
    distance = ndimage.distance_transform_edt(~mask[window], sampling=spacing_mm)
    ring = (distance > RING_MM[0]) & (distance <= RING_MM[1]) & (near > AIR_HU)
    hu = near[ring]
    if hu.size < MIN_PIXELS:
        return hu[:0], ()
    steps = np.abs(np.diff(near, axis=1))[ring[:, 1:] & ring[:, :-1]]
    noise = float(np.median(steps)) / 0.954 if steps.size else 0.0  # median |a - b| of unit normals: .6745 sqrt(2)
    return hu, (float(np.median(hu)), *(float(x) for x in np.percentile(hu, [10, 90])), noise)
