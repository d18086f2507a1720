import numpy as np
import pytest

from data_modules.phantom.patterns import draw_nodules, draw_specks, draw_waves, layer, step


def points(diameter_mm, nodes=61, height=0.0):
    axis = np.linspace(-0.5, 0.5, nodes) * diameter_mm
    x, y = np.meshgrid(axis, axis)
    inside = x**2 + y**2 < diameter_mm**2 / 4
    return tuple(np.float32(a[inside]) for a in (x, y, np.full_like(x, height)))


def test_step_is_half_at_its_place():
    assert step(np.float32([-2, 0, 0.5, 2]), 2).tolist() == [0, 0.5, 0.75, 1]


def test_layer_is_a_rim_around_a_core():
    assert layer(np.float32([0.5, 3, 9]), 90, 3, 50) == pytest.approx([90, 70, 50])


def test_waves_stay_within_one_and_change_over_their_length():
    waves = draw_waves(4.0, np.random.default_rng(0))
    p = points(100)
    assert np.abs(waves(p)).max() <= 1
    near = waves(tuple(a + np.float32(0.2) for a in p))
    assert np.abs(near - waves(p)).max() < 3 * 0.2 / 4  # the steepest that three unit waves of 1/4 per mm can be


@pytest.mark.parametrize(("diameter_mm", "fill"), [(12.0, 0.5), (40.0, 0.3), (90.0, 0.08)])
def test_nodules_fill_their_part_of_the_middle(diameter_mm, fill):
    parts = []
    for seed in range(12):
        nodules = draw_nodules(diameter_mm, fill, np.linspace(120, 160, 7), np.random.default_rng(seed))
        share, hu = nodules(points(diameter_mm))
        assert set(np.unique(hu)) <= set(np.linspace(120, 160, 7).astype(np.float32))
        parts.append(share.mean())
    assert np.mean(parts) == pytest.approx(fill, abs=0.03)


def test_nodules_lie_at_the_margin():
    x, y, z = points(60)
    share, _ = draw_nodules(60, 0.2, np.full(7, 150.0), np.random.default_rng(1))((x, y, z))
    r = np.hypot(x, y)
    assert share[r > 20].mean() > 3 * share[r < 10].mean()


def test_specks_are_bright_small_and_near_the_middle():
    x, y, z = points(30, 241)
    hu = draw_specks(30, np.random.default_rng(2))((x, y, z))
    assert 100 < hu.max() < 2 * 350
    assert np.hypot(x, y)[hu > 0].max() < 0.28 * 30 * np.sqrt(2) + 2
    assert (hu > 0).mean() < 0.1
