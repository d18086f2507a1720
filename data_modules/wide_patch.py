"""Mask or centre -> key slice, diameter and wide patch of one lesion.

The patch spans 1.7 diameters to each side of the centre on 256 x 256 pixels; every later image of the lesion is one
affine sampling of it. Before shrinking, a Gaussian whose width at half maximum joins the old pixel to the new one in
quadrature (Cardoso et al. 2015, "Scale factor point spread function matching"); then cubic spline interpolation.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from data_modules.cohort import PATCH_HALF_WIDTH, PATCH_SIZE
from data_modules.readers.volume import AIR_HU

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))


def key_slice(mask: npt.NDArray[np.bool_]) -> int:
    """Number of the slice of largest area; the middle one where several are equal.

    Args:
        mask: Shape (Z, Y, X), not empty.
    """
    area = np.array([np.count_nonzero(one) for one in mask])
    largest = np.flatnonzero(area == area.max())
    return int(largest[len(largest) // 2])


def long_diameter_mm(mask: npt.NDArray[np.bool_], spacing_mm: tuple[float, float]) -> float:
    """Largest Feret diameter of a mask: the longest straight line between two points of its outline.

    The outline runs a quarter of a pixel outside the outermost pixel centres: on random ellipses (14 to 80 pixels long,
    axes 1:1 to 1:.6) that is right within .4 pixels, while the centres are .1 to .6 short, and the pixel edges, which
    scikit-image's `feret_diameter_max` takes, are .3 to .9 too long.

    Args:
        mask: One slice, shape (Y, X), not empty.
        spacing_mm: Pixel spacing (y, x).
    """
    outline = np.array([(-0.25, 0), (0.25, 0), (0, -0.25), (0, 0.25)])
    points = (np.argwhere(mask)[:, None] + outline).reshape(-1, 2) * spacing_mm
    return float(pdist(points[ConvexHull(points).vertices]).max())


def bounding_centre(mask: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Centre (row, column) of a mask's bounding box.

    Not the centroid: a square around this point with a side of one long diameter holds the whole lesion, so that every
    margin is measured from the lesion's outermost points on both sides.

    Args:
        mask: One slice, shape (Y, X), not empty.
    """
    rows, columns = np.nonzero(mask)
    return float(rows.min() + rows.max()) / 2, float(columns.min() + columns.max()) / 2


def wide_patch(
    slice_hu: npt.NDArray[np.float32],
    *,
    spacing_mm: tuple[float, float],
    centre: tuple[float, float],
    diameter_mm: float,
) -> npt.NDArray[np.int16]:
    """Sample the square of half-width 1.7 diameters around a lesion.

    Args:
        slice_hu: The key slice in HU, shape (Y, X).
        spacing_mm: Pixel spacing (y, x).
        centre: Lesion centre (row, column) in pixels; whole numbers are pixel centres.
        diameter_mm: The lesion's diameter.

    Returns:
        HU, shape (256, 256). Pixel i lies at ((i + .5) / 256 * 2 - 1) * 1.7 diameters from the centre. Outside the
        image, where the HU are unknown, stands air.
    """
    scale = 2 * PATCH_HALF_WIDTH * diameter_mm / PATCH_SIZE / np.array(spacing_mm)  # slice pixels per patch pixel
    start = np.array(centre) + (0.5 - PATCH_SIZE / 2) * scale  # slice position of patch pixel (0, 0)
    sigma = np.sqrt(np.maximum(scale**2 - 1, 0)) / FWHM_PER_SIGMA
    smooth = ndimage.gaussian_filter(slice_hu.astype(np.float64), sigma, mode="nearest")
    patch = ndimage.affine_transform(smooth, scale, start, (PATCH_SIZE, PATCH_SIZE), order=3, mode="nearest")
    at = start[:, None] + np.arange(PATCH_SIZE) * scale[:, None]  # (2, 256)
    inside = (at >= -0.5) & (at <= np.array(slice_hu.shape)[:, None] - 0.5)
    patch[~(inside[0][:, None] & inside[1])] = AIR_HU
    hu: npt.NDArray[np.int16] = np.clip(np.rint(patch), -32768, 32767).astype(np.int16)
    return hu
