"""From the measurements of single splits to one number for a pool of every split."""

import warnings
from collections.abc import Sequence

import numpy as np

from liverlab.quality.image_set import Floats
from liverlab.quality.measured import Measured

LEVEL = 95.0  # per cent


def mean_over_splits(splits: Sequence[tuple[int, Sequence[Measured]]]) -> list[Measured]:
    """Each measurement averaged over the splits that have it.

    Folds of one repeat hold out different patients and share those that they train on, whom each draw has equally often
    in all of them (`draw_patients`): their draws are averaged, draw by draw. Repeats hold the same patients once more,
    drawn anew, so that averaging over them would pretend to more patients than there are: their draws are laid side by
    side, each moved to the common mean.

    Args:
        splits: Number of the repeat, and measurements, of every split.

    Returns:
        One row for each (features, images, class, measure), counts added up over splits.
    """
    found: dict[tuple[str, str, str, str], dict[int, list[Measured]]] = {}
    for repeat, rows in splits:
        for row in rows:
            key = (row.features, row.images, row.class_name, row.measure)
            found.setdefault(key, {}).setdefault(repeat, []).append(row)
    return [_mean(list(by_repeat.values())) for by_repeat in found.values()]


def _mean(repeats: Sequence[Sequence[Measured]]) -> Measured:
    every = [row for rows in repeats for row in rows]
    value = _finite_mean(np.array([row.value for row in every]))
    draws = []
    for rows in repeats:
        own = _finite_mean(np.array([row.value for row in rows]))
        draws.append(_finite_mean(np.stack([row.draws for row in rows])) - own + value)
    first = every[0]
    return Measured(
        features=first.features,
        images=first.images,
        class_name=first.class_name,
        measure=first.measure,
        value=float(value),
        draws=np.concatenate(draws),
        count=sum(row.count for row in every),
        reference=sum(row.reference for row in every),
    )


def interval(draws: Floats) -> list[float] | None:
    """Percentile interval over the draws that gave a number; None where none did."""
    finite = draws[np.isfinite(draws)]
    tail = (100 - LEVEL) / 2
    return [float(x) for x in np.percentile(finite, [tail, 100 - tail])] if len(finite) else None


def _finite_mean(values: Floats) -> Floats:
    """Mean over the first axis of what is finite; nan where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of an empty mean, which is nan as it should be
        mean: Floats = np.nanmean(np.where(np.isfinite(values), values, np.nan), axis=0)
    return mean
