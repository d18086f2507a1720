"""Liver tissue without vessels and lesions: where a CT's noise can be measured."""

import numpy as np
from scipy import ndimage

from data_modules.phantom_check.phantom_files import Hu, Mask

TREND_MM = 20.0  # sigma of what counts as a trend; noise and texture are finer
VESSEL_MM = 1.5  # sigma at which a vessel stands out of the noise
RIM_MM, LESION_RIM_MM, VESSEL_RIM_MM = 5.0, 4.0, 3.0


def parenchyma(hu: Hu, liver: Mask, lesions: Mask, spacing_mm: float) -> tuple[Mask, Hu]:
    """Find parenchyma and take its trend away.

    Vessels and other things in the liver are what differs from its surroundings by more than 3.5 robust standard
    deviations of an image smoothed so far that noise has almost gone. A lower limit would cut off coarse noise.

    Args:
        hu: Shape (Z, Y, X).
        liver: The liver with all that lies in it.
        lesions: All lesions.
        spacing_mm: Distance of pixels in the slice.

    Returns:
        The mask of parenchyma, and HU around the local mean, 0 elsewhere; both of shape (Z, Y, X).
    """
    inner = keep = ~_within(~liver, RIM_MM, spacing_mm) & ~_within(lesions, LESION_RIM_MM, spacing_mm)
    for _ in range(3):  # each time with fewer vessels in mean and spread
        smooth = local_mean(hu - local_mean(hu, keep, TREND_MM, spacing_mm), inner, VESSEL_MM, spacing_mm)
        deviation = np.abs(smooth - np.median(smooth[keep])) if keep.any() else smooth
        spread = 1.4826 * np.median(deviation[keep]) if keep.any() else 0.0
        keep = inner & ~_within(inner & (deviation > 3.5 * spread), VESSEL_RIM_MM, spacing_mm)
    return keep, np.where(keep, hu - local_mean(hu, keep, TREND_MM, spacing_mm), 0).astype(np.float32)


def local_mean(hu: Hu, mask: Mask, sigma_mm: float, spacing_mm: float) -> Hu:
    """Smooth mean within each slice over the pixels of a mask alone, shape (Z, Y, X).

    Two passes of a box are as good as a Gaussian here, and take no longer for a wide one.
    """
    width = (1, *2 * [1 + 2 * round(sigma_mm / spacing_mm * np.sqrt(6) / 2 - 0.5)])

    def smooth(image: Hu) -> Hu:
        once = ndimage.uniform_filter(image, width, mode="constant")
        twice: Hu = ndimage.uniform_filter(once, width, mode="constant")
        return twice

    mean: Hu = smooth(np.where(mask, hu, 0).astype(np.float32))
    mean /= np.maximum(smooth(mask.astype(np.float32)), 1e-6)
    return mean


def _within(mask: Mask, distance_mm: float, spacing_mm: float) -> Mask:
    """Pixels at most this far from a mask, slice by slice."""
    if not mask.any():
        return mask
    far = 1e6  # between slices: each counts for itself
    near: Mask = ndimage.distance_transform_edt(~mask, sampling=(far, spacing_mm, spacing_mm)) <= distance_mm
    return near
