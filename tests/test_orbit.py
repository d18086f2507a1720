import numpy as np
import pytest
import torch
from lesion_textures import textures

from data_modules.classic import Transforms, affine_matrices
from data_modules.cohort import PATCH_SIZE
from data_modules.roi import sample_rois
from liverlab.quality.neighbours import best_alignment
from liverlab.quality.orbit import TURNS, Alignment, moves, orbit, turned_alike, turns, views

MARGIN, DIAMETER_PX = 0.25, 30.0


def test_every_turn_and_view_has_mean_0_and_length_1():
    images = textures(3, 0)
    for described, count in ((orbit(images), 2 * TURNS), (views(images), 20)):
        assert described.shape[:2] == (3, count)
        torch.testing.assert_close(described.mean(2), torch.zeros(3, count), atol=1e-6, rtol=0)
        torch.testing.assert_close(described.norm(dim=2), torch.ones(3, count))


def test_an_image_without_structure_is_like_nothing():
    flat = orbit(torch.full((1, 1, 64, 64), 0.4))
    assert not flat.isnan().any()
    assert flat.abs().max() < 1e-3


def test_a_quarter_turn_moves_along_the_orbit_by_a_quarter():
    image = textures(1, 0)
    plain, quarter = orbit(image)[0, :TURNS], orbit(torch.rot90(image, 1, (2, 3)))[0, :TURNS]
    steps = [k for k in range(TURNS) if torch.allclose(quarter, plain.roll(k, 0), atol=1e-5)]
    assert steps in ([TURNS // 4], [3 * TURNS // 4])


def test_mirrored_images_are_the_other_half():
    image = textures(1, 0)
    torch.testing.assert_close(orbit(image.flip(3))[0, TURNS], orbit(image)[0, 0], atol=1e-5, rtol=0)


def test_the_views_reach_as_far_as_the_classic_transforms():
    assert max(zoom for zoom, _ in moves()) >= 0.97 * (0.5 + 0.25 + 0.4) / (0.5 + 0.25)
    assert max(np.hypot(*shift) for _, shift in moves()) >= 0.9 * 0.1 / (0.5 + 0.25)


@pytest.mark.parametrize("size", [32, 64, 100])
def test_the_size_of_the_roi_does_not_matter(size):
    large = textures(1, 0, 200)
    small = torch.nn.functional.interpolate(large, size, mode="area")
    assert (orbit(small) * orbit(large)).sum(2).min() > 0.99


@pytest.mark.parametrize(
    ("angle_deg", "flip", "shift_px", "extra_margin", "expected"),
    [
        (0.0, (1, 1), (0, 0), 0.0, Alignment(False, 0.0, 1.0, (0.0, 0.0))),
        (45.0, (1, 1), (0, 0), 0.0, Alignment(False, 45.0, 1.0, (0.0, 0.0))),
        (135.0, (-1, 1), (0, 0), 0.0, Alignment(True, 135.0, 1.0, (0.0, 0.0))),
        (135.0, (1, -1), (0, 0), 0.0, Alignment(True, 315.0, 1.0, (0.0, 0.0))),
        (22.5, (-1, -1), (0, 0), 0.0, Alignment(False, 202.5, 1.0, (0.0, 0.0))),
        (75.0, (1, 1), (0, 0), 0.225, Alignment(False, 75.0, 1.3, (0.0, 0.0))),
        (75.0, (1, 1), (0.06 * 0.75 * DIAMETER_PX, 0), 0.0, Alignment(False, 75.0, 1.0, (0.06, 0.0))),
        (0.0, (1, 1), (0, 0.12 * 0.75 * DIAMETER_PX), 0.0, Alignment(False, 0.0, 1.0, (0.0, 0.12))),
    ],
)
def test_the_transforms_of_classic_augmentation_are_undone(angle_deg, flip, shift_px, extra_margin, expected):
    patch = textures(1, 5, PATCH_SIZE) * 200
    names = ("angle_deg", "flip", "shift_px", "extra_margin")
    both = [
        Transforms(**{name: np.array([value], dtype=np.float64) for name, value in zip(names, values, strict=True)})
        for values in ((0.0, (1, 1), (0, 0), 0.0), (angle_deg, flip, shift_px, extra_margin))
    ]
    original, changed = (
        sample_rois(
            patch,
            torch.from_numpy(affine_matrices(each, margin=MARGIN, diameter_px=DIAMETER_PX)).float(),
            size=64,
        )[0]
        for each in both
    )
    found = best_alignment(changed, original)
    assert (found.mirrored, found.angle_deg, found.zoom) == (expected.mirrored, expected.angle_deg, expected.zoom)
    assert found.shift == pytest.approx(expected.shift, abs=1e-9)
    shown, there = turned_alike(original, found)
    assert (shown - changed)[there].abs().max() < 0.1 * changed.std()
    assert there.float().mean() == pytest.approx(1.0 if extra_margin == 0 and shift_px == (0, 0) else 0.8, abs=0.25)


def test_an_alignment_in_words():
    assert str(Alignment(False, 0.0, 1.0, (0.0, 0.0))) == "as it is"
    words = str(Alignment(True, 45.0, 1.2, (0.12, -0.06)))
    assert words == "mirrored, turned by 45 degrees, 1.2 times the tissue, moved by 6 % to the right, -3 % down"


def test_there_are_96_turns():
    assert len(set(turns())) == 96
