import numpy as np
import pytest

from data_modules.phantom_check.parenchyma import local_mean, parenchyma

SPACING_MM = 0.8


def liver(noise_hu=12):
    """A disc of liver on a slope, with vessels of 2 to 8 pixels, one lesion, and fat around."""
    y, x = np.indices((240, 240))
    inside = np.hypot(y - 120, x - 120) < 100
    vessels = np.zeros((240, 240), bool)
    for at, width in ((50, 2), (80, 8), (130, 3), (170, 5)):
        vessels[:, at : at + width] = True
    lesion = np.hypot(y - 120, x - 110) < 15
    hu = np.where(inside, 100 + 0.1 * (y - 120), -100) + 60 * (vessels & inside) - 90 * lesion
    noise = np.random.default_rng(0).normal(0, noise_hu, (6, 240, 240))
    stack = [np.broadcast_to(a, noise.shape) for a in (inside, lesion, vessels)]
    return (hu + noise).astype(np.float32), *stack


def test_noise_is_what_remains():
    hu, inside, lesion, vessels = liver()
    mask, residual = parenchyma(hu, inside, lesion, SPACING_MM)
    assert not (mask & (vessels | lesion | ~inside)).any()
    assert mask.sum() > 0.4 * inside.sum()
    assert residual[mask].std() == pytest.approx(12, rel=0.02)
    assert residual[mask].mean() == pytest.approx(0, abs=0.2)
    assert not residual[~mask].any()


def test_a_liver_full_of_lesion_has_no_parenchyma():
    hu, inside, _, _ = liver()
    mask, _ = parenchyma(hu, inside, inside, SPACING_MM)
    assert not mask.any()


def test_local_mean_sees_the_mask_alone():
    hu = np.zeros((1, 9, 9), np.float32)
    hu[0, 4, 4], hu[0, 4, 5] = 70, 1000
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 4, 4] = True
    assert local_mean(hu, mask, 1.0, 1.0)[0, 4, 3:6] == pytest.approx(70)
