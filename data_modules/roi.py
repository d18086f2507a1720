"""From wide patches in HU to ROIs that a network reads: one affine sampling, then one intensity rule."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from data_modules.cohort import PATCH_HALF_WIDTH, Cohort


@dataclass(frozen=True, kw_only=True)
class Roi:
    """What an ROI is. The published values stand in `liverlab.config`.

    Attributes:
        size: Pixels per side.
        margin: Tissue on each side of the lesion, in diameters.
        intensity: "window" maps `window_hu` to (0, 1) for every ROI alike; "minmax" maps each ROI's own range.
        window_hu: Lower and upper end of the window.
    """

    size: int
    margin: float
    intensity: str
    window_hu: tuple[float, float]


def lesion_patches(cohort: Cohort, indices: Sequence[int], roi: Roi) -> Tensor:
    """Wide patches of some lesions at the resolution that suits an ROI.

    A patch is averaged 2 x 2 until one ROI pixel spans less than 1.5 of its pixels. For the published ROI (margin .25,
    64 pixels) that is once: every scaling of the classic augmentation then samples at .88 to 1.35 pixels, which neither
    aliases nor blurs.

    Returns:
        HU of shape (lesions, 1, P, P), float32, with P = 256, 128, ...
    """
    patches = torch.from_numpy(cohort.patches[list(indices)]).unsqueeze(1).float()
    while (0.5 + roi.margin) / PATCH_HALF_WIDTH * patches.shape[-1] / roi.size >= 1.5:
        patches = F.avg_pool2d(patches, 2)
    return patches


def sample_rois(patches: Tensor, matrices: Tensor, *, size: int) -> Tensor:
    """One ROI per patch: a single bicubic sampling, as the paper resizes its ROIs.

    Args:
        patches: HU of shape (N, 1, P, P).
        matrices: Affine maps of shape (N, 2, 3) from ROI to patch, both in [-1, 1] with x to the right and y down.
        size: Pixels per side of the ROI.

    Returns:
        HU of shape (N, 1, size, size).
    """
    grid = F.affine_grid(matrices, [len(patches), 1, size, size], align_corners=False)
    # border: outside the patch lies what lies at its edge. The published transforms never reach it.
    return F.grid_sample(patches, grid, mode="bicubic", padding_mode="border", align_corners=False)


def to_unit(rois_hu: Tensor, roi: Roi) -> Tensor:
    """Scale HU of shape (N, 1, H, W) to (0, 1), the classifier's range."""
    if roi.intensity == "minmax":
        low, high = rois_hu.amin((1, 2, 3), keepdim=True), rois_hu.amax((1, 2, 3), keepdim=True)
        return (rois_hu - low) / (high - low).clamp_min(1.0)
    low_hu, high_hu = roi.window_hu
    return ((rois_hu - low_hu) / (high_hu - low_hu)).clamp(0.0, 1.0)


def to_signed(unit: Tensor) -> Tensor:
    """(0, 1) to (-1, 1), the range of a generator with tanh."""
    return unit * 2.0 - 1.0


def from_signed(signed: Tensor) -> Tensor:
    """(-1, 1) to (0, 1)."""
    return (signed + 1.0) / 2.0
