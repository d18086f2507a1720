import numpy as np
import pytest
import torch
from gaussian_split import found, gaussian_split
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from liverlab.quality.draws import Draws, draw_patients
from liverlab.quality.variety import ms_ssim, variety

NUMBERS = {"train": 24, "held_out": 12, "classic": 24, "synthetic": 24}


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [11, 16, 32, 64, 100])
def test_an_image_is_itself(size):
    images = noise(3, 1, size, size)
    assert ms_ssim(images, images) == pytest.approx(1)


@pytest.mark.parametrize(("size", "exponent"), [(64, 0.3001 / (0.0448 + 0.2856 + 0.3001)), (176, 0.1333), (16, 1)])
def test_even_images_differ_in_luminance_at_the_coarsest_scale_only(size, exponent):
    dark, light = torch.full((1, 1, size, size), 0.25), torch.full((1, 1, size, size), 0.75)
    luminance = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)  # Wang et al. 2004, C1 = .01^2
    assert ms_ssim(dark, light) == pytest.approx(luminance**exponent, abs=1e-3)  # float32


def test_large_and_very_small_images_agree_with_torchmetrics():
    one, other = noise(2, 1, 180, 180), (noise(2, 1, 180, 180) + noise(2, 1, 180, 180, seed=1)) / 2
    expected = multiscale_structural_similarity_index_measure(one, other, data_range=1.0, reduction="none")
    assert ms_ssim(one, other) == pytest.approx(expected.numpy(), abs=1e-4)  # the published exponents sum to 1.0001
    one, other = one[..., :14, :14], other[..., :14, :14]
    expected = structural_similarity_index_measure(one, other, data_range=1.0, reduction="none")
    assert ms_ssim(one, other) == pytest.approx(expected.numpy(), abs=1e-5)


def test_images_smaller_than_the_kernel_cannot_be_compared():
    assert np.isnan(ms_ssim(noise(2, 1, 8, 8), noise(2, 1, 8, 8))).all()


def test_a_generator_of_one_image_per_class_is_seen():
    same = noise(2, 1, 16, 16)[np.arange(24) % 2]
    images = gaussian_split(
        NUMBERS, images={w: noise(n, 1, 16, 16, seed=n) for w, n in NUMBERS.items()} | {"synthetic": same}
    )
    measured = variety(images, draw_patients(images, 20, 0))
    for name in ("all", "a", "b"):
        assert found(measured, "ms_ssim", "synthetic", name).value == pytest.approx(1, abs=1e-6)
        assert found(measured, "ms_ssim", "train", name).value < 0.3
        assert found(measured, "ms_ssim", "held_out", name).value < 0.3
    row = found(measured, "ms_ssim", "held_out", "a")
    assert (row.features, row.count, row.reference) == ("pixels", 6, 0)
    assert {row.images for row in measured} == {"synthetic", "train", "held_out"}


def test_lesions_of_one_patient_are_no_pair():
    # three images, the same in each patient: with them, more than a tenth of the pairs would be 1
    real = noise(8, 1, 16, 16).repeat_interleave(3, 0)
    images = gaussian_split(
        NUMBERS, classes=1, per_patient=3, images=dict.fromkeys(NUMBERS, real) | {"held_out": real[:12]}
    )
    measured = variety(images, draw_patients(images, 5, 0))
    different = [float(ms_ssim(real[i : i + 1], real[j : j + 1])[0]) for i in range(0, 24, 3) for j in range(0, i, 3)]
    assert found(measured, "ms_ssim", "train").value <= max(different)
    assert np.isfinite(found(measured, "ms_ssim", "held_out").value)


def test_a_pair_counts_as_often_as_both_images_were_drawn():
    images = gaussian_split(
        {"train": 5, "held_out": 5, "synthetic": 5},
        classes=1,
        images=dict.fromkeys(("train", "held_out", "synthetic"), noise(5, 1, 16, 16)),
    )
    first, second, third = (images.train.images[i : i + 1] for i in range(3))
    alike = [float(ms_ssim(*pair)[0]) for pair in ((first, second), (first, third), (second, third))]
    drawn = [np.array([0, 0, 1, 1, 2]), np.array([0, 1]), np.array([3, 3, 3]), np.arange(5)]
    row = found(variety(images, Draws(drawn, drawn, drawn, drawn)), "ms_ssim", "train")
    expected = [(4 * alike[0] + 2 * alike[1] + 2 * alike[2]) / 8, alike[0], np.nan, row.value]
    np.testing.assert_allclose(row.draws, expected)


def test_four_patients_are_too_few():
    images = gaussian_split(
        NUMBERS | {"held_out": 8}, images={w: noise(n, 1, 16, 16) for w, n in (NUMBERS | {"held_out": 8}).items()}
    )
    row = found(variety(images, draw_patients(images, 5, 0)), "ms_ssim", "held_out", "a")
    assert np.isnan(row.value)
    assert np.isnan(row.draws).all()
