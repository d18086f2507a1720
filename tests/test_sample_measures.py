import math
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d

from callbacks.random_features import RandomFeatures
from callbacks.sample_measures import Reference, mean_change, mean_distance


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def flat(value, count=1):
    return torch.full((count, 1, 2, 2), value)


def kid(real, fake):
    zeros = torch.zeros(len(real), dtype=torch.long)
    return Reference(real, zeros, per_class=len(real)).measure({0: fake})["kid_0"]


def test_kid_is_the_unbiased_estimate_by_its_definition():
    real, fake = noise(6, 1, 16, 16), noise(6, 1, 16, 16, seed=1) + 0.5
    x, y = (RandomFeatures()(images).double().numpy() for images in (real, fake))

    def mean_kernel(a, b, pairs):
        return np.mean([(a[i] @ b[j] / 64 + 1) ** 3 for i, j in pairs])

    everything = list(product(range(6), repeat=2))
    others = [(i, j) for i, j in everything if i != j]
    expected = mean_kernel(x, x, others) + mean_kernel(y, y, others) - 2 * mean_kernel(x, y, everything)
    assert kid(real, fake) == pytest.approx(expected, rel=1e-3)


def test_kid_is_around_zero_over_halves_of_one_distribution():
    halves = [noise(32, 1, 16, 16, seed=seed).split(16) for seed in range(100)]
    values = [kid(*pair) for pair in halves]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(len(values))
    assert min(values) < 0 < max(values)


@pytest.mark.parametrize("change", [lambda x: x + 0.5, lambda x: x * 0.5, lambda x: avg_pool2d(x, 3, 1, 1)])
def test_kid_sees_brightness_contrast_and_blur(change):
    pairs = [noise(128, 1, 32, 32, seed=seed).split(64) for seed in range(5)]
    assert min(kid(real, change(fake)) for real, fake in pairs) > 5 * max(abs(kid(*pair)) for pair in pairs)


def test_mean_distance_by_hand():
    # levels 0, 1 and 3 differ by 1, 2 and 3
    assert mean_distance(torch.cat([flat(0.0), flat(1.0), flat(3.0)])).item() == pytest.approx(2.0)
    assert math.isnan(mean_distance(flat(0.0)))


def test_mean_distance_of_white_noise_is_sqrt_2():
    assert mean_distance(noise(8, 1, 64, 64)).item() == pytest.approx(math.sqrt(2), rel=0.01)


def test_mean_change_compares_equal_positions():
    # at both positions the labels differ by 1, 4 and 3, though the positions differ by 10
    samples = [torch.cat([flat(level), flat(level + 10)]) for level in (0.0, 1.0, 4.0)]
    assert mean_change(samples).item() == pytest.approx(8 / 3)


def levels(*values):
    return torch.cat([flat(value) for value in values])


def test_spread_and_label_effect_are_in_units_of_the_real_images():
    images, labels = levels(0.0, 2.0, 0.0, 4.0), torch.tensor([0, 0, 1, 1])
    measured = Reference(images, labels, per_class=8).measure({0: levels(1.0, 2.0), 1: levels(2.0, 3.0)})
    assert measured["spread_0"] == pytest.approx(1 / 2)
    assert measured["spread_1"] == pytest.approx(1 / 4)
    # real pairs of all classes: 2, 0, 4, 2, 2, 4
    assert measured["label_effect"] == pytest.approx(1 / (14 / 6))


def test_one_label_has_no_label_effect():
    measured = Reference(levels(0.0, 2.0), torch.tensor([1, 1]), per_class=8).measure({1: levels(0.0, 2.0)})
    assert sorted(measured) == ["kid_1", "spread_1"]


def test_a_class_of_one_image_cannot_be_measured_but_does_no_harm():
    reference = Reference(levels(0.0, 2.0, 1.0), torch.tensor([0, 0, 1]), per_class=8)
    measured = reference.measure({0: levels(0.0, 1.0), 1: levels(0.0, 1.0)})
    assert math.isnan(measured["kid_1"])
    assert math.isnan(measured["spread_1"])
    assert math.isfinite(measured["spread_0"])


def test_at_most_so_many_images_of_each_class_are_used():
    reference = Reference(noise(30, 1, 16, 16), torch.arange(30) % 3, per_class=6)
    assert reference.count == 6
    assert [len(features) for features in reference.features.values()] == [6, 6, 6]


def test_images_of_the_real_distribution_have_its_spread():
    images, labels = noise(128, 1, 32, 32), torch.zeros(64, dtype=torch.long)
    measured = Reference(images[:64], labels, per_class=64).measure({0: images[64:]})
    assert measured["spread_0"] == pytest.approx(1, rel=0.02)
