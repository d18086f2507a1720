import numpy as np
import pytest

from data_modules.wide_patch import bounding_centre, key_slice, long_diameter_mm, wide_patch

# patch pixel i lies at this many diameters from the centre
AT = ((np.arange(256) + 0.5) / 256 * 2 - 1) * 1.7


def disc(shape, centre, diameter_mm, spacing_mm):
    y, x = np.indices(shape)
    distance = np.hypot((y - centre[0]) * spacing_mm[0], (x - centre[1]) * spacing_mm[1])
    return distance <= diameter_mm / 2


def test_key_slice_is_the_largest_and_of_equals_the_middle_one():
    mask = np.zeros((7, 4, 4), dtype=bool)
    mask[1, 0, :1] = mask[2, 0, :3] = mask[3, 1, :3] = mask[4, 2, :3] = True
    assert key_slice(mask) == 3
    mask[5, :2] = True
    assert key_slice(mask) == 5


@pytest.mark.parametrize(("length", "ratio"), [(14, 1.0), (30, 0.9), (30, 0.6), (80, 1.0), (80, 0.8)])
def test_long_diameter_of_ellipses_anywhere_on_the_grid(length, ratio):
    rng = np.random.default_rng(0)
    y, x = np.indices((100, 100))
    errors = []
    for shift_y, shift_x, angle in zip(*rng.uniform(-0.5, 0.5, (2, 30)), rng.uniform(0, np.pi, 30), strict=True):
        v, u = y - 50 - shift_y, x - 50 - shift_x
        along, across = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
        mask = (along / length) ** 2 + (across / length / ratio) ** 2 <= 0.25
        errors.append(long_diameter_mm(mask, (0.7, 0.7)) / 0.7 - length)
    assert abs(np.mean(errors)) < 0.4  # pixels
    assert np.abs(errors).max() < 1.0


def test_long_diameter_counts_millimetres_along_both_axes():
    mask = np.zeros((9, 9), dtype=bool)
    mask[4, 2:7] = True  # centres four steps apart, and a quarter of a pixel at each end
    assert long_diameter_mm(mask, (2.0, 3.0)) == pytest.approx(4.5 * 3)
    assert long_diameter_mm(mask.T, (2.0, 3.0)) == pytest.approx(4.5 * 2)


def test_centre_of_the_bounding_box_not_of_mass():
    mask = np.zeros((20, 20), dtype=bool)
    mask[5:15, 4:6] = mask[14, 4:12] = True  # an L
    assert bounding_centre(mask) == (9.5, 7.5)


@pytest.mark.parametrize("diameter_mm", [10.0, 45.0, 70.0])
def test_a_linear_ramp_is_reproduced_exactly(diameter_mm):
    y, x = np.indices((512, 512), dtype=np.float32)
    spacing, centre = (0.6, 0.9), (250.25, 260.5)
    slice_hu = 20 * (y - centre[0]) - 30 * (x - centre[1])
    patch = wide_patch(slice_hu, spacing_mm=spacing, centre=centre, diameter_mm=diameter_mm)
    mm = AT * diameter_mm
    exact = 20 * mm[:, None] / spacing[0] - 30 * mm / spacing[1]
    assert patch.dtype == np.int16
    np.testing.assert_allclose(patch, exact, atol=0.51)  # rounding to whole HU


@pytest.mark.parametrize(("diameter_mm", "spacing"), [(10.0, (0.7, 0.7)), (30.0, (0.6, 0.9)), (102.0, (0.7, 0.7))])
def test_a_disc_fills_its_share_of_the_patch(diameter_mm, spacing):
    inside = disc((600, 600), (300.0, 300.0), diameter_mm, spacing)
    patch = wide_patch(
        np.where(inside, 100, 0).astype(np.float32), spacing_mm=spacing, centre=(300.0, 300.0), diameter_mm=diameter_mm
    )
    radius = np.hypot(AT[:, None], AT)  # in diameters
    edge = max(spacing) / diameter_mm + 3.4 / 256
    assert (patch[radius < 0.5 - 1.5 * edge] > 90).all()
    assert (patch[radius > 0.5 + 1.5 * edge] < 10).all()
    assert (patch > 50).mean() == pytest.approx(np.pi / 4 / 3.4**2, rel=0.04)


def test_a_checker_is_not_aliased_when_shrinking():
    y, x = np.indices((512, 512))
    checker = np.where((y + x) % 2, 1000, -1000).astype(np.float32)
    patch = wide_patch(checker, spacing_mm=(0.7, 0.7), centre=(255.0, 255.0), diameter_mm=100.0)  # 1.9 pixels to one
    sigma = np.sqrt((3.4 * 100 / 256 / 0.7) ** 2 - 1) / 2.3548
    k = np.arange(-6, 7)
    weights = np.exp(-(k**2) / (2 * sigma**2))
    left = ((-1.0) ** k * weights).sum() / weights.sum()  # what the Gaussian leaves of the fastest stripes: a fifth
    assert np.abs(patch).max() <= 1000 * left**2 + 1 < 45


def test_outside_the_image_stands_air():
    slice_hu = np.full((100, 100), 50, dtype=np.float32)
    patch = wide_patch(slice_hu, spacing_mm=(1.0, 1.0), centre=(0.0, 50.0), diameter_mm=20.0)
    outside = AT * 20 < -0.5  # the outer edge of row 0
    assert (patch[outside] == -1024).all()
    assert (patch[~outside] == 50).all()
