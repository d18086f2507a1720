"""Kernel inception distance without the inception: Binkowski et al. 2018, arXiv:1801.01401, in any features.

The squared maximum mean discrepancy, whose estimate is a mean over pairs and unbiased: about 0 for two samples of one
distribution, whatever their sizes, and below 0 as often as above. Unbiased holds for pairs that know nothing of each
other, so pairs of one patient are left out; so are thereby, in a bootstrap sample, the copies of one image. Where the
distributions agree the bootstrap spreads too far (Arcones and Gine 1992, "On the bootstrap of U and V statistics",
Annals of Statistics 20:655).
"""

import numpy as np

from liverlab.quality.image_set import Floats, Ints


def kernel(x: Floats, y: Floats) -> Floats:
    """(x y / D + 1)^3 for rows of shape (N, D) and (M, D): shape (N, M). Binkowski et al. 2018, sec. 4."""
    values: Floats = (x @ y.T / x.shape[1] + 1) ** 3
    return values


def kid(features: tuple[Floats, Floats], patients: tuple[Ints, Ints], weights: tuple[Floats, Floats]) -> Floats:
    """Squared discrepancy of two sets of images, for many weightings of them at once.

    Args:
        features: Of each set, shapes (N, D) and (M, D).
        patients: Whom each image shows, shapes (N,) and (M,).
        weights: How often each image counts, shapes (W, N) and (W, M): ones, or how often it was drawn.

    Returns:
        Shape (W,); nan where a set has no two patients.
    """
    x, y = (_within(*each) for each in zip(features, patients, weights, strict=True))
    with np.errstate(invalid="ignore"):  # a class that is in no patient of a draw
        between: Floats = _paired(kernel(*features), *weights) / (weights[0].sum(1) * weights[1].sum(1))
    return x + y - 2 * between


def _within(features: Floats, patients: Ints, weights: Floats) -> Floats:
    """Mean kernel over the pairs of different patients, shape (W,)."""
    different = (patients[:, None] != patients).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return _paired(kernel(features, features) * different, weights, weights) / _paired(different, weights, weights)


def _paired(pairs: Floats, x: Floats, y: Floats) -> Floats:
    """Sum over pairs (N, M), each as often as its two images count: shape (W,)."""
    total: Floats = ((x @ pairs) * y).sum(1)
    return total
