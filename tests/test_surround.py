import numpy as np
import pytest

from data_modules.surround import FEATURES, ring_hu

SPACING = (0.5, 1.0)


def lesion(shape=(160, 90), centre=(80, 45), radius_mm=10.0):
    y, x = np.indices(shape)
    return np.hypot((y - centre[0]) * SPACING[0], (x - centre[1]) * SPACING[1]) <= radius_mm


def test_the_ring_lies_3_to_12_mm_outside():
    y, x = np.indices((160, 90))
    distance = np.hypot((y - 80) * 0.5, (x - 45) * 1.0)
    hu, _ = ring_hu(distance.astype(np.float32), lesion(), SPACING)
    assert hu.min() == pytest.approx(13, abs=1)
    assert hu.max() == pytest.approx(22, abs=1)
    # area of the ring over that of a pixel
    assert hu.size == pytest.approx(np.pi * (22**2 - 13**2) / 0.5, rel=0.05)


def test_features_of_noise_around_100_hu():
    slice_hu = np.random.default_rng(0).normal(100, 12, (160, 90)).astype(np.float32)
    _, features = ring_hu(slice_hu, lesion(), SPACING)
    median, low, high, noise = features
    assert len(features) == len(FEATURES)
    assert median == pytest.approx(100, abs=1.5)
    assert [low, high] == pytest.approx([100 - 1.2816 * 12, 100 + 1.2816 * 12], abs=2)
    assert noise == pytest.approx(12, rel=0.1)


def test_outside_the_image_there_is_nothing_to_measure():
    small = np.full((20, 12), 50, np.float32)
    hu, features = ring_hu(small, lesion((20, 12), (10, 6), 30.0), SPACING)
    assert (hu.size, features) == (0, ())
