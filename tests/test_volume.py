import numpy as np

from data_modules.readers.volume import Volume


def test_world_to_index_through_spacing_origin_and_direction():
    # index x runs to the front (-y), index y to the feet (-z), index z to the left (+x): a sagittal stack
    direction = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=float)
    origin = np.array([10.0, 20.0, 30.0])
    volume = Volume((5, 6, 7), (4.0, 0.5, 0.25), origin, direction, 4.0, lambda k: np.full((6, 7), k, np.float32))
    points = origin + np.array([[8.0, 0, 0], [0, -1.0, 0], [0, 0, -3.0]])
    np.testing.assert_allclose(volume.index_of(points), [[2, 0, 0], [0, 0, 4], [0, 6, 0]], atol=1e-12)
    assert volume.hu()[:, 0, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_single_slice_without_thickness_measures_distance_in_mm():
    volume = Volume((1, 2, 2), (0.0, 1.0, 1.0), np.zeros(3), np.eye(3), 0.0, lambda k: np.zeros((2, 2), np.float32))
    np.testing.assert_allclose(volume.index_of(np.array([1.0, 0.0, 2.5])), [2.5, 0, 1])
