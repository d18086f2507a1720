import pytest
import torch
from torch import nn

from liverlab.config import ClassifierConfig
from liverlab.generator_config import ACGANConfig, DCGANConfig
from liverlab.models.networks import DCGANDiscriminator, Generator, HalfDropout, LesionCNN, OdenaDiscriminator


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def published_cnn(size=64):
    c = ClassifierConfig()
    return LesionCNN(num_classes=3, size=size, channels=c.channels, hidden=c.hidden, dropout=c.dropout)


def test_the_cnn_has_the_published_number_of_parameters():
    assert parameters(published_cnn()) == 1_273_347


def test_pooling_before_relu_is_the_published_function():
    torch.manual_seed(0)
    cnn = published_cnn().eval()
    layers = list(cnn)
    x = torch.randn(2, 1, 64, 64)
    published = x
    for conv, pool, relu in (layers[0:3], layers[3:6], layers[6:9]):
        published = pool(relu(conv(published)))
    torch.testing.assert_close(nn.Sequential(*layers[9:])(published), cnn(x))


def test_glorot_and_zero_bias():
    torch.manual_seed(0)
    dense = published_cnn()[10]
    bound = (6 / (4608 + 256)) ** 0.5
    assert dense.weight.abs().max() <= bound
    assert dense.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)
    assert (dense.bias == 0).all()


def test_generator_by_hand():
    c = DCGANConfig()
    generator = Generator(input_dim=c.latent_dim, channels=c.generator_channels, size=64)
    # dense 100 x 16384; 5x5 kernels 1024-512-256-128-1; batch norm after all but the last, which alone has a bias
    kernels = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128)
    assert parameters(generator) == 100 * 16384 + kernels + 1 + 2 * (1024 + 512 + 256 + 128)
    images = generator(torch.rand(2, 100) * 2 - 1)
    assert images.shape == (2, 1, 64, 64)
    assert images.abs().max() <= 1


def test_dcgan_discriminator_by_hand():
    network = DCGANDiscriminator(channels=64, size=64, outputs=1)
    kernels = 25 * (64 + 64 * 128 + 128 * 256 + 256 * 512)
    assert parameters(network) == kernels + 64 + 2 * (128 + 256 + 512) + 512 * 16 + 1
    assert network(torch.zeros(2, 1, 64, 64)).shape == (2, 1)


def test_odena_discriminator_strides_in_odd_layers_and_drops_in_all_but_the_last():
    c = ACGANConfig()
    network = OdenaDiscriminator(channels=c.discriminator_channels, size=64, outputs=4)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert [m.stride[0] for m in convolutions] == [2, 1, 2, 1, 2, 1]
    assert [m.out_channels for m in convolutions] == [16, 32, 64, 128, 256, 512]
    assert {m.kernel_size for m in convolutions} == {(3, 3)}
    assert sum(isinstance(m, nn.Dropout) and m.p == 0.5 for m in network.modules()) == 6
    assert network(torch.zeros(2, 1, 64, 64)).shape == (2, 4)


def test_half_dropout_zeroes_half_and_doubles_the_rest():
    torch.manual_seed(0)
    dropped = HalfDropout()(torch.ones(1001, 99))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert dropped.mean().item() == pytest.approx(1, abs=4 * 2 * 0.5 / (1001 * 99) ** 0.5)
    assert dropped.mean(0).std().item() == pytest.approx(1001**-0.5, rel=0.3)  # independent
    assert torch.equal(HalfDropout().eval()(torch.ones(3)), torch.ones(3))


def test_published_initialisation_of_the_gans():
    torch.manual_seed(0)
    generator = Generator(input_dim=100, channels=256, size=64)
    assert generator.project.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert generator.body[2].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert generator.body[0].weight.mean().item() == pytest.approx(1, abs=0.01)


def all_networks():
    c = ClassifierConfig()
    yield LesionCNN(num_classes=3, size=64, channels=c.channels, hidden=c.hidden, dropout=c.dropout)
    yield DCGANDiscriminator(channels=4, size=64, outputs=4)
    yield OdenaDiscriminator(channels=4, size=64, outputs=4)


@pytest.mark.parametrize("network", all_networks(), ids=lambda network: type(network).__name__)
def test_what_judges_ends_in_raw_logits(network):
    """Ten times the last layer is ten times the output: nothing squashes it."""
    images = torch.rand(2, 1, 64, 64)
    before = network.eval()(images)
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    last.weight.data *= 10
    last.bias.data *= 10
    torch.testing.assert_close(network(images), 10 * before)
    squashing = nn.Sigmoid | nn.Softmax | nn.LogSoftmax | nn.Tanh
    assert not any(isinstance(module, squashing) for module in network.modules())


def test_batch_norm_has_its_usual_constants():
    """`BatchNorm2d(n, 0.8)`, much copied, sets eps where momentum was meant."""
    networks = [*all_networks(), Generator(input_dim=8, channels=16, size=64)]
    norms = [m for network in networks for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 3 + 5 + 4
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-5, 0.1)}
