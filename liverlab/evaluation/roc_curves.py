"""ROC curves, the areas under them and average precision, one-vs-rest, with bootstrap draws of patients.

Scores of different folds are never ranked together: curves are averaged over folds at the same false-positive rate
(vertical averaging: Fawcett 2006, Pattern Recognition Letters 27:861), areas and precisions as they are. What a
fold lacks the lesions for is left out of that mean; the mean over classes (macro) needs all classes in the fold.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from liverlab.evaluation.metrics import Floats, defined_mean
from liverlab.evaluation.prediction_table import PredictionTable
from liverlab.evaluation.sampled import Sampled, described

Counts = npt.NDArray[np.floating[Any]]  # whole numbers: single precision holds them up to 16 million, in half the time
GRID = np.linspace(0, 1, 51)  # false-positive rates
DIGITS = 4  # of a curve in metrics.json


def cumulated(scores: Floats, positive: npt.NDArray[np.bool_], weights: Counts) -> tuple[Counts, Counts]:
    """True and false positives at every threshold, from none called to all; rows of equal scores are called together.

    Args:
        scores: Shape (N,).
        positive: Whether each row is of the class, shape (N,).
        weights: Of the rows, shape (N, D): draws lie side by side, so that whole lines of memory are summed.

    Returns:
        Sums of weights, each of shape (different scores + 1, D).
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]), 1)) + 1
    true, false = np.zeros((2, len(scores) + 1, weights.shape[1]), dtype=weights.dtype)
    for counts, mine in ((true, positive[order]), (false, ~positive[order])):
        np.cumsum(weights[order] * mine[:, None], axis=0, out=counts[1:])
    if len(ends) == len(scores):
        return true, false
    return true[[0, *ends]], false[[0, *ends]]


def heights(true: Counts, false: Counts) -> Floats:
    """True-positive rate at the false-positive rates of GRID, shape (51, D); NaN without positives or negatives."""
    positives, negatives = true[-1], false[-1]
    # counts and not rates, so that a step of the curve at a point of the grid is met exactly; draws one after another
    # make one rising line, which takes a single interpolation
    apart = np.arange(len(negatives)) * (negatives.max() + 2)
    places = np.round(np.outer(negatives, GRID), 9) + apart[:, None]
    reached = np.interp(places.ravel(), (false + apart).T.ravel(), true.T.ravel()).reshape(places.shape).T
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(negatives > 0, reached / positives, np.nan))


def areas(true: Counts, false: Counts) -> Floats:
    """Area under each ROC curve, shape (D,); NaN without positives or negatives."""
    twice = np.einsum("td,td->d", np.diff(false, axis=0), true[1:] + true[:-1], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(twice / (2 * true[-1].astype(np.float64) * false[-1]))


def average_precisions(true: Counts, false: Counts) -> Floats:
    """Mean of the precision over recalls, shape (D,): a sum of steps, as in scikit-learn; NaN without positives."""
    steps = np.diff(true, axis=0)
    at = np.flatnonzero(steps.any(1))  # where nothing is added, precision does not matter
    hits = true[at + 1].astype(np.float64)
    with np.errstate(invalid="ignore"):
        precision = np.nan_to_num(hits / (hits + false[at + 1]))
        return np.asarray(np.einsum("td,td->d", steps[at], precision, dtype=np.float64) / true[-1])


def curve_draws(table: PredictionTable, arm: int, weights: Floats) -> dict[str, Sampled]:
    """Area, average precision and curve of each class, then of their mean (macro).

    Args:
        table: Predictions.
        arm: Position of the arm.
        weights: Of `bootstrap.sample_and_draws`, shape (1 + draws, patients).

    Returns:
        area and average_precision of shape (C + 1,), and tpr of shape (C + 1, 51). Their `repeats` are splits.
    """
    by_patient = np.ascontiguousarray(weights.T, dtype=np.float32)
    measures = {"area": areas, "average_precision": average_precisions, "tpr": heights}
    found: dict[str, list[Floats]] = {name: [] for name in measures}
    for split in table.splits:
        rows = table.in_split(*split)
        mine, labels, scores = by_patient[table.patients[rows]], table.labels[rows], table.probabilities[arm, rows]
        by_class = []
        for c in range(scores.shape[1]):
            counts = cumulated(scores[:, c], labels == c, mine)
            by_class.append([measure(*counts) for measure in measures.values()])
        for name, values in zip(measures, zip(*by_class, strict=True), strict=True):
            found[name].append(_with_macro(np.stack(values)))
    return {name: _over_splits(np.stack(parts)) for name, parts in found.items()}


def _with_macro(by_class: Floats) -> Floats:
    """The mean over classes below them, where the split holds all, of values of shape (C, ..., 1 + draws).

    A draw may miss a class that the split holds, as it must with many classes: it counts with the others.
    """
    whole = not np.isnan(by_class[..., 0]).any()
    return np.concatenate([by_class, defined_mean(by_class)[None] if whole else np.full_like(by_class[:1], np.nan)])


def _over_splits(values: Floats) -> Sampled:
    """Mean over the splits that define it, of values of shape (S, ..., 1 + draws)."""
    values = np.moveaxis(values, -1, 1)
    mean = defined_mean(values)
    return Sampled(mean[0], mean[1:], values[:, 0])


def roc_summary(table: PredictionTable, curves: dict[str, Sampled]) -> dict[str, Any]:
    """The curves for `metrics.json`.

    Returns:
        fpr (51 rates), and for macro and by class name in `classes`: area, and tpr, low and high at these rates; None
        for a class that no fold can rank. An area that no draw changes, as 1, has no interval.
    """
    found = [_one_curve(curves, c) for c in range(len(table.class_names) + 1)]
    classes = dict(zip(table.class_names, found, strict=False))
    return {"fpr": GRID.round(DIGITS).tolist(), "macro": found[-1], "classes": classes}


def _one_curve(curves: dict[str, Sampled], c: int) -> dict[str, Any] | None:
    tpr = curves["tpr"].at(c)
    if np.isnan(tpr.estimate).all() or np.isnan(tpr.draws).all():
        return None
    low, high = tpr.band()
    area = described(curves["area"].at(c))
    lines = {"tpr": tpr.estimate, "low": low, "high": high}
    return {"area": area} | {name: line.round(DIGITS).tolist() for name, line in lines.items()}
