import numpy as np
import pytest
from scipy.integrate import quad

from data_modules.phantom_check.nps import FREQUENCIES_PER_MM, common_spectrum, noise_power, peak_and_mean


def filtered(rng, gain, spacing_mm, shape=(6, 200, 200)):
    """White noise through a filter whose amplitude is a function of frequency, scaled to unit variance."""
    f = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, spacing_mm) for n in shape[1:]), indexing="ij"))
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=shape)) * gain(f)).real
    return (noise / noise.std()).astype(np.float32)


def holes(shape):
    y, x = np.indices(shape[1:])
    keep = ((y // 23) % 3 > 0) | ((x // 31) % 4 > 0)
    return np.broadcast_to(keep & (np.hypot(y - 100, x - 100) < 95), shape)


def test_white_noise_is_flat_at_variance_times_pixel_area():
    noise = np.random.default_rng(0).normal(0, 3, (6, 200, 200)).astype(np.float32)
    power = noise_power(noise, holes(noise.shape), 0.8)
    assert power == pytest.approx(9 * 0.8**2, rel=0.15)


@pytest.mark.parametrize("f0", [0.24, 0.30])
def test_ramp_noise_has_its_peak_and_mean_under_tissue_texture(f0):
    # scans whose noise differs and whose tissue is alike; f exp(-(f/f0)^2) peaks at f0 / sqrt 2
    rng, powers, variances = np.random.default_rng(1), [], []
    for i in range(10):
        spacing = 0.6 + 0.03 * i
        noise = (10 + 2 * i) * filtered(rng, lambda f: np.sqrt(f) * np.exp(-((f / f0) ** 2) / 2), spacing)
        scan = noise + 4 * filtered(rng, lambda f: np.exp(-((9 * f) ** 2) / 2), spacing)
        powers.append(noise_power(scan, holes(scan.shape), spacing))
        variances.append(float(scan.var()))
    peak, mean = peak_and_mean(common_spectrum(powers, variances))
    assert peak == pytest.approx(f0 / np.sqrt(2), abs=0.012)
    mass, moment = (quad(lambda f, k=k: f**k * np.exp(-((f / f0) ** 2)), 0, 0.55)[0] for k in (1, 2))
    assert mean == pytest.approx(moment / mass, abs=0.01)


def test_nothing_to_measure_is_nan():
    assert np.isnan(noise_power(np.zeros((1, 9, 9), np.float32), np.zeros((1, 9, 9), bool), 0.8)).all()


def test_peak_of_a_parabola_is_its_vertex():
    power = np.maximum(1 - (FREQUENCIES_PER_MM - 0.2) ** 2 / 0.01, 0)
    assert peak_and_mean(power) == pytest.approx((0.2, 0.2))
