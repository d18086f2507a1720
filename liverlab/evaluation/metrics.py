"""Classification metrics as Frid-Adar et al. 2018 print them: one-vs-rest, averaged with prevalence weights.

With these weights sensitivity *is* accuracy: sum_c (n_c / n) (correct_c / n_c). The paper's tables can be reproduced
from its confusion matrices with these weights only; torchmetrics' default (macro) gives other digits.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_auroc,
    multiclass_confusion_matrix,
    multiclass_recall,
    multiclass_specificity,
)

from liverlab.evaluation.prediction_table import PredictionTable

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def confusion_matrix(labels: Ints, predicted: Ints, num_classes: int) -> Ints:
    """Counts of shape (C, C), true class by row and predicted class by column."""
    counts = multiclass_confusion_matrix(torch.tensor(predicted), torch.tensor(labels), num_classes)
    return np.asarray(counts.numpy(), dtype=np.int64)


def expand(confusion: Ints) -> tuple[Ints, Ints]:
    """Labels and predictions, each of shape (N,), that give this confusion matrix."""
    labels, predicted = (np.repeat(axis.ravel(), confusion.ravel()) for axis in np.indices(confusion.shape))
    return labels, predicted


def paper_metrics(labels: Ints, predicted: Ints, num_classes: int) -> dict[str, float]:
    """Accuracy, prevalence-weighted sensitivity and specificity, and macro sensitivity, by torchmetrics."""
    target, preds = torch.tensor(labels), torch.tensor(predicted)
    values = {
        "accuracy": multiclass_accuracy(preds, target, num_classes, average="micro"),
        "sensitivity": multiclass_recall(preds, target, num_classes, average="weighted"),
        "specificity": multiclass_specificity(preds, target, num_classes, average="weighted"),
        "macro_sensitivity": multiclass_recall(preds, target, num_classes, average="macro"),
    }
    return {name: float(value) for name, value in values.items()}


def metrics_of_confusions(confusions: Floats) -> dict[str, Floats]:
    """The same from many confusion matrices at once, for the bootstrap.

    Args:
        confusions: Counts of shape (..., C, C), true class by row.

    Returns:
        accuracy, sensitivity, specificity and macro_sensitivity of shape (...), class_sensitivity and
        class_specificity of shape (..., C). A class without a case has sensitivity NaN and weight 0.
    """
    totals = confusions.sum((-2, -1))[..., None]
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    positives, called = confusions.sum(-1), confusions.sum(-2)
    with np.errstate(invalid="ignore"):
        class_sensitivity = hits / positives
        class_specificity = (totals - positives - called + hits) / (totals - positives)
    weights = positives / totals
    return {
        "accuracy": hits.sum(-1) / totals[..., 0],
        "sensitivity": (weights * np.nan_to_num(class_sensitivity)).sum(-1),
        "specificity": (weights * np.nan_to_num(class_specificity)).sum(-1),
        "macro_sensitivity": np.nansum(class_sensitivity, -1) / (positives > 0).sum(-1),
        "class_sensitivity": class_sensitivity,
        "class_specificity": class_specificity,
    }


def defined_mean(values: npt.NDArray[np.floating[Any]]) -> Floats:
    """Mean over the first axis of what is no NaN; NaN where all are."""
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(defined, values, 0).sum(0) / defined.sum(0))


def fold_auroc(labels: Ints, probabilities: Floats) -> float | None:
    """Macro one-vs-rest area under the ROC curve of one fold; None where a class has no case in it."""
    num_classes = probabilities.shape[1]
    if len(np.unique(labels)) < num_classes:
        return None
    preds, target = torch.tensor(probabilities), torch.tensor(labels)
    return float(multiclass_auroc(preds, target, num_classes, average="macro"))


def mean_auroc(table: PredictionTable, arm: int) -> tuple[float | None, int]:
    """Mean of the folds' AUROCs, and over how many folds; scores of different folds are never ranked together."""
    rows = [table.in_split(*split) for split in table.splits]
    areas = [fold_auroc(table.labels[row], table.probabilities[arm, row]) for row in rows]
    defined = [area for area in areas if area is not None]
    return (float(np.mean(defined)) if defined else None), len(defined)
