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
    at, inside = _grid(slice_hu.shape, spacing_mm, centre, diameter_mm)
    scale = at[:, 1] - at[:, 0]  # slice pixels per patch pixel
    sigma = np.sqrt(np.maximum(scale**2 - 1, 0)) / FWHM_PER_SIGMA
    # only the pixels that matter: the Gaussian ends after 4 sigma, the spline's filter sinks below 1e-9 in 16 pixels
    support = np.ceil(4 * sigma) + 16
    first = np.clip(np.floor(at[:, 0] - support), 0, np.array(slice_hu.shape) - 1).astype(int)
    last = np.clip(np.ceil(at[:, -1] + support), first, np.array(slice_hu.shape) - 1).astype(int)
    near = slice_hu[first[0] : last[0] + 1, first[1] : last[1] + 1].astype(np.float64)
    smooth = ndimage.gaussian_filter(near, sigma, mode="nearest")
    patch = ndimage.affine_transform(smooth, scale, at[:, 0] - first, (PATCH_SIZE, PATCH_SIZE), order=3, mode="nearest")
    patch[~inside] = AIR_HU
    hu: npt.NDArray[np.int16] = np.clip(np.rint(patch), -32768, 32767).astype(np.int16)
    return hu


def wide_mask(
    mask: npt.NDArray[np.bool_],
    *,
    spacing_mm: tuple[float, float],
    centre: tuple[float, float],
    diameter_mm: float,
) -> npt.NDArray[np.bool_]:
    """The lesion's mask on the grid of its wide patch, by nearest neighbour; arguments as of `wide_patch`."""
    at, inside = _grid(mask.shape, spacing_mm, centre, diameter_mm)
    rows, columns = np.clip(np.rint(at), 0, np.array(mask.shape)[:, None] - 1).astype(int)
    return mask[np.ix_(rows, columns)] & inside


def disc_mask(
    shape: tuple[int, int],
    *,
    spacing_mm: tuple[float, float],
    centre: tuple[float, float],
    diameter_mm: float,
) -> npt.NDArray[np.bool_]:
    """A disc on a slice, for a lesion that is given by centre (row, column) and diameter; shape (Y, X)."""
    y, x = ((np.arange(n) - c) * mm for n, c, mm in zip(shape, centre, spacing_mm, strict=True))
    disc: npt.NDArray[np.bool_] = np.hypot(y[:, None], x) <= diameter_mm / 2
    return disc


def _grid(
    shape: tuple[int, ...], spacing_mm: tuple[float, float], centre: tuple[float, float], diameter_mm: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Slice rows and columns of the patch's pixels, shape (2, 256), and which of them lie in the slice, (256, 256)."""
    scale = 2 * PATCH_HALF_WIDTH * diameter_mm / PATCH_SIZE / np.array(spacing_mm)  # slice pixels per patch pixel
    start = np.array(centre) + (0.5 - PATCH_SIZE / 2) * scale  # slice position of patch pixel (0, 0)
    at = start[:, None] + np.arange(PATCH_SIZE) * scale[:, None]
    rows, columns = (at >= -0.5) & (at <= np.array(shape)[:, None] - 0.5)
    return at, rows[:, None] & columns
