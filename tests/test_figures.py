import base64
import io

import numpy as np
from PIL import Image

from liverlab.report.figures import ARMS, arm_colour, tiles


def opened(uri):
    assert uri.startswith("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))


def test_tiles_hold_the_very_pixels_eight_to_a_row():
    images = np.random.default_rng(0).integers(1, 256, (10, 64, 64), dtype=np.uint8)
    sheet = np.asarray(opened(tiles(images)).convert("LA"))
    assert sheet.shape == (2 * 64 + 1, 8 * 64 + 7, 2)
    np.testing.assert_array_equal(sheet[:64, 65:129, 0], images[1])
    np.testing.assert_array_equal(sheet[65:, 65:129, 0], images[9])
    assert (sheet[:64, :64, 1] == 255).all()
    assert (sheet[64, :, 1] == 0).all()  # the gaps show the page
    assert (sheet[65:, 130:, 1] == 0).all()


def test_black_is_no_gap_and_few_tiles_leave_no_empty_columns():
    sheet = np.asarray(opened(tiles(np.zeros((1, 5, 7), dtype=np.uint8))).convert("LA"))
    assert sheet.shape == (5, 7, 2)
    assert (sheet == [1, 255]).all()


def test_colours_repeat_after_six_arms():
    assert arm_colour(7) == arm_colour(1)
    assert len(set(ARMS)) == 6
