import pytest
import torch

from data_modules.pool import Provenance, SamplePool


def test_save_then_load(tmp_path):
    origin = Provenance("dcgan", "abc", 1, 2, ("P1", "P2"), 7)
    pool = SamplePool(torch.rand(6, 1, 8, 8) * 2 - 1, torch.arange(6) % 3, origin)
    pool.save(tmp_path)
    loaded = SamplePool.load(tmp_path)
    assert loaded.provenance == origin
    assert loaded.labels.tolist() == [0, 1, 2, 0, 1, 2]
    torch.testing.assert_close(loaded.images, pool.images, atol=2**-11, rtol=0)


def test_smaller_pools_are_nested_in_larger_ones():
    origin = Provenance("dcgan", "abc", 1, 2, ("P1",), 7)
    images = torch.arange(12.0).view(12, 1, 1, 1)
    pool = SamplePool(images, torch.tensor([0] * 4 + [1] * 4 + [2] * 4), origin)
    assert pool.first(1).images.flatten().tolist() == [0, 4, 8]
    three = pool.first(3)
    assert three.images.flatten().tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert three.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert three.provenance == origin
    assert three.first(1).images.equal(pool.first(1).images)
    with pytest.raises(AssertionError, match="fewer than were asked for"):
        pool.first(5)
