"""Kernel inception distance without the inception: Binkowski et al. 2018, arXiv:1801.01401, in any features.

The squared maximum mean discrepancy, whose estimate is a mean over pairs and unbiased: about 0 for two samples of one
distribution, whatever their sizes, and below 0 as often as above. Unbiased holds for pairs that know nothing of each
other, so pairs of one patient are left out; so are thereby, in a bootstrap sample, the copies of one image. Where the
distributions agree the bootstrap spreads too far (Arcones and Gine 1992, "On the bootstrap of U and V statistics",
Annals of Statistics 20:655).
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from liverlab.quality.image_set import Floats, Ints


def kernel(x: Floats, y: Floats) -> Floats:
    """(x y / D + 1)^3 for rows of shape (N, D) and (M, D): shape (N, M). Binkowski et al. 2018, sec. 4."""
    values: Floats = (x @ y.T / x.shape[1] + 1) ** 3
    return values


def kid(
    features: tuple[Floats, Floats], patients: tuple[Ints, Ints], weights: tuple[Floats, Floats],
    labels: tuple[Ints, Ints] | None = None,
) -> Floats:  # fmt: skip
    """Squared discrepancy of two sets of images, for many weightings of them at once.

    Means over pairs are taken class by class, and weighted by the shares that the classes have in the first set. Taken
    over all pairs at once they would be biased below 0: among pairs of different images, and of different patients
    still more, those of one class are rarer than among pairs of an image of either set.

    Args:
        features: Of each set, shapes (N, D) and (M, D).
        patients: Whom each image shows, shapes (N,) and (M,).
        weights: How often each image counts, shapes (W, N) and (W, M): ones, or how often it was drawn.
        labels: Classes, shapes (N,) and (M,); None where all images are of one.

    Returns:
        Shape (W,); nan where a set has no two patients of a class that the first set has.
    """
    one, other = (
        Side(*each) for each in zip(features, patients, labels or map(np.zeros_like, patients), weights, strict=True)
    )
    x, y, between = (_mean_kernel(a, b, one) for a, b in ((one, one), (other, other), (one, other)))
    return x + y - 2 * between


@dataclass(frozen=True, eq=False)
class Side:
    """One of the sets: features (N, D), patients and classes (N,), weights (W, N)."""

    features: Floats
    patients: Ints
    labels: Ints
    weights: Floats


def _mean_kernel(x: Side, y: Side, mix: Side) -> Floats:
    """Mean kernel over the pairs of two sides, or of different patients of one, in the mix of classes of a third."""
    values = kernel(x.features, y.features)
    counts = (x.patients[:, None] != y.patients).astype(np.float64) if x is y else np.ones_like(values)
    mean = np.zeros(len(mix.weights))
    for one, other in product(np.unique(mix.labels), repeat=2):
        share = np.prod([mix.weights[:, mix.labels == label].sum(1) for label in (one, other)], axis=0)
        rows, columns = x.labels == one, y.labels == other
        block, weights = np.ix_(rows, columns), (x.weights[:, rows], y.weights[:, columns])
        with np.errstate(invalid="ignore"):  # a class of fewer than two patients
            within = _paired(values[block] * counts[block], *weights) / _paired(counts[block], *weights)
        mean += np.where(share > 0, share * within, 0)
    with np.errstate(invalid="ignore"):  # nobody was drawn
        return np.asarray(mean / mix.weights.sum(1) ** 2)


def _paired(pairs: Floats, x: Floats, y: Floats) -> Floats:
    """Sum over pairs (N, M), each as often as its two images count: shape (W,)."""
    total: Floats = ((x @ pairs) * y).sum(1)
    return total
