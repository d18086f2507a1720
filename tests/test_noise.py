import torch

from liverlab.models.noise import latent_noise, seed_batch


def draw(*key):
    seed_batch(*key)
    return torch.rand(8)


def test_noise_is_keyed_on_seed_rank_batch_and_phase():
    keys = [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 0, 2)]
    drawn = [draw(*key) for key in keys]
    assert all(torch.equal(a, draw(*key)) for a, key in zip(drawn, keys, strict=True))
    assert all(not torch.equal(drawn[0], other) for other in drawn[1:])


def test_uniform_and_normal_moments():
    torch.manual_seed(0)
    uniform = latent_noise(10_000, 10, "uniform", torch.device("cpu"))
    normal = latent_noise(10_000, 10, "normal", torch.device("cpu"))
    assert -1 <= uniform.min() < -0.99
    assert 0.99 < uniform.max() <= 1
    torch.testing.assert_close(uniform.var(), torch.tensor(1 / 3), atol=0.005, rtol=0)
    torch.testing.assert_close(normal.var(), torch.tensor(1.0), atol=0.02, rtol=0)
