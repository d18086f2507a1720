"""Features of convolutional networks that were never trained: they know no image, so they favour none.

Why several: what one of them sees is an accident of its filters (Naeem et al. 2020, arXiv:2002.09797).
"""

from collections.abc import Callable

from torch import Tensor

from callbacks.random_features import RandomFeatures
from data_modules.roi import to_signed
from liverlab.quality.image_set import Floats

NETWORKS = 5
ABOUT = f"What {NETWORKS} networks with random filters, which learnt nothing, see; measures are averaged over them."


def random_networks() -> list[Callable[[Tensor], Floats]]:
    """Networks of seeds 0 to 4; each gives (N, 64) for images of shape (N, 1, H, W) in (0, 1)."""
    return [_reader(RandomFeatures(seed=seed)) for seed in range(NETWORKS)]


def _reader(encode: RandomFeatures) -> Callable[[Tensor], Floats]:
    def read(images: Tensor) -> Floats:
        # signed: filters without bias would see little but brightness in images that are nowhere below 0
        features: Floats = encode(to_signed(images)).double().numpy()
        return features

    return read
