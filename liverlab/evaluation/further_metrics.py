"""Metrics beside the paper's: predictive values, F1, MCC, average precision, Brier score and log-loss.

What belongs to a class is one-vs-rest, and averaged over classes without weights (macro). Definitions are those of
scikit-learn and torchmetrics, but what does not exist is left out and not called 0: the predictive value of a class
that was never called, MCC where one class alone was called. Matthews' correlation of several classes: Gorodkin 2004,
Computational Biology and Chemistry 28:367. Brier score: Brier 1950, Monthly Weather Review 78:1, a sum over classes and
so from 0 to 2.
"""

from typing import Any

import numpy as np

from liverlab.evaluation import bootstrap
from liverlab.evaluation.metrics import Floats, confusion_matrix
from liverlab.evaluation.prediction_table import PredictionTable
from liverlab.evaluation.roc_curves import curve_draws, roc_summary
from liverlab.evaluation.sampled import Sampled, described

LEAST = 5e-7  # probabilities have six decimals: what is written as 0 lies below this
BOUNDS = {"mcc": (-1.0, 1.0), "brier": (0.0, 2.0), "log_loss": (0.0, np.inf)}  # the others lie from 0 to 1
PROPORTIONS = ("ppv", "npv", "f1")


def further_of_confusions(confusions: Floats) -> dict[str, Floats]:
    """Metrics of many confusion matrices at once.

    Args:
        confusions: Counts of shape (..., C, C), true class by row.

    Returns:
        class_ppv, class_npv and class_f1 of shape (..., C); their means ppv, npv and f1, and mcc, of shape (...). NaN
        where a class (for the means: any class) was never called, for npv where nothing else was.
    """
    totals = confusions.sum((-2, -1))
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    positives, called = confusions.sum(-1), confusions.sum(-2)
    others = totals[..., None] - called
    with np.errstate(invalid="ignore"):
        by_class = {
            "ppv": hits / called,
            "npv": (others - positives + hits) / others,
            "f1": 2 * hits / (called + positives),
        }
        spread = (totals**2 - (called**2).sum(-1)) * (totals**2 - (positives**2).sum(-1))
        mcc = (hits.sum(-1) * totals - (called * positives).sum(-1)) / np.sqrt(spread)
    means = {name: values.mean(-1) for name, values in by_class.items()}
    return {f"class_{name}": values for name, values in by_class.items()} | means | {"mcc": mcc}


def losses(table: PredictionTable, arm: int) -> Floats:
    """Brier score and log-loss of each row, shape (2, N)."""
    p = table.probabilities[arm]
    truth = np.eye(p.shape[1])[table.labels]
    brier = ((p - truth) ** 2).sum(1)
    return np.stack([brier, -np.log(np.maximum(p[np.arange(len(p)), table.labels], LEAST))])


def loss_draws(table: PredictionTable, arm: int, weights: Floats) -> dict[str, Sampled]:
    """Mean losses: brier and log_loss.

    Args:
        table: Predictions.
        arm: Position of the arm.
        weights: Of `bootstrap.sample_and_draws`, shape (1 + draws, patients).
    """
    rows = losses(table, arm)
    drawn = bootstrap.patient_ratios(rows, np.ones_like(rows), table.patients, weights)
    each = np.array([rows[:, table.repeats == repeat].mean(1) for repeat in np.unique(table.repeats)])
    return {name: Sampled(drawn[0, i], drawn[1:, i], each[:, i]) for i, name in enumerate(("brier", "log_loss"))}


def further_summary(
    table: PredictionTable, arm: int, drawn: dict[str, Floats], weights: Floats, *, repeats_seed: int | None
) -> dict[str, Any]:
    """What `metrics.json` holds of one arm beside the paper's metrics.

    Args:
        table: Predictions.
        arm: Position of the arm.
        drawn: Bootstrap draws of this arm's `further_of_confusions`, shapes (draws, ...).
        weights: Of `bootstrap.sample_and_draws`, shape (1 + draws, patients), for what confusion matrices do not tell.
        repeats_seed: Draws repeats of a hold-out; None for a cross-validation.

    Returns:
        further (ppv, npv, f1, mcc, average_precision, brier, log_loss), further_classes (by class: called, ppv, npv,
        f1, average_precision) and roc, each number with estimate and 95 % interval, None where undefined.
    """
    num_classes = len(table.class_names)
    own = further_of_confusions(confusion_matrix(table.labels, table.predicted[arm], num_classes).astype(np.float64))
    found = {name: Sampled(own[name], drawn[name], drawn[name][:0]) for name in own}
    ranked = curve_draws(table, arm, weights) | loss_draws(table, arm, weights)
    if repeats_seed is not None:
        ranked = {name: part.over_repeats(repeats_seed) for name, part in ranked.items()}
    means = {name: found[name] for name in ("ppv", "npv", "f1", "mcc")}
    means |= {"average_precision": ranked["average_precision"].at(num_classes)}
    means |= {name: ranked[name] for name in ("brier", "log_loss")}
    patients = {name: len(np.unique(table.patients)) for name in PROPORTIONS}
    by_class = {name: found[f"class_{name}"] for name in ("ppv", "npv", "f1")}
    by_class["average_precision"] = ranked["average_precision"]
    return {
        "further": {
            name: described(part, patients=patients.get(name), bounds=BOUNDS.get(name, (0.0, 1.0)))
            for name, part in means.items()
        },
        "further_classes": {
            name: _one_class(table, arm, {key: part.at(c) for key, part in by_class.items()}, c)
            for c, name in enumerate(table.class_names)
        },
        "roc": roc_summary(table, ranked),
    }


def _one_class(table: PredictionTable, arm: int, found: dict[str, Sampled], c: int) -> dict[str, Any]:
    called = table.predicted[arm] == c
    behind = {"ppv": called, "npv": ~called}
    result: dict[str, Any] = {"called": int(called.sum())}
    for name, part in found.items():
        patients = len(np.unique(table.patients[behind.get(name, table.labels == c)]))
        result[name] = described(part, patients=patients if name in PROPORTIONS else None)
    return result
