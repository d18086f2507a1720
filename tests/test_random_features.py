import torch

from callbacks.random_features import RandomFeatures


def images(count=4, seed=0):
    return torch.rand(count, 1, 64, 64, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_one_seed_gives_one_encoder_and_another_another():
    same, other = RandomFeatures(seed=1)(images()), RandomFeatures(seed=2)(images())
    assert same.shape == (4, 64)
    assert torch.equal(same, RandomFeatures(seed=1)(images()))
    assert not torch.allclose(same, other)


def test_torchs_random_state_is_neither_read_nor_changed():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = RandomFeatures()(images())
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    assert torch.equal(RandomFeatures()(images()), first)


def test_no_bias_means_that_features_scale_with_the_image():
    # convolutions without bias and ReLU are positively homogeneous
    encode = RandomFeatures()
    torch.testing.assert_close(encode(3 * images()), 3 * encode(images()))
