import numpy as np
import pytest

from data_modules.readers.case_error import CaseError
from data_modules.readers.mask_grid import choose_label, choose_number, off_grid
from data_modules.readers.volume import Volume


def test_only_some_of_many_labels_are_listed():
    with pytest.raises(CaseError, match=r"which holds 1, 2, .*, 19, 20 and 4980 more"):
        choose_label([str(k) for k in range(1, 5001)], "x")


def test_a_number_or_a_name_that_is_itself_a_number():
    assert choose_number([(1, "cyst"), (2, "7"), (7, "other")], "cyst") == 1
    assert choose_number([(1, "cyst"), (2, "7")], "7") == 2
    assert choose_number([(1, "cyst"), (2, "other")], "2") == 2


def test_distance_from_the_grid_in_voxels():
    volume = Volume((5, 6, 7), (4.0, 0.5, 0.25), np.zeros(3), np.eye(3), 4.0, lambda k: np.zeros((6, 7), np.float32))
    steps = np.diag([0.25, -0.5, 4.0])
    np.testing.assert_allclose(off_grid(volume, np.array([0.55, 1.0, 7.0]), steps), (0.25, 0, 0.2))
    assert np.isinf(off_grid(volume, np.zeros(3), np.diag([0.25, 0.6, 4.0]))).all()
    turned = np.array([[0.2, 0.3, 0], [-0.15, 0.4, 0]])  # each as long as a voxel, but along none
    assert np.isinf(off_grid(volume, np.zeros(3), turned)).all()
