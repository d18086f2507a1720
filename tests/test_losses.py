import math

import pytest
import torch

from liverlab.models.losses import class_loss, fake_loss, real_loss


def test_losses_by_hand():
    logits = torch.tensor([0.0, math.log(3)])  # D = 1/2 and 3/4
    assert real_loss(logits).item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)
    assert fake_loss(logits).item() == pytest.approx((math.log(2) + math.log(4)) / 2)
    classes = torch.tensor([[0.0, 0.0, math.log(2)]])  # probabilities 1/4, 1/4, 1/2
    assert class_loss(classes, torch.tensor([0])).item() == pytest.approx(math.log(4))


def test_large_logits_stay_finite():
    assert real_loss(torch.tensor([-200.0])).item() == pytest.approx(200)
    assert fake_loss(torch.tensor([200.0])).item() == pytest.approx(200)
