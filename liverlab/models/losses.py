"""GAN losses, all on logits: a sigmoid or softmax before them is refused by CUDA autocast or silently wrong."""

import torch
import torch.nn.functional as F
from torch import Tensor


def real_loss(source_logits: Tensor) -> Tensor:
    """Mean of -log D(x), for images that should be taken for real.

    As the generator's loss it is the non-saturating one of Goodfellow et al. 2014 (arXiv:1406.2661), sec. 3.
    """
    return F.binary_cross_entropy_with_logits(source_logits, torch.ones_like(source_logits))


def fake_loss(source_logits: Tensor) -> Tensor:
    """Mean of -log(1 - D(x)), for images that should be taken for generated."""
    return F.binary_cross_entropy_with_logits(source_logits, torch.zeros_like(source_logits))


def class_loss(class_logits: Tensor, labels: Tensor) -> Tensor:
    """Minus L_C of Odena et al. 2017 (arXiv:1610.09585): cross-entropy of the auxiliary head."""
    return F.cross_entropy(class_logits, labels)
