import numpy as np
import pytest

from data_modules.phantom.canvas import Canvas
from data_modules.phantom.vessels import MASS_EFFECT, THINNEST_MM, Vessels, grow, paint_vessels, push_aside


def tree(radius_mm, inside=lambda points: np.ones(len(points), bool), seed=0):
    root = np.zeros((1, 3)), np.array([[1.0, 0, 0]]), np.array([radius_mm]), np.array([150.0])
    return grow(*root, inside, np.random.default_rng(seed))


def piece(start, end, radius_mm, hu=100.0):
    return Vessels(np.array([start], float), np.array([end], float), np.array([radius_mm]), np.array([hu]))


def test_daughters_keep_murrays_law():
    vessels = tree(2.0)
    cubes = {}
    for start, radius in zip(vessels.start, vessels.radius_mm, strict=True):
        cubes.setdefault(tuple(start), []).append(radius**3)
    parents = {tuple(end): radius**3 for end, radius in zip(vessels.end, vessels.radius_mm, strict=True)}
    pairs = [(parents[start], own) for start, own in cubes.items() if start in parents and len(own) == 2]
    assert len(pairs) > 3
    for parent, own in pairs:
        assert sum(own) == pytest.approx(parent)


def test_branching_ends_at_the_organ_and_at_thin_vessels():
    vessels = tree(6.0, lambda points: points[:, 0] < 60, seed=1)
    assert vessels.end[:, 0].max() < 60
    assert 6.0 >= vessels.radius_mm.min() >= THINNEST_MM


def test_painted_vessel_has_the_volume_of_a_capsule():
    axis = np.arange(-12, 12.25, 0.5, dtype=np.float32)
    canvas = Canvas(axis, axis, axis, np.zeros((49, 49, 49), np.float32))
    paint_vessels(canvas, piece((-5, -2, 0), (5, 2, 1), 3.0))
    length = np.sqrt(10**2 + 4**2 + 1)
    expected = np.pi * 3**2 * length + 4 / 3 * np.pi * 3**3
    assert canvas.hu.sum() / 100 * 0.5**3 == pytest.approx(expected, rel=0.02)


def test_vessels_beside_the_canvas_leave_no_trace():
    axis = np.arange(-12, 12.25, 0.5, dtype=np.float32)
    canvas = Canvas(axis, axis, axis[:3], np.zeros((3, 49, 49), np.float32))
    paint_vessels(canvas, piece((-5, -2, 40), (5, 2, 50), 3.0))
    assert not canvas.hu.any()


def test_a_lesion_keeps_the_volume_of_the_tissue_that_it_pushes():
    # a shell of vessel ends at 15 mm encloses 4/3 pi 15^3; behind a ball of 10 mm it encloses MASS_EFFECT of it more
    directions = np.random.default_rng(0).normal(size=(200, 3))
    shell = 15 * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    start = Vessels(shell, 2 * shell, np.ones(200), np.ones(200))
    moved = push_aside(start, np.zeros(3), 10.0)
    volume = np.linalg.norm(moved.start, axis=1) ** 3
    assert volume.min() == pytest.approx(15**3 + MASS_EFFECT * 10**3)
    far = push_aside(piece((200, 0, 0), (210, 0, 0), 1.0), np.zeros(3), 10.0)
    assert far.start[0] == pytest.approx([200, 0, 0], abs=0.01)


def test_a_pushed_vessel_bends_without_a_gap():
    moved = push_aside(piece((-14, 3, 0), (14, 3, 0), 1.0), np.zeros(3), 10.0)
    assert len(moved.hu) > 1
    assert moved.end[:-1] == pytest.approx(moved.start[1:])
    assert np.linalg.norm(moved.end[:-1], axis=1).min() > 9  # of the four joints none stays inside
