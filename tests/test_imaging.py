import numpy as np
import pytest
from scipy.special import erf

from data_modules.phantom import imaging

SPACING_MM = 0.75


def test_noise_has_unit_variance_and_the_published_peak():
    noise = imaging.scanner_noise((12, 256, 256), SPACING_MM, np.random.default_rng(0))
    assert noise.std() == pytest.approx(1, rel=0.01)
    # by numpy's own FFT, averaged in rings of 0.01/mm
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(256, SPACING_MM), np.fft.fftfreq(256, SPACING_MM)))
    rings = [power[(radius >= f) & (radius < f + 0.01)].mean() for f in np.arange(0, 0.6, 0.01)]
    assert 0.19 < 0.01 * np.argmax(rings) + 0.005 < 0.23
    assert (power * radius).sum() / power.sum() > 0.25  # in the plane; grain is finer than its peak


def test_noise_is_independent_between_slices():
    a, b = imaging.scanner_noise((2, 256, 200), SPACING_MM, np.random.default_rng(1))
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.02


def test_texture_is_smooth_and_goes_on_from_slice_to_slice():
    thin = imaging.tissue_texture((2, 256, 256), SPACING_MM, 1.0, 0.64, np.random.default_rng(2))
    assert imaging.blur(thin, SPACING_MM, 0.64).std() == pytest.approx(1, rel=0.1)
    assert thin.std() > 1.05
    assert np.corrcoef(thin[0].ravel(), thin[1].ravel())[0, 1] == pytest.approx(np.exp(-1 / 4), abs=0.1)
    assert np.corrcoef(thin[0, :, 1:].ravel(), thin[0, :, :-1].ravel())[0, 1] > 0.8


def test_edge_spreads_as_a_gaussian_of_the_psf():
    fine = 5  # an edge of one pixel, as the canvas paints it: average of fine samples
    x = (np.arange(64 * fine) + 0.5) / fine - 32
    pixels = (x > 0.4).astype(np.float32).reshape(64, fine).mean(axis=1)
    edge = imaging.blur(np.tile(pixels, (1, 64, 1)), SPACING_MM, 0.64)[0, 32]
    position_mm = (np.arange(64) + 0.5 - 32 - 0.4) * SPACING_MM
    expected = 0.5 * (1 + erf(position_mm / (0.64 * np.sqrt(2))))
    assert np.abs(edge - expected).max() < 0.02


def test_integers_stay_within_the_scanners_range():
    assert imaging.to_integers(np.array([[[-2000.0, 12.6, 9000.0]]])).tolist() == [[[-1024, 13, 3071]]]


def test_pushed_texture_moves_as_an_incompressible_tissue_would():
    axis = np.arange(-40, 41, dtype=np.float32) * 0.5
    x, y = axis[None, :], axis[:, None]
    texture = np.broadcast_to(x, (81, 81)).astype(np.float32)  # its value is where it came from
    pushed = imaging.push_texture(texture, (x, y, np.float32(0)), 8.0, 0.8)
    for distance in (8.5, 12.0, 18.0):
        came_from = (distance**3 - 0.8 * 8**3) ** (1 / 3)
        assert pushed[40, 40 + int(distance * 2)] == pytest.approx(came_from, abs=0.05)
    assert pushed[40, 40:57] == pytest.approx(x[0, 40:57], abs=0.01)  # up to 8 mm: the lesion's own
    assert pushed[40, 0] == pytest.approx(-((20**3 - 0.8 * 8**3) ** (1 / 3)), abs=0.05)
