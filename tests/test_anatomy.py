import numpy as np
import pytest

from data_modules.phantom.anatomy import CAPSULE_MM, Gallbladder, draw_anatomy
from data_modules.phantom.physique import draw_physique


def anatomy(seed):
    rng = np.random.default_rng(seed)
    return draw_anatomy(draw_physique(5.0, rng), rng)


@pytest.mark.parametrize("seed", range(3))
def test_liver_lies_on_the_patients_right_within_the_wall(seed):
    a = anatomy(seed)
    x, y = np.meshgrid(np.arange(-200, 200, 2, dtype=np.float32), np.arange(-150, 150, 2, dtype=np.float32))
    inside = a.liver_level(x, y, np.zeros((1, 1), np.float32)) < 0
    assert x[inside].mean() < -20  # LPS: the patient's right is negative
    assert a.wall_level(x, y)[inside].max() <= -CAPSULE_MM + 1e-3
    assert 10_000 < inside.sum() * 4 < 30_000  # mm2; an adult's largest section


def test_wall_may_be_given():
    a, x, y, z = anatomy(0), np.float32([[-60]]), np.float32([[10]]), np.float32([[5]])
    assert a.liver_level(x, y, z, a.wall_level(x, y)) == a.liver_level(x, y, z)


def test_gallbladder_ends_at_its_radii():
    g = Gallbladder((3, 4, 5), (10, 20, 30), 9.0)
    at = np.array([[13, 4, 5], [3, 24, 5], [3, 4, 35], [3, 4, 5]], np.float32)
    assert g.level(*at.T) == pytest.approx([0, 0, 0, -10], abs=1e-4)


def test_some_patients_have_no_gallbladder():
    without = sum(anatomy(seed).gallbladder is None for seed in range(60))
    assert 2 <= without <= 18  # 15 % of 60 is 9; binomial, 99.5 % within
