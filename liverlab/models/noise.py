"""Randomness without a history: keyed on (seed, device, batch, phase), so that a resumed fit repeats itself."""

import numpy as np
import torch
from torch import Tensor


def seed_batch(seed: int, rank: int, batches_seen: int, phase: int = 0) -> None:
    """Set torch's random state for one batch of one device.

    Seeded devices would otherwise draw the same noise (Lightning #16166), and a resumed fit another one than before.

    Args:
        seed: Seed of the fit.
        rank: The device.
        batches_seen: Batches before this one.
        phase: Part of a batch's work with randomness of its own: 0 for the discriminator, then the generator's steps.
    """
    key = np.random.SeedSequence([seed, rank, batches_seen, phase]).generate_state(1, np.uint64)[0]
    torch.manual_seed(int(key))


def latent_noise(count: int, dim: int, kind: str, device: torch.device) -> Tensor:
    """Noise of shape (count, dim): "uniform" in [-1, 1] as published, or standard "normal"."""
    if kind == "normal":
        return torch.randn(count, dim, device=device)
    return torch.rand(count, dim, device=device) * 2.0 - 1.0
