"""From trained generators to a labelled pool with provenance."""

from collections.abc import Sequence

import torch

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
    images, labels = [], []
    for label in range(num_classes):
        generator = generators[label % len(generators)]
        for start in range(0, per_class, BATCH):
            asked = torch.full((min(BATCH, per_class - start),), label)
            images.append(generator.sample(asked, seed=provenance.seed + start * num_classes + label))
            labels.append(asked)
    return SamplePool(torch.cat(images).cpu(), torch.cat(labels), provenance)
