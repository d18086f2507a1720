"""Classic augmentation of Frid-Adar et al. 2018, sec. 3.2: 480 transforms per lesion in nested groups.

Each lesion is rotated 30 times; each rotated ROI is then, separately, kept, flipped (3), translated (7) and scaled (5):
30 x (1 + 3 + 7 + 5) = 480. A transform is a row of numbers, so an image is rendered in one sampling of the wide patch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data_modules.cohort import PATCH_HALF_WIDTH, Cohort
from data_modules.roi import Roi, lesion_patches, sample_rois, to_unit

Floats = npt.NDArray[np.float64]
FLIPS = ((1, -1), (-1, 1), (-1, -1))  # signs of (x, y): up-down, left-right, both


@dataclass(frozen=True)
class Transforms:
    """Transforms of one lesion; the first is the original, the others come in an order that makes groups nested.

    Attributes:
        angle_deg: Rotation, shape (T,).
        flip: Signs of x and y, shape (T, 2).
        shift_px: Translation of the content in native pixels (x, y), shape (T, 2).
        extra_margin: Tissue added on each side of the base margin, in diameters, shape (T,).
    """

    angle_deg: Floats
    flip: Floats
    shift_px: Floats
    extra_margin: Floats


@dataclass(frozen=True, kw_only=True)
class ClassicRecipe:
    """How many of each transform, and how far they go. The published values stand in `liverlab.config`.

    Attributes:
        rotations: Rotations per lesion, angle uniform in [0, max_angle_deg].
        flips: Flips per rotation, at most 3.
        translations: Translations per rotation, uniform in (-p, p) native pixels with
            p = min(max_shift_px, max_shift_diameters * diameter).
        scales: Scalings per rotation, extra margin uniform in `extra_margin` diameters per side.
    """

    rotations: int
    max_angle_deg: float
    flips: int
    translations: int
    max_shift_px: float
    max_shift_diameters: float
    scales: int
    extra_margin: tuple[float, float]

    @property
    def per_lesion(self) -> int:
        """Number of transforms of one lesion, the original not counted."""
        return self.rotations * (1 + self.flips + self.translations + self.scales)


def draw_transforms(recipe: ClassicRecipe, *, diameter_px: float, seed: int, lesion: int) -> Transforms:
    """The original and the `recipe.per_lesion` transforms of one lesion.

    They depend on the seed and the lesion's position in the cohort alone, never on the split.

    Args:
        recipe: Numbers and ranges.
        diameter_px: Lesion diameter in native pixels.
        seed: Seed of the augmentation.
        lesion: Position of the lesion in the cohort.
    """
    rng = np.random.default_rng([seed, lesion])
    turned = recipe.rotations
    variants = recipe.per_lesion // turned if turned else 0
    angle = np.repeat(rng.uniform(0.0, recipe.max_angle_deg, turned), variants)
    flip = np.ones((turned, variants, 2))
    shift = np.zeros((turned, variants, 2))
    extra = np.zeros((turned, variants))
    flips_end = 1 + recipe.flips  # variant 0 is the rotation alone
    shifts_end = flips_end + recipe.translations
    flip[:, 1:flips_end] = np.array(FLIPS[: recipe.flips]).reshape(-1, 2)
    reach = min(recipe.max_shift_px, recipe.max_shift_diameters * diameter_px)
    shift[:, flips_end:shifts_end] = rng.uniform(-reach, reach, (turned, recipe.translations, 2))
    extra[:, shifts_end:] = rng.uniform(*recipe.extra_margin, (turned, recipe.scales))
    order = np.concatenate([[0], 1 + rng.permutation(len(angle))])
    return Transforms(
        np.concatenate([[0.0], angle])[order],
        np.concatenate([np.ones((1, 2)), flip.reshape(-1, 2)])[order],
        np.concatenate([np.zeros((1, 2)), shift.reshape(-1, 2)])[order],
        np.concatenate([[0.0], extra.ravel()])[order],
    )


def affine_matrices(transforms: Transforms, *, margin: float, diameter_px: float) -> Floats:
    """Maps from ROI to wide patch, shape (T, 2, 3): rotate first, then flip, translate or scale the rotated ROI."""
    angle = np.deg2rad(transforms.angle_deg)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    half_width = 0.5 + margin + transforms.extra_margin  # diameters
    linear = rotation * (transforms.flip * half_width[:, None])[:, None, :]
    # minus: to move the content to the right, sample further left
    offset = -np.einsum("tij,tj->ti", rotation, transforms.shift_px / diameter_px)
    return np.concatenate([linear, offset[:, :, None]], axis=2) / PATCH_HALF_WIDTH


def group_size(size: int, *, training_folds: int, lesions: int, count: str, recipe: ClassicRecipe) -> int:
    """Images per lesion, the original included, of a group of the published size.

    Args:
        size: Images per fold (`count="per_fold"`) or in all (`count="per_training_set"`); 0 means originals only.
        training_folds: Folds that the classifier trains on.
        lesions: Training lesions. Every lesion gets the same number: size / lesions, rounded.
        count: Meaning of `size`.
        recipe: Bounds the number by its transforms.
    """
    total = size * training_folds if count == "per_fold" else size
    return int(np.clip(round(total / lesions), 1, 1 + recipe.per_lesion))


def render_group(
    cohort: Cohort, lesions: Sequence[int], per_lesion: int, recipe: ClassicRecipe, roi: Roi, *, seed: int
) -> tuple[Tensor, Tensor]:
    """The first `per_lesion` images of each lesion; groups are nested, and 1 gives the originals.

    Returns:
        Images in (0, 1) of shape (N, 1, size, size) with N = per_lesion * lesions, and the position in the cohort of
        the lesion that each shows, shape (N,).
    """
    patches = lesion_patches(cohort, lesions, roi)
    matrices = []
    for position in lesions:
        diameter_px = cohort.lesions[position].diameter_mm / cohort.lesions[position].spacing_mm
        drawn = draw_transforms(recipe, diameter_px=diameter_px, seed=seed, lesion=position)
        matrices.append(affine_matrices(drawn, margin=roi.margin, diameter_px=diameter_px)[:per_lesion])
    theta = torch.from_numpy(np.stack(matrices, axis=1)).float()  # (per_lesion, L, 2, 3)
    rois = [to_unit(sample_rois(patches, step, size=roi.size), roi) for step in theta]
    return torch.cat(rois), torch.tensor(lesions).repeat(per_lesion)


def render_originals(cohort: Cohort, lesions: Sequence[int], roi: Roi) -> Tensor:
    """The ROIs as they are, never augmented: images in (0, 1) of shape (lesions, 1, size, size)."""
    patches = lesion_patches(cohort, lesions, roi)
    scale = (0.5 + roi.margin) / PATCH_HALF_WIDTH
    matrices = torch.tensor([[scale, 0.0, 0.0], [0.0, scale, 0.0]]).expand(len(patches), 2, 3)
    return to_unit(sample_rois(patches, matrices, size=roi.size), roi)
