import json

import numpy as np
import pytest
import torch
from gaussian_split import found, gaussian_split

from liverlab.quality.draws import draw_patients
from liverlab.quality.spectrum import log_power, spectra, spectrum

NUMBERS = {"train": 40, "held_out": 40, "classic": 40, "synthetic": 40}


def noise(count, size, seed=0, sd=0.1):
    return 0.5 + sd * torch.randn(count, 1, size, size, generator=torch.Generator().manual_seed(seed))


def test_white_noise_is_flat_at_its_variance():
    frequency, logs = log_power(noise(400, 32))
    assert frequency[[0, 15, -1]].tolist() == [1 / 32, 0.5, 23 / 32]  # 16 sqrt 2 is 22.6
    # the lowest frequencies share their power with the mean, which was taken out
    assert (10**logs).mean(0)[2:] == pytest.approx(0.01, rel=0.1)


def test_a_sinusoid_is_one_frequency():
    wave = 0.5 + 0.3 * torch.sin(2 * torch.pi * 9 * torch.arange(64) / 64).expand(1, 1, 64, 64)
    frequency, logs = log_power(wave)
    peak = int(logs[0].argmax())
    assert frequency[peak] == 9 / 64
    away = np.abs(np.arange(len(frequency)) - peak) > 1  # the window spreads a frequency to its neighbours
    assert logs[0, away].max() < logs[0, peak] - 8


def test_a_checkerboard_is_the_highest_frequency():
    grid = ((torch.arange(32) + torch.arange(32)[:, None]) % 2).float().expand(1, 1, 32, 32)
    frequency, logs = log_power(grid)
    assert frequency[logs[0].argmax()] == pytest.approx(1 / 2**0.5, abs=1 / 64)


def test_an_even_image_has_no_power_and_a_logarithm():
    np.testing.assert_array_equal(log_power(torch.full((1, 1, 16, 16), 0.7))[1], -12)


def test_it_agrees_with_the_definition_term_by_term():
    image = np.random.default_rng(0).random((6, 8))
    window = np.array([[np.sin(np.pi * y / 6) ** 2 * np.sin(np.pi * x / 8) ** 2 for x in range(8)] for y in range(6)])
    image32 = image.astype(np.float32).astype(float)
    seen = (image32 - (image32 * window).sum() / window.sum()) * window
    rings = {}
    for v in range(-3, 3):
        for u in range(-4, 4):
            terms = [seen[y, x] * np.exp(-2j * np.pi * (v * y / 6 + u * x / 8)) for y in range(6) for x in range(8)]
            rings.setdefault(round(8 * np.hypot(v / 6, u / 8)), []).append(abs(sum(terms)) ** 2 / (window**2).sum())
    expected = [np.log10(np.mean(rings[ring])) for ring in range(1, max(rings) + 1)]
    np.testing.assert_allclose(log_power(torch.tensor(image32[None, None]).float())[1][0], expected, rtol=1e-9)


def test_twice_the_amplitude_is_log_4_at_every_frequency():
    real = noise(40, 16)
    images = gaussian_split(NUMBERS, images={"train": real, "held_out": real, "classic": real, "synthetic": 2 * real})
    measured = spectrum(images, draw_patients(images, 100, 0))
    for name in ("all", "a", "b"):
        row = found(measured, "spectrum_distance", "synthetic", name)
        assert row.value == pytest.approx(np.log10(4), abs=1e-6)
        assert row.draws.mean() == pytest.approx(row.value)
        assert found(measured, "spectrum_outside", "synthetic", name).value == 1
        assert found(measured, "spectrum_distance", "train", name).value == pytest.approx(0, abs=1e-6)
        assert found(measured, "spectrum_outside", "classic", name).value == 0
    assert {row.features for row in measured} == {"pixels"}


def test_class_shares_make_no_distance_over_all_classes():
    labels = np.arange(40) % 2
    real = torch.where(torch.tensor(labels == 0)[:, None, None, None], noise(40, 16), noise(40, 16, sd=0.01))
    images = gaussian_split(NUMBERS, images=dict.fromkeys(NUMBERS, real))
    images.synthetic.labels[:] = labels
    part = images.synthetic.where(np.r_[0:40:2, [1, 3, 5]])  # as many of one class, three of the other
    shares = type(images)(images.class_names, images.train, images.held_out, images.classic, part)
    measured = spectrum(shares, draw_patients(shares, 20, 0))
    second = found(measured, "spectrum_distance", class_name="b").value
    assert found(measured, "spectrum_distance", class_name="a").value == pytest.approx(0, abs=1e-9)
    assert found(measured, "spectrum_distance").value == pytest.approx(second / 2)  # half of the held-out lesions


def test_the_figure_shows_what_was_measured():
    sharp = {which: noise(40, 16, seed) for seed, which in enumerate(NUMBERS)}
    images = gaussian_split(NUMBERS, images=sharp | {"synthetic": 1.2 * sharp["synthetic"]})
    draws = draw_patients(images, 200, 0)
    shown = json.loads(json.dumps(spectra(images, draws)))
    assert list(shown["classes"]) == ["all", "a", "b"]
    for name, curves in shown["classes"].items():
        low, high, synthetic = (np.array(curves[key]) for key in ("low", "high", "synthetic"))
        assert len(low) == len(shown["frequency"]) == 11
        held_out = log_power(
            images.held_out.images if name == "all" else images.held_out.of_class("ab".index(name)).images
        )
        assert ((low < held_out[1].mean(0)) & (held_out[1].mean(0) < high)).all()
        outside = found(spectrum(images, draws), "spectrum_outside", class_name=name).value
        assert ((synthetic < low) | (synthetic > high)).mean() == pytest.approx(outside)


def test_a_band_of_four_patients_says_nothing():
    images = gaussian_split(NUMBERS | {"held_out": 8})
    draws = draw_patients(images, 20, 0)
    row = found(spectrum(images, draws), "spectrum_outside", class_name="a")
    assert np.isnan(row.value)
    assert np.isnan(row.draws).all()
    assert list(spectra(images, draws)["classes"]) == ["all"]
    assert np.isfinite(found(spectrum(images, draws), "spectrum_outside").value)


def test_a_set_without_images_has_no_numbers():
    images = gaussian_split({"held_out": 20, "train": 20, "synthetic": 1})
    draws = draw_patients(images, 20, 0)
    measured = spectrum(images, draws)
    for which, name, expected in (("classic", "a", True), ("synthetic", "a", False), ("synthetic", "b", True)):
        assert np.isnan(found(measured, "spectrum_distance", which, name).value) == expected
    assert np.isnan(found(measured, "spectrum_distance").value)  # not over all classes, of which one is missing
    assert list(spectra(images, draws)["classes"]) == ["a"]
