"""How generated images differ from real ones and from each other: numbers cheap enough for every few epochs.

They say whether a fit goes wrong, not how good a generator is: the real images are those of the training side.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from torch import Tensor
from torchmetrics.image.kid import poly_mmd

from callbacks.random_features import RandomFeatures


def mean_distance(images: Tensor) -> Tensor:
    """Mean over all pairs of the root mean square difference of two images (N, 1, H, W); nan for fewer than two."""
    distances: Tensor = torch.pdist(images.flatten(1))
    return distances.mean() / math.sqrt(images[0].numel())


def mean_change(samples: Sequence[Tensor]) -> Tensor:
    """Mean root mean square difference of images with the same noise under two labels, over all pairs of labels.

    Args:
        samples: For each label, images of shape (N, 1, H, W); the same position is the same noise.
    """
    pairs = [(a - b).square().mean((1, 2, 3)).sqrt() for a, b in combinations(samples, 2)]
    return torch.stack(pairs).mean()


class Reference:
    """Real images of the training side; what the measures need of them is computed once.

    Args:
        images: Shape (N, 1, H, W) in [-1, 1].
        labels: Shape (N,).
        per_class: Largest number of images used of each class, drawn with a seed of its own.

    Attributes:
        count: Images of the class that has most: as many are to be generated of each.
    """

    def __init__(self, images: Tensor, labels: Tensor, *, per_class: int) -> None:
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
        chosen = {label: order[labels[order] == label][:per_class] for label in sorted(set(labels.tolist()))}
        self.labels = list(chosen)
        self.count = max(map(len, chosen.values()))
        self.encode = RandomFeatures()
        self.features = {label: self.encode(images[index]) for label, index in chosen.items()}
        self.distances = {label: mean_distance(images[index]) for label, index in chosen.items()}
        self.distance = mean_distance(images[torch.cat(list(chosen.values()))])

    def measure(self, samples: Mapping[int, Tensor]) -> dict[str, float]:
        """Measures of generated images, the same noise for every label.

        Args:
            samples: `count` images of shape (count, 1, H, W) for each of `labels`.

        Returns:
            `kid_<label>`, the squared MMD of Binkowski et al. 2018 (arXiv:1801.01401) in random features, unbiased and
            so around 0 for images of one distribution; `spread_<label>`, the mean distance of the label's images in
            units of the real ones'; and with several labels `label_effect`, the mean change with the label in units of
            the mean distance of all real images. Nan or inf where there are too few real images to tell.
        """
        measured = {}
        for label, images in samples.items():
            real = self.features[label]
            measured[f"kid_{label}"] = poly_mmd(real, self.encode(images[: len(real)]))  # wants as many of both
            measured[f"spread_{label}"] = mean_distance(images) / self.distances[label]
        if len(samples) > 1:
            measured["label_effect"] = mean_change(list(samples.values())) / self.distance
        return {name: float(value) for name, value in measured.items()}
