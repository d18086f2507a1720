"""Features of a small convolutional network that was never trained.

Such features tell distributions of images apart (Naeem et al. 2020, arXiv:2002.09797), and nothing is downloaded.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

WIDTHS = (1, 16, 32, 64, 64)
KERNEL = 5


class RandomFeatures:
    """Four 5x5 stride-2 convolutions with ReLU, then the mean over what is left of the image.

    Not an `nn.Module`, so that it can never end up among the weights of a fit. Filters are drawn as by He et al. 2015
    (arXiv:1502.01852) from a generator of their own: torch's random state is neither read nor changed.

    Args:
        seed: Seed of the filters.
    """

    def __init__(self, *, seed: int = 0) -> None:
        own = torch.Generator().manual_seed(seed)
        self.filters = [
            torch.randn(after, before, KERNEL, KERNEL, generator=own) * math.sqrt(2 / (before * KERNEL**2))
            for before, after in pairwise(WIDTHS)
        ]

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Features of shape (N, 64) from images of shape (N, 1, H, W), on the CPU."""
        for filters in self.filters:
            images = F.conv2d(images, filters, stride=2, padding=KERNEL // 2).relu()
        return images.mean((2, 3))
