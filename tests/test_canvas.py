import numpy as np
import pytest

from data_modules.phantom.canvas import Canvas, ellipse_level, smooth_max

AXIS = np.arange(-30, 30.5, 1.0, dtype=np.float32)


def blank():
    return Canvas(AXIS, AXIS, np.zeros(1, np.float32), np.zeros((1, 61, 61), np.float32))


def test_painted_ellipse_has_its_area():
    canvas = blank()
    box = canvas.everywhere()
    x, y, _ = canvas.points(box)
    canvas.paint(box, canvas.cover(ellipse_level(x, y, (1.3, -2.2), (20, 12))), 2.0)
    assert canvas.hu.sum() / 2 == pytest.approx(np.pi * 20 * 12, rel=0.005)


def test_painting_replaces_in_proportion():
    canvas = blank()
    canvas.paint(canvas.everywhere(), np.ones((1, 61, 61), np.float32), 100)
    canvas.paint(canvas.everywhere(), np.full((1, 61, 61), 0.25, np.float32), 20)
    assert np.all(canvas.hu == 80)


def test_box_is_clipped_to_the_canvas():
    box = blank().box((-99, 5, -1), (-20, 8, 1))
    assert (box[2], box[1], box[0]) == (slice(0, 10), slice(35, 38), slice(0, 1))


def test_many_boxes_are_those_of_one_at_a_time():
    low, high = np.array([[-99.0, 5, -1], [3, 3, 3]]), np.array([[-20.0, 8, 1], [4, 4, 4]])
    first, stop = blank().boxes(low, high)
    assert first.tolist() == [[0, 35, 0], [33, 33, 1]]
    assert stop.tolist() == [[10, 38, 1], [34, 34, 1]]  # the second one lies above the slice: nothing of it


def test_boxy_ellipse_passes_through_its_axes_and_bulges_at_its_corners():
    x, y = np.array([20, 0, 14.2], np.float32), np.array([0, 12, 8.5], np.float32)
    level = ellipse_level(x, y, (0, 0), (20, 12), 2.25)
    assert np.abs(level[:2]).max() < 0.01
    assert level[2] < 0 < ellipse_level(x, y, (0, 0), (20, 12))[2]


def test_smooth_maximum_is_the_maximum_away_from_the_crease():
    a, b = np.array([5.0, 1.0], np.float32), np.array([-5.0, 1.0], np.float32)
    assert smooth_max(a, b, 4).tolist() == [5, 2]  # at the crease: max + blend / 4
