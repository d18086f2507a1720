import numpy as np
import torch

from callbacks.random_features import RandomFeatures
from liverlab.quality.random_space import random_networks


def test_five_networks_that_differ_look_at_images_around_0():
    images = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    before = torch.get_rng_state()
    features = [read(images) for read in random_networks()]
    assert [(rows.shape, rows.dtype) for rows in features] == [((4, 64), np.float64)] * 5
    assert len({rows.tobytes() for rows in features}) == 5
    np.testing.assert_array_equal(features[3], RandomFeatures(seed=3)(2 * images - 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert not random_networks()[0](torch.full((1, 1, 32, 32), 0.5)).any()  # no bias: grey is nothing
