"""A wide patch as a small picture with the lesion's contour."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

DISPLAY_HU = (-160, 240)  # an abdominal soft-tissue window
CONTOUR = (255, 176, 0)


def lesion_tile(
    patch: npt.NDArray[np.int16], inside: npt.NDArray[np.bool_], *, shrink: int = 1, enlarge: int = 1
) -> npt.NDArray[np.uint8]:
    """Draw one lesion.

    Args:
        patch: Wide patch in HU, shape (256, 256).
        inside: The lesion's mask on the same grid.
        shrink: Average this many pixels along each side; divides 256.
        enlarge: Repeat each pixel this often along each side before the contour is drawn.

    Returns:
        RGB, shape (256 / shrink * enlarge, the same, 3); the contour runs just outside the mask.
    """
    side = len(patch) // shrink
    low, high = DISPLAY_HU
    grey = patch.reshape(side, shrink, side, shrink).mean(axis=(1, 3)).repeat(enlarge, 0).repeat(enlarge, 1)
    mask = (inside.reshape(side, shrink, side, shrink).mean(axis=(1, 3)) > 0.5).repeat(enlarge, 0).repeat(enlarge, 1)
    tile = np.repeat((np.clip((grey - low) / (high - low), 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
    tile[ndimage.binary_dilation(mask) & ~mask] = CONTOUR
    return tile
