"""GAN losses, all on logits: a sigmoid or softmax before them is refused by CUDA autocast or silently wrong."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def real_loss(source_logits: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Mean of -log D(x), for images that should be taken for real.

    As the generator's loss it is the non-saturating one of Goodfellow et al. 2014 (arXiv:1406.2661), sec. 3.

    Args:
        source_logits: Shape (N,) or (N, 1).
        smoothing: The target is 1 less this; one-sided, for real images only: Salimans et al. 2016
            (arXiv:1606.03498), sec. 3.4.
    """
    logits = full_precision(source_logits)
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, 1.0 - smoothing))


def fake_loss(source_logits: Tensor) -> Tensor:
    """Mean of -log(1 - D(x)), for images that should be taken for generated."""
    return F.binary_cross_entropy_with_logits(source_logits, torch.zeros_like(source_logits))


def class_loss(class_logits: Tensor, labels: Tensor) -> Tensor:
    """Minus L_C of Odena et al. 2017 (arXiv:1610.09585): cross-entropy of the auxiliary head."""
    return F.cross_entropy(class_logits, labels)


def r1_penalty(discriminate: Callable[[Tensor], Tensor], images: Tensor, gamma: float) -> Tensor:
    """R1 of Mescheder et al. 2018 (arXiv:1801.04406), eq. 9: gamma/2 times the mean squared gradient at real images.

    In full precision whatever the fit's: squared gradients overflow in half (apex #654). Not compiled: torch.compile
    cannot differentiate a gradient.

    Args:
        discriminate: Source logits of shape (N,) or (N, 1) from images.
        images: Real images, shape (N, C, H, W).
        gamma: Weight.
    """
    with torch.autocast(images.device.type, enabled=False), torch.compiler.set_stance("force_eager"):
        inputs = full_precision(images.detach()).requires_grad_()
        source = discriminate(inputs).sum()
        (gradient,) = torch.autograd.grad(source, inputs, create_graph=True)  # its own gradient is needed
        return gamma / 2 * gradient.square().flatten(1).sum(1).mean()


def full_precision(tensor: Tensor) -> Tensor:
    """Half precision becomes single; single and double stay."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
