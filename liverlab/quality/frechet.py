"""Frechet distance between two sets of images: Heusel et al. 2017, arXiv:1706.08500, in few dimensions.

Its estimate is biased upwards by an amount that grows with the dimensions and falls with the images, and differs from
generator to generator (Chong and Forsyth 2020, arXiv:1911.07023). So it is taken in at most 16 principal components,
and never read without its floor, the distance that as many real images have.
"""

from collections.abc import Sequence

import numpy as np

from liverlab.quality.image_set import Floats

MOST_DIMENSIONS = 16


def frechet_distance(x: Floats, y: Floats) -> float:
    """Squared Frechet distance of the normal distributions with the means and covariances of x (N, D) and y (M, D).

    Returns:
        nan where a set has fewer than 2 D images, half of which its covariance takes.
    """
    if min(len(x), len(y)) < 2 * x.shape[1]:
        return float("nan")
    first, second = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (x, y))
    # the product of two covariances has real eigenvalues of at least 0, up to rounding
    root = np.sqrt(np.linalg.eigvals(first @ second).real.clip(min=0)).sum()
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * root)


def principal_axes(sets: Sequence[Floats]) -> Floats:
    """Directions in which images vary most, each of these sets (N, D) weighing the same: (D, 16), or fewer columns."""
    centre = np.mean([rows.mean(0) for rows in sets], axis=0)
    axes: Floats = np.linalg.svd(
        np.concatenate([(rows - centre) / len(rows) ** 0.5 for rows in sets]), full_matrices=False
    )[2]
    return axes[:MOST_DIMENSIONS].T
