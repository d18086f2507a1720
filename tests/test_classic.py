import dataclasses

import numpy as np
import pytest
import torch
from monai.transforms import Affine

from data_modules.classic import ClassicRecipe, affine_matrices, draw_transforms, group_size, render_group
from data_modules.cohort import PATCH_HALF_WIDTH, PATCH_SIZE, Cohort, Lesion
from data_modules.roi import Roi, lesion_patches, sample_rois
from liverlab.arm_data import classic_recipe
from liverlab.config import ClassicConfig

RECIPE = classic_recipe(ClassicConfig())
ROI = Roi(size=64, margin=0.25, intensity="window", window_hu=(-100.0, 240.0))


@pytest.fixture(scope="module")
def textured() -> Cohort:
    """Four lesions with structure at every place, so that a wrong transform shows."""
    y, x = np.mgrid[:PATCH_SIZE, :PATCH_SIZE] / PATCH_SIZE
    patches = [60 + 80 * np.sin(9 * x + i) * np.cos(7 * y - i) + 40 * x for i in range(4)]
    lesions = tuple(Lesion(f"L{i}", f"P{i}", "ab"[i % 2], 12.0 + 20 * i, 0.8, 2.5, "test") for i in range(4))
    return Cohort(("a", "b"), lesions, np.stack(patches).astype(np.int16))


def test_480_transforms_per_lesion_of_the_published_kinds():
    assert RECIPE.per_lesion == 480
    drawn = draw_transforms(RECIPE, diameter_px=100, seed=0, lesion=0)
    flipped, shifted = (drawn.flip < 0).any(1), (drawn.shift_px != 0).any(1)
    scaled = drawn.extra_margin > 0
    assert (flipped.sum(), shifted.sum(), scaled.sum()) == (30 * 3, 30 * 7, 30 * 5)
    assert (flipped.astype(int) + shifted + scaled).max() == 1  # never composed with one another
    assert len(np.unique(drawn.angle_deg[1:])) == 30
    assert drawn.angle_deg.min() >= 0
    assert drawn.angle_deg.max() <= 180
    assert drawn.extra_margin[scaled].min() >= 0.1
    assert drawn.extra_margin.max() <= 0.4


@pytest.mark.parametrize(("diameter_px", "reach"), [(20.0, 2.0), (200.0, 4.0)])
def test_translation_reaches_the_smaller_of_four_pixels_and_a_tenth_of_the_diameter(diameter_px, reach):
    shift = draw_transforms(RECIPE, diameter_px=diameter_px, seed=0, lesion=0).shift_px
    assert 0.9 * reach < np.abs(shift).max() <= reach


def test_the_original_comes_first_and_groups_are_nested(textured):
    small, _ = render_group(textured, [0, 1, 2, 3], 3, RECIPE, ROI, seed=0)
    large, origin = render_group(textured, [0, 1, 2, 3], 9, RECIPE, ROI, seed=0)
    torch.testing.assert_close(large[:12], small, rtol=0, atol=0)
    assert origin.tolist() == [0, 1, 2, 3] * 9
    drawn = draw_transforms(RECIPE, diameter_px=50, seed=0, lesion=2)
    assert (drawn.angle_deg[0], drawn.extra_margin[0]) == (0, 0)
    assert drawn.shift_px[0].tolist() == [0, 0]


def test_a_lesion_has_the_same_transforms_in_every_split(textured):
    alone, _ = render_group(textured, [2], 4, RECIPE, ROI, seed=0)
    among, origin = render_group(textured, [1, 2, 3], 4, RECIPE, ROI, seed=0)
    torch.testing.assert_close(among[origin == 2], alone)


@pytest.mark.parametrize(
    ("size", "count", "expected"),
    [(0, "per_fold", 1), (5000, "per_fold", 83), (15000, "per_fold", 248), (5000, "per_training_set", 41)],
)
def test_group_size_of_121_training_lesions(size, count, expected):
    # by hand: 5000 x 2 folds / 121 lesions = 82.6; 30,000 / 121 = 247.9; 5000 / 121 = 41.3
    assert group_size(size, training_folds=2, lesions=121, count=count, recipe=RECIPE) == expected


def test_one_sampling_equals_monai_steps_done_one_by_one(textured):
    """MONAI rotates, then flips or shifts or scales, in separate resamplings of a fine grid; ours is one."""
    patches = lesion_patches(textured, [0], ROI)
    patch = patches[0]
    side = patch.shape[-1]
    diameter_px = 15.0
    per_diameter = side / (2 * PATCH_HALF_WIDTH)
    drawn = draw_transforms(RECIPE, diameter_px=diameter_px, seed=1, lesion=0)
    matrices = torch.from_numpy(affine_matrices(drawn, margin=0.25, diameter_px=diameter_px)).float()
    for kind in ("rotated", "flipped", "shifted", "scaled"):
        chosen = {
            "rotated": (drawn.flip > 0).all(1) & (drawn.shift_px == 0).all(1) & (drawn.extra_margin == 0),
            "flipped": (drawn.flip < 0).any(1),
            "shifted": (drawn.shift_px != 0).any(1),
            "scaled": drawn.extra_margin > 0,
        }[kind]
        t = int(np.flatnonzero(chosen)[1])
        image = Affine(
            rotate_params=-float(np.deg2rad(drawn.angle_deg[t])),
            mode="bicubic",
            padding_mode="border",
            dtype=np.float64,
        )(patch.double())[0]
        if (drawn.flip[t] < 0).any():
            image = torch.flip(image, [d for d, sign in ((1, drawn.flip[t, 1]), (2, drawn.flip[t, 0])) if sign < 0])
        down, right = drawn.shift_px[t, 1], drawn.shift_px[t, 0]
        shift = [-down / diameter_px * per_diameter, -right / diameter_px * per_diameter]
        image = Affine(translate_params=shift, mode="bicubic", padding_mode="border", dtype=np.float32)(image)[0]
        zoom = float((0.75 + drawn.extra_margin[t]) / PATCH_HALF_WIDTH)
        identity = torch.tensor([[[zoom, 0.0, 0.0], [0.0, zoom, 0.0]]])
        expected = sample_rois(image.as_tensor()[None].float(), identity, size=64)
        ours = sample_rois(patches, matrices[t : t + 1], size=64)
        assert (ours - expected).abs().mean() < 0.3, kind  # HU, of a picture that spans 240
        assert (ours - ours.flip(-1)).abs().mean() > 8, "the picture is not symmetric, so the comparison can fail"


def test_corners_show_tissue_at_the_widest_transform(textured):
    """No sample leaves the patch: beyond 1.7 diameters there is nothing."""
    drawn = draw_transforms(RECIPE, diameter_px=13, seed=0, lesion=0)
    corners = np.array([[x, y, 1] for x in (-1, 1) for y in (-1, 1)])
    reached = np.einsum("tij,cj->tci", affine_matrices(drawn, margin=0.25, diameter_px=13), corners)
    assert np.abs(reached).max() < 1


def test_scaling_shows_more_tissue_around_the_lesion():
    """A disc of one diameter covers (1 / 1.5)^2 pi / 4 of the original and less of the scaled ROI."""
    y, x = ((np.mgrid[:PATCH_SIZE, :PATCH_SIZE] + 0.5) / PATCH_SIZE * 2 - 1) * PATCH_HALF_WIDTH
    disc = np.where(x**2 + y**2 < 0.25, 240, -100).astype(np.int16)
    lesions = (Lesion("L0", "P0", "a", 30, 0.8, 2.5, "test"),)
    cohort = Cohort(("a", "b"), lesions, disc[None])
    recipe = dataclasses.replace(RECIPE, rotations=1, flips=0, translations=0, scales=1, extra_margin=(0.4, 0.4))
    drawn = draw_transforms(recipe, diameter_px=37, seed=0, lesion=0)
    images, _ = render_group(cohort, [0], 3, recipe, ROI, seed=0)
    for image, extra in zip(images, drawn.extra_margin, strict=True):
        assert image.mean() == pytest.approx(np.pi / 4 / (1.5 + 2 * extra) ** 2, abs=0.005)


def test_a_recipe_without_transforms_gives_the_originals_alone():
    nothing = ClassicRecipe(
        rotations=0,
        max_angle_deg=0,
        flips=0,
        translations=0,
        max_shift_px=0,
        max_shift_diameters=0,
        scales=0,
        extra_margin=(0, 0),
    )
    assert len(draw_transforms(nothing, diameter_px=30, seed=0, lesion=0).angle_deg) == 1
