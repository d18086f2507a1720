import numpy as np
import pytest
from matplotlib.figure import Figure

from data_modules.lesion_drawing import draw_lesion


def test_square_bar_and_outline_are_in_mm():
    y, x = np.indices((60, 80))
    mask = np.hypot((y - 20) * 0.5, (x - 50) * 0.8) < 6
    ax = Figure().subplots()
    draw_lesion(ax, mask * -90.0 + 100, mask, (0.5, 0.8), (0, 200), centre=(20, 50), half_width_mm=9, bar_mm=5)
    assert (*ax.get_xlim(), *ax.get_ylim()) == pytest.approx((31, 49, 19, 1))  # rows run downwards
    bar = ax.lines[0].get_xdata()
    assert bar[1] - bar[0] == pytest.approx(5)
    image = ax.images[0]
    assert image.get_clim() == (0, 200)
    assert image.get_extent() == pytest.approx((-0.4, 63.6, 29.75, -0.25))  # pixel centres at whole multiples
    outline = ax.collections[0].get_paths()[0].vertices
    assert np.hypot(outline[:, 0] - 40, outline[:, 1] - 10) == pytest.approx(6, abs=0.8)


def test_without_a_mask_there_is_no_outline():
    ax = Figure().subplots()
    draw_lesion(ax, np.zeros((9, 9), np.float32), None, (1, 1), centre=(4, 4), half_width_mm=3)
    assert not ax.collections
