import math

import pytest
import torch

from liverlab.models.losses import class_loss, fake_loss, r1_penalty, real_loss
from liverlab.models.networks import DCGANDiscriminator


def test_losses_by_hand():
    logits = torch.tensor([0.0, math.log(3)])  # D = 1/2 and 3/4
    assert real_loss(logits).item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)
    assert fake_loss(logits).item() == pytest.approx((math.log(2) + math.log(4)) / 2)
    classes = torch.tensor([[0.0, 0.0, math.log(2)]])  # probabilities 1/4, 1/4, 1/2
    assert class_loss(classes, torch.tensor([0])).item() == pytest.approx(math.log(4))


def test_large_logits_stay_finite():
    assert real_loss(torch.tensor([-200.0])).item() == pytest.approx(200)
    assert fake_loss(torch.tensor([200.0])).item() == pytest.approx(200)


def test_smoothed_real_loss_by_hand():
    logits = torch.tensor([math.log(3)])  # D = 3/4; the target is 0.9
    expected = 0.9 * math.log(4 / 3) + 0.1 * math.log(4)
    assert real_loss(logits, smoothing=0.1).item() == pytest.approx(expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):  # where the target would be 0.8984
        assert real_loss(torch.tensor([-200.0]).bfloat16(), smoothing=0.1).item() == pytest.approx(180.0)


def test_r1_of_a_linear_discriminator_by_hand():
    """D(x) = w x has the gradient w everywhere: the penalty is gamma/2 |w|^2, its own gradient gamma w."""
    network = torch.nn.Linear(3, 1)
    network.weight.data = torch.tensor([[1.0, -2.0, 3.0]])
    penalty = r1_penalty(network, torch.randn(5, 3), 10.0)
    penalty.backward()
    assert penalty.item() == pytest.approx(10 / 2 * (1 + 4 + 9))
    torch.testing.assert_close(network.weight.grad, 10.0 * network.weight.data)


def test_r1_of_a_discriminator_by_finite_differences():
    torch.manual_seed(0)
    network = DCGANDiscriminator(channels=2, size=16, outputs=1).double().eval()
    for weight in network.parameters():
        weight.data *= 10
    image, h = torch.rand(1, 1, 16, 16, dtype=torch.double), 1e-6
    steps = h * torch.eye(256, dtype=torch.double).view(256, 1, 16, 16)
    slopes = (network(image + steps) - network(image - steps)) / (2 * h)
    expected = 7.0 / 2 * slopes.square().sum().item()
    assert r1_penalty(network, image, 7.0).item() == pytest.approx(expected, rel=1e-5)
    assert expected > 1e-6
