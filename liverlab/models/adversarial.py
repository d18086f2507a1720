"""What the two adversaries of any GAN are trained with."""

import torch
from torch import nn
from torch.optim import Adam, Optimizer


def adam_pair(
    generator: nn.Module, lr: float, discriminator: nn.Module, discriminator_lr: float, betas: tuple[float, float]
) -> list[Optimizer]:
    """Adam for generator and discriminator, in this order; two rates: Heusel et al. 2017 (arXiv:1706.08500)."""
    return [
        Adam(generator.parameters(), lr=lr, betas=betas),
        Adam(discriminator.parameters(), lr=discriminator_lr, betas=betas),
    ]


def clip_gradients(optimizer: Optimizer, largest_norm: float | None) -> None:
    """Scale the gradient of what the optimiser steps down to this norm; None leaves it as it is."""
    if largest_norm is not None:
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, largest_norm)
