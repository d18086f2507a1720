"""From trained generators to a labelled pool with provenance."""

from collections.abc import Sequence

import torch
from torch import Tensor

from callbacks.sample_grid import Sampler
from data_modules.pool import Provenance, SamplePool

BATCH = 250  # images sampled at once


def draw_pool(generators: Sequence[Sampler], *, per_class: int, num_classes: int, provenance: Provenance) -> SamplePool:
    """As many images of each class, nothing filtered (paper, sec. 4.2).

    Args:
        generators: One for all classes, or one per class in class order.
        per_class: Images of each class.
        num_classes: Number of classes.
        provenance: Origin to record; its seed is that of the noise.
    """
    images = [
        draw_class(generators[label % len(generators)], label, per_class, num_classes=num_classes, seed=provenance.seed)
        for label in range(num_classes)
    ]
    labels = torch.arange(num_classes).repeat_interleave(per_class)
    return SamplePool(torch.cat(images), labels, provenance)


def draw_class(generator: Sampler, label: int, count: int, *, num_classes: int, seed: int) -> Tensor:
    """Images of one class, shape (count, 1, H, W) in [-1, 1], on the CPU.

    Every batch of every class has noise of its own, which depends on the seed alone.
    """
    images = []
    for start in range(0, count, BATCH):
        asked = torch.full((min(BATCH, count - start),), label)
        images.append(generator.sample(asked, seed=seed + start * num_classes + label).cpu())
    return torch.cat(images)
