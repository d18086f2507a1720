"""Equally many images of every set: what measures need that depend on numbers, as those of nearest neighbours do.

Their bootstrap fails: an image drawn twice is its own nearest neighbour (Abadie and Imbens 2008, "On the failure of the
bootstrap for matching estimators", Econometrica 76:1537). What works is a sample without repeats, smaller than the
whole, whose spread is then stretched (Politis, Romano and Wolf 1999, "Subsampling"). The patients of a bootstrap draw,
each counted once, are one.
"""

from collections.abc import Mapping

import numpy as np

from liverlab.quality.image_set import Floats, Ints

MOST = 300  # images of a set; ours: bounds the time, which grows with their square


def equally_many(labels: Mapping[str, Ints], among: Mapping[str, Ints], rng: np.random.Generator) -> dict[str, Ints]:
    """As many images of each class from every set: as many as the set has that has fewest.

    Args:
        labels: Class of each image of a set, shape (N,), by set.
        among: Positions to choose from, by set, each once.
        rng: Seeded generator.

    Returns:
        Positions, by set.
    """
    classes = np.unique(np.concatenate(list(labels.values())))
    by_class = {
        which: [positions[labels[which][positions] == label] for label in classes] for which, positions in among.items()
    }
    wanted = np.array([[len(own) for own in positions] for positions in by_class.values()]).min(0)
    wanted = wanted * min(1.0, MOST / max(1, wanted.sum()))
    return {
        which: np.concatenate([rng.permutation(own)[: int(n)] for own, n in zip(positions, wanted, strict=True)])
        for which, positions in by_class.items()
    }


def spread_around(values: Floats, drawn: Floats, patients: int) -> Floats:
    """Draws around an estimate, from estimates on the patients of each bootstrap draw, each counted once.

    Such a sample holds 1 - q of the patients, q = (1 - 1/P)^P: .63 of many. What is left out, q, is what makes it vary,
    so that its variance is q / (1 - q) of that of new patients (Shao and Wu 1989, "A general theory for jackknife
    variance estimation", Annals of Statistics 17:1176). Fewer images also shift the mean, which is taken away, and so
    is the part of the variance that comes from having few sub-draws of each draw.

    Args:
        values: Estimates, shape (...).
        drawn: On the sub-draws of each draw, shape (draws, sub-draws, ...); nan where one has too few images.
        patients: P; of one patient nothing can be said.
    """
    left_out = (1 - 1 / patients) ** patients
    if not left_out:
        return np.full((len(drawn), *values.shape), np.nan)
    off = drawn - _finite_mean(drawn)
    off_draw = off.mean(1)
    with np.errstate(invalid="ignore", divide="ignore"):  # a measure that never varies, or only by chance
        chance = _finite_mean(off.var(1, ddof=1)) / off.shape[1] / _finite_mean(off_draw**2)
    draws: Floats = values + off_draw * np.sqrt((1 - left_out) / left_out * (1 - np.nan_to_num(chance)).clip(0))
    return draws


def _finite_mean(rows: Floats) -> Floats:
    """Mean over the first axis of what is finite; 0 where nothing is."""
    finite = np.isfinite(rows)
    mean: Floats = np.where(finite, rows, 0).sum(0) / np.maximum(finite.sum(0), 1)
    return mean
