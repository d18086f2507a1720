import re
from dataclasses import asdict

import numpy as np
import pytest
import torch

from data_modules.classic import ClassicRecipe, render_group, render_originals
from data_modules.classic_examples import classic_examples
from data_modules.cohort import PATCH_HALF_WIDTH, PATCH_SIZE, Cohort, Lesion
from data_modules.roi import Roi
from liverlab.config import ClassicConfig, RoiConfig

ROI = Roi(**asdict(RoiConfig()))
SHARES = {"rotations": 30, "max_angle_deg": 180.0, "flips": 3, "translations": 7, "max_shift_px": 4.0,
          "max_shift_diameters": 0.1, "scales": 5, "extra_margin": (0.1, 0.4)}  # fmt: skip
PAPER = ClassicRecipe(**SHARES)


def bright_spot(right, down, diameter_px=60):
    """One lesion of a dark slice with a bright spot so many diameters right of and below its centre."""
    y, x = (np.mgrid[:PATCH_SIZE, :PATCH_SIZE] + 0.5) * (2 * PATCH_HALF_WIDTH / PATCH_SIZE) - PATCH_HALF_WIDTH
    patch = np.where(np.hypot(x - right, y - down) < 0.08, 240, -100).astype(np.int16)
    lesion = Lesion("L", "P", "cyst", diameter_px * 0.5, 0.5, 2.5, "test")
    return Cohort(("cyst",), (lesion,), patch[None])


def centre(image):
    """Where the brightness lies, right and down, in shares of half the image."""
    weights = image[0].double()
    axis = (torch.arange(64, dtype=torch.float64) + 0.5) / 32 - 1
    return (weights.sum(0) @ axis / weights.sum()).item(), (weights.sum(1) @ axis / weights.sum()).item()


def examples(cohort, recipe=PAPER, per_lesion=481):
    images, captions = classic_examples(cohort, 0, per_lesion, recipe, ROI, seed=5)
    return list(zip(captions, images, strict=True))


def test_the_images_are_those_of_the_pool_the_original_first(tiny_cohort):
    images, captions = classic_examples(tiny_cohort, 3, 200, PAPER, ROI, seed=5)
    pool, lesions = render_group(tiny_cohort, [2, 3], 200, PAPER, ROI, seed=5)
    assert all((pool[lesions == 3] == image).all(dim=(1, 2, 3)).sum() == 1 for image in images)
    torch.testing.assert_close(images[:1], render_originals(tiny_cohort, [3], ROI))
    assert captions[0] == "original"


def test_the_original_every_flip_and_four_of_what_is_drawn_from_a_range():
    captions = [caption for caption, _ in examples(bright_spot(0, 0))]
    words = ["original", *["flipped"] * 3, *["turned"] * 4, *["px"] * 4, *["tissue"] * 4]
    assert all(word in caption for caption, word in zip(captions, words, strict=True))
    assert len({caption.partition("flipped")[2] for caption in captions[1:4]}) == 3
    assert all(re.fullmatch(r"turned by \d+°", caption) for caption in captions[4:8])


def test_a_pool_of_originals_shows_the_original():
    assert [caption for caption, _ in examples(bright_spot(0, 0), per_lesion=1)] == ["original"]


def test_turned_is_counter_clockwise():
    # a spot to the right of the centre, 0.4 d away of the 0.75 d that half the ROI spans; down is positive
    for caption, image in examples(bright_spot(0.4, 0))[4:8]:
        angle = np.deg2rad(float(re.fullmatch(r"turned by (\d+)°", caption)[1]))
        expected = (0.4 / 0.75 * np.cos(angle), -0.4 / 0.75 * np.sin(angle))
        assert centre(image) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ("caption", "expected"),
    [("flipped up-down", (0.4, -0.2)), ("flipped left-right", (-0.4, 0.2)), ("flipped both ways", (-0.4, -0.2))],
)
def test_flips_are_as_the_caption_says(caption, expected):
    unturned = ClassicRecipe(**SHARES | {"max_angle_deg": 0.0})
    found = [image for text, image in examples(bright_spot(0.3, 0.15), unturned) if text.endswith(caption)]
    assert centre(found[0]) == pytest.approx(expected, abs=0.03)


def test_shifts_and_margins_are_as_the_caption_says():
    unturned = ClassicRecipe(**SHARES | {"max_angle_deg": 0.0})
    signs = {"right": 1, "left": -1, "down": 1, "up": -1}
    shown = examples(bright_spot(0.3, 0, diameter_px=20), unturned)
    for caption, image in shown[8:12]:
        x, across, y, along = re.fullmatch(r"turned by 0°, then ([\d.]+) px (\w+), ([\d.]+) px (\w+)", caption).groups()
        # a slice pixel is a twentieth of the diameter; half the ROI spans 0.75 of it
        moved = (signs[across] * float(x) / 20 / 0.75, signs[along] * float(y) / 20 / 0.75)
        assert centre(image) == pytest.approx((0.4 + moved[0], moved[1]), abs=0.03)
        assert max(float(x), float(y)) <= 2.0  # a tenth of the diameter
    for caption, image in shown[12:]:
        extra = float(re.fullmatch(r"turned by 0°, then \+([\d.]+) d of tissue per side", caption)[1])
        assert centre(image) == pytest.approx((0.3 / (0.75 + extra), 0.0), abs=0.03)
        assert 0.1 <= extra <= 0.4


def test_defaults_are_the_recipe_above():
    numbers = asdict(ClassicConfig())
    assert {name: numbers[name] for name in SHARES} == SHARES
