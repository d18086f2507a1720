import numpy as np
import pytest

from data_modules.phantom.canvas import Canvas
from data_modules.phantom.vessels import THINNEST_MM, Segment, grow, paint_segment


def test_daughters_keep_murrays_law():
    right = np.array([1.0, 0.0, 0.0])
    tree = list(grow(np.zeros(3), right, 2.0, lambda point: True, np.random.default_rng(0)))
    cubes = {}
    for segment in tree:
        cubes.setdefault(tuple(segment.start), []).append(segment.radius_mm**3)
    parents = {tuple(segment.end): segment.radius_mm**3 for segment in tree}
    pairs = [(parents[start], own) for start, own in cubes.items() if start in parents and len(own) == 2]
    assert len(pairs) > 3
    for parent, own in pairs:
        assert sum(own) == pytest.approx(parent)


def test_branching_ends_at_the_organ_and_at_thin_vessels():
    right = np.array([1.0, 0.0, 0.0])
    tree = list(grow(np.zeros(3), right, 6.0, lambda point: point[0] < 60, np.random.default_rng(1)))
    assert all(segment.end[0] < 60 for segment in tree)
    assert 6.0 >= min(segment.radius_mm for segment in tree) >= THINNEST_MM


def test_painted_vessel_has_the_volume_of_a_capsule():
    axis = np.arange(-12, 12.25, 0.5, dtype=np.float32)
    canvas = Canvas(axis, axis, axis, np.zeros((49, 49, 49), np.float32))
    paint_segment(canvas, Segment(np.array([-5.0, -2, 0]), np.array([5.0, 2, 1]), 3.0), 100.0)
    length = np.sqrt(10**2 + 4**2 + 1)
    expected = np.pi * 3**2 * length + 4 / 3 * np.pi * 3**3
    assert canvas.hu.sum() / 100 * 0.5**3 == pytest.approx(expected, rel=0.02)
