import numpy as np
import pytest
import torch

from data_modules.classic import render_originals
from data_modules.cohort import PATCH_HALF_WIDTH, PATCH_SIZE, Cohort, Lesion
from data_modules.roi import Roi, from_signed, lesion_patches, to_signed, to_unit

ROI = Roi(size=64, margin=0.25, intensity="window", window_hu=(-100.0, 240.0))


def test_window_and_minmax_by_hand():
    rois = torch.tensor([-200.0, -100.0, 70.0, 240.0, 500.0]).view(1, 1, 1, 5)
    assert to_unit(rois, ROI).flatten().tolist() == [0, 0, 0.5, 1, 1]
    minmax = to_unit(rois, Roi(size=64, margin=0.25, intensity="minmax", window_hu=(0, 1)))
    np.testing.assert_allclose(minmax.flatten(), [0, 100 / 700, 270 / 700, 440 / 700, 1], rtol=1e-6)


def test_signed_and_back():
    unit = torch.tensor([0.0, 0.25, 1.0])
    assert to_signed(unit).tolist() == [-1, -0.5, 1]
    assert from_signed(to_signed(unit)).tolist() == unit.tolist()


@pytest.mark.parametrize(
    ("margin", "size", "side"), [(0.25, 64, 128), (0.0, 64, 256), (0.25, 32, 64), (0.25, 128, 256)]
)
def test_a_patch_is_halved_until_it_suits_the_roi(tiny_cohort, margin, size, side):
    roi = Roi(size=size, margin=margin, intensity="window", window_hu=(0, 1))
    assert lesion_patches(tiny_cohort, [0, 1], roi).shape == (2, 1, side, side)


def test_an_roi_is_the_lesion_with_a_quarter_of_its_diameter_on_each_side():
    """A linear ramp over x, in diameters, is read at the centres of 64 pixels between -.75 and .75."""
    x = ((np.arange(PATCH_SIZE) + 0.5) / PATCH_SIZE * 2 - 1) * PATCH_HALF_WIDTH
    ramp = np.tile((x * 1000).round(), (PATCH_SIZE, 1)).astype(np.int16)
    cohort = Cohort(("a", "b"), (Lesion("L", "P", "a", 30, 0.8, 2.5, "test"),), ramp[None])
    image = render_originals(cohort, [0], Roi(size=64, margin=0.25, intensity="window", window_hu=(-1000, 1000)))
    expected = ((np.arange(64) + 0.5) / 64 * 2 - 1) * 0.75
    np.testing.assert_allclose(image[0, 0, 10].numpy() * 2 - 1, expected, atol=2e-3)  # torch's cubic ripples
