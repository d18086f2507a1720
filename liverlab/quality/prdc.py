"""Do synthetic images lie where real ones are, and real ones where synthetic ones are?

Precision and recall: Kynkaanniemi et al. 2019, arXiv:1904.06991. Density and coverage, which a single outlier cannot
raise as much: Naeem et al. 2020, arXiv:2002.09797. Each image stands for a ball that reaches to its k-th neighbour in
its own set.
"""

import numpy as np

from liverlab.quality.image_set import Floats

MEASURES = ("precision", "recall", "density", "coverage")


def prdc(real: Floats, synthetic: Floats, between: Floats, neighbours: int) -> Floats:
    """Precision, recall, density and coverage, in this order.

    All depend on how many images there are: only numbers from equally many are comparable.

    Args:
        real: Distances among the real images, shape (N, N).
        synthetic: Among the synthetic ones, shape (M, M).
        between: From real to synthetic ones, shape (N, M).
        neighbours: k.

    Returns:
        Precision, the share of synthetic images in a ball of a real one; recall, the share of real images in a ball of
        a synthetic one; density, the real balls that a synthetic image is in, over k; coverage, the share of real
        balls with a synthetic image in them. All nan where a set has no more than k images.
    """
    if min(between.shape) <= neighbours:
        return np.full(len(MEASURES), np.nan)
    in_real = between <= radii(real, neighbours)[:, None]
    in_synthetic = between <= radii(synthetic, neighbours)
    density = in_real.sum() / (neighbours * between.shape[1])
    return np.array([in_real.any(0).mean(), in_synthetic.any(1).mean(), density, in_real.any(1).mean()])


def radii(among: Floats, neighbours: int) -> Floats:
    """Distance of each image to its k-th neighbour, itself not counted, from distances (N, N): shape (N,)."""
    reach: Floats = np.partition(among, neighbours, axis=1)[:, neighbours]
    return reach
