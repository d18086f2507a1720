import base64
import io

import numpy as np
from matplotlib.image import imread

from liverlab.report.figures import ARMS, arm_colour, tiles


def test_tiles_hold_the_very_pixels_four_to_a_row():
    images = np.random.default_rng(0).integers(0, 256, (6, 64, 64), dtype=np.uint8)
    uri = tiles(images)
    assert uri.startswith("data:image/png;base64,")
    sheet = np.round(imread(io.BytesIO(base64.b64decode(uri.split(",")[1]))) * 255).astype(int)
    assert sheet.shape == (2 * 64 + 1, 4 * 64 + 3, 4)
    np.testing.assert_array_equal(sheet[:64, 65:129, 0], images[1])
    np.testing.assert_array_equal(sheet[65:, 65:129, 2], images[5])
    assert (sheet[64, :, 3] == 0).all()  # the gaps show the page


def test_colours_repeat_after_six_arms():
    assert arm_colour(7) == arm_colour(1)
    assert len(set(ARMS)) == 6
