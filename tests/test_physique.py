import numpy as np
import pytest

from data_modules.phantom.physique import draw_physique


@pytest.fixture(scope="module")
def bodies():
    return [draw_physique(5.0, np.random.default_rng(seed)) for seed in range(2000)]


def test_noise_and_liver_have_the_published_medians(bodies):
    assert np.median([b.noise_sd_hu for b in bodies]) == pytest.approx(10.5, abs=0.2)
    healthy = [b.liver for b in bodies if not b.steatotic]
    # N(58, 9) + N(47, 10) cut off at 123: mean 105 - 13.45 phi(1.338) / Phi(1.338) = 102.6 (and next to none below 62)
    assert np.mean(healthy) == pytest.approx(102.6, abs=0.8)
    assert np.mean([b.steatotic for b in bodies]) == pytest.approx(0.12, abs=0.02)
    assert 60 < min(b.liver for b in bodies) < max(b.liver for b in bodies) < 125


def test_noise_follows_the_slice_thickness():
    thick, thin = (draw_physique(t, np.random.default_rng(1)) for t in (5.0, 1.25))
    assert thin.noise_sd_hu == pytest.approx(2 * thick.noise_sd_hu)


def test_edges_are_as_sharp_as_measured(bodies):
    f50 = np.sqrt(np.log(2) / 2) / (np.pi * np.array([b.psf_sigma_mm for b in bodies]))  # of a Gaussian
    assert 0.27 < f50.min() < f50.max() < 0.31
