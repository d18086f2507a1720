"""The arithmetic of copies: how many images may pass the closest held-out lesions by chance, and Meehan's C_T.

Left-out patients stand for what a generator without copies does: without copies the closest of all is as likely to be
any of m synthetic images or n left-out lesions, and the number of images that come before the closest lesion has an
exact distribution (of exceedances: Wilks 1942, Annals of Mathematical Statistics 13:400). Lesions of one patient
resemble each other, so n is the number of patients.
"""

from math import sqrt

import numpy as np
from scipy.stats import beta, hypergeom, mannwhitneyu

from liverlab.quality.image_set import Floats, Ints


def chance_of(before: int, images: int, held_out: int) -> float:
    """Probability that so many of the images, or more, come before the closest held-out lesion by chance.

    They do if none is held-out among the first `before` of all in random order.
    """
    return float(hypergeom.pmf(0, images + held_out, held_out, before))


def noticed_from(images: int, held_out: int, alpha: float) -> float:
    """Smallest share of images whose `chance_of` is below alpha; above 1 if none is."""
    low, high = 0, images + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if chance_of(middle, images, held_out) < alpha else (middle + 1, high)
    return low / images


def copied_share(before: int, images: int, held_out: int) -> tuple[float, float]:
    """95 % interval of the share of copies, if every copy comes before the closest held-out lesion.

    From the Clopper-Pearson interval of the share that comes before, less what chance may put there: a share of the
    honest images that is distributed as Beta(1, held_out). Each end errs with 2.5 %, the lower in two halves.
    """
    chance = 1 - 0.0125 ** (1 / held_out)
    low = float(beta.ppf(0.0125, before, images - before + 1)) if before else 0.0
    high = float(beta.ppf(0.975, before + 1, images - before)) if before < images else 1.0
    return max(0.0, (low - chance) / (1 - chance)), high


def data_copying_z(synthetic: Floats, held_out: Floats, synthetic_cells: Ints, held_out_cells: Ints) -> float:
    """C_T of Meehan, Chaudhuri and Dasgupta 2020 (arXiv:2004.05675): far below 0 for copies, far above for misfits.

    Per cell, the z score of the Mann-Whitney count of pairs in which the synthetic image is farther from the training
    data than the held-out one; then their mean, weighted by held-out lesions. The paper's cells are clusters; with
    a few dozen lesions they are the classes.

    Args:
        synthetic: Distances to the nearest training lesion, shape (M,).
        held_out: The same of held-out lesions, shape (N,).
        synthetic_cells: Shape (M,).
        held_out_cells: Shape (N,).

    Returns:
        Nan if no cell has both.
    """
    scores, weights = [], []
    for cell in np.intersect1d(synthetic_cells, held_out_cells):
        ours, theirs = synthetic[synthetic_cells == cell], held_out[held_out_cells == cell]
        m, n = len(ours), len(theirs)
        scores.append((mannwhitneyu(ours, theirs).statistic - m * n / 2) / sqrt(m * n * (m + n + 1) / 12))
        weights.append(n)
    return float(np.average(scores, weights=weights)) if scores else float("nan")
