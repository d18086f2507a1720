"""Randomness that does not depend on history: keyed on (seed, device, batch), so that a resumed fit repeats itself."""

import numpy as np
import torch
from torch import Tensor


def seed_batch(seed: int, rank: int, batches_seen: int) -> None:
    """Set torch's random state for one batch of one device.

    Seeded devices would otherwise draw the same noise (Lightning #16166), and a resumed fit another one than before.
    """
    key = np.random.SeedSequence([seed, rank, batches_seen]).generate_state(1, np.uint64)[0]
    torch.manual_seed(int(key))


def latent_noise(count: int, dim: int, kind: str, device: torch.device) -> Tensor:
    """Noise of shape (count, dim): "uniform" in [-1, 1] as published, or standard "normal"."""
    if kind == "normal":
        return torch.randn(count, dim, device=device)
    return torch.rand(count, dim, device=device) * 2.0 - 1.0
