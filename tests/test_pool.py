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
