import numpy as np
import pytest
import written_phantoms

from data_modules.phantom_check.edge import edge_f50


def body(sigma_mm, spacing_mm, noise_hu, shift_mm=0.0):
    y, x = written_phantoms.axes_mm(320, spacing_mm)
    hu = written_phantoms.disc_profile(np.hypot(y + 3.3, x + shift_mm), sigma_mm)
    noise = np.random.default_rng(0).normal(0, noise_hu, (6, *hu.shape))
    return np.clip(np.rint(hu + noise), -1024, 3071).astype(np.float32)


@pytest.mark.parametrize(("sigma_mm", "spacing_mm"), [(0.50, 0.8), (0.64, 0.8), (0.64, 0.9), (0.80, 0.85)])
def test_f50_of_a_gaussian_blur(sigma_mm, spacing_mm):
    expected = np.sqrt(np.log(2) / 2) / (np.pi * sigma_mm)
    assert edge_f50(body(sigma_mm, spacing_mm, 12), spacing_mm) == pytest.approx(expected, rel=0.03)


def test_no_flank_in_the_image_is_nan():
    assert np.isnan(edge_f50(np.full((2, 64, 64), 50, np.float32), 0.8))
    assert np.isnan(edge_f50(np.full((2, 64, 64), -1000, np.float32), 0.8))
