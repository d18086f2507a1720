from itertools import product

import numpy as np
import pytest
import torch
from lesion_textures import textures

from liverlab.quality.neighbours import BLOCK, lesion_distances, nearest
from liverlab.quality.orbit import orbit, views


def test_distances_are_those_of_a_double_loop():
    images, lesions = textures(BLOCK + 2, 0), textures(3, 1)
    found = lesion_distances(images, orbit(lesions))
    seen, turned = views(images).numpy(), orbit(lesions).numpy()
    for i, j in product((0, 1, BLOCK - 1, BLOCK, BLOCK + 1), range(3)):
        largest = max(float(np.dot(a, b)) for a in seen[i] for b in turned[j])
        assert found[i, j] == pytest.approx(np.sqrt(2 - 2 * largest), abs=1e-5)


def test_a_lesion_is_at_0_from_itself_however_turned():
    lesions = textures(3, 1)
    for changed in (lesions, lesions.flip(2), torch.rot90(lesions, 1, (2, 3))):
        distances = lesion_distances(changed, orbit(lesions))
        assert distances.diagonal() == pytest.approx(0, abs=2e-3)
        assert distances[~np.eye(3, dtype=bool)].min() > 0.2


def test_the_second_nearest_is_of_another_patient():
    distances = np.array([[0.2, 0.1, 0.5, 0.4], [0.9, 0.8, 0.3, 0.6]], dtype=np.float32)
    found = nearest(distances, np.array([7, 7, 8, 9]))
    assert found.lesion.tolist() == [1, 2]
    assert found.distance == pytest.approx([0.1, 0.3])
    assert found.ratio == pytest.approx([0.1 / 0.4, 0.3 / 0.6])  # .2 is the same patient's


def test_no_images_have_no_distances():
    assert lesion_distances(torch.zeros(0, 1, 64, 64), orbit(textures(3, 1))).shape == (0, 3)
