import numpy as np

from data_modules.lesion_tile import CONTOUR, lesion_tile


def test_window_contour_and_size():
    patch = np.full((256, 256), 40, dtype=np.int16)  # the middle of -160 to 240
    patch[:, :64], patch[:, 192:] = -1000, 900
    inside = np.zeros((256, 256), dtype=bool)
    inside[100:140, 100:140] = True
    for arguments, size in (({}, 256), ({"shrink": 2}, 128), ({"enlarge": 2}, 512)):
        tile = lesion_tile(patch, inside, **arguments)
        scale = size / 256
        assert tile.shape == (size, size, 3)
        assert tile.dtype == np.uint8
        assert tile[0, 0].tolist() == [0, 0, 0]
        assert tile[0, -1].tolist() == [255, 255, 255]
        assert tile[0, size // 2].tolist() == [127, 127, 127]
        contour = (tile == CONTOUR).all(axis=2)
        assert contour.sum() == 4 * 40 * scale  # once around, corners left out
        assert not contour[round(100 * scale) : round(140 * scale), round(100 * scale) : round(140 * scale)].any()
