"""Are the probabilities true? Reliability curve of the predicted class, temperature, and expected calibration error.

A model is calibrated if 80 % of the lesions that it calls with a probability of .8 are called rightly. The temperature
that fits best turns probabilities p into p^(1/T), made to add up to 1 (Guo et al. 2017, arXiv:1706.04599): above 1 they
were too sure, below 1 not sure enough. The error (ECE) of few lesions is far above 0 for a perfect model too (Roelofs
et al. 2022, arXiv:2012.08668), so it stands beside what it would be if these probabilities were true.
"""

from math import log
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from liverlab.evaluation import bootstrap
from liverlab.evaluation.further_metrics import LEAST
from liverlab.evaluation.metrics import Floats, Ints
from liverlab.evaluation.prediction_table import PredictionTable
from liverlab.evaluation.sampled import Sampled, described

TEMPERATURES = np.exp(np.linspace(log(0.05), log(20), 121))
GROUPS = 5  # of patients, for the cross-fitted temperature
# of the reliability curve; ours: a share of fewer is nearly blind, but a curve has two points even so
LESIONS_PER_POINT, LEAST_POINTS, MOST_POINTS = 30, 2, 10
ECE_BINS = 10
SIMULATED = 200


def reliability_summary(table: PredictionTable, arm: int, weights: Floats, rng: np.random.Generator) -> dict[str, Any]:
    """Calibration of one arm for `metrics.json`; intervals are over patients.

    Args:
        table: Predictions.
        arm: Position of the arm.
        weights: Of `bootstrap.sample_and_draws`, shape (1 + draws, patients).
        rng: Seeded generator, for the simulated ECE.

    Returns:
        points (of `reliability_points`), confidence (mean probability of the predicted class), excess (confidence minus
        accuracy, with interval), temperature (with interval; `range` is what was searched), ece, log_loss and ece
        `_after` a temperature that was fitted on other patients, ece_if_calibrated (mean and 95 % range).
    """
    confidence, correct = confidence_of(table, arm)
    losses = losses_by_temperature(table.probabilities[arm], table.labels)
    scaled = tempered(table.probabilities[arm], cross_fitted(losses, table.patients))
    mean = _means(np.stack([*losses, confidence - correct]), table.patients, weights)
    temperature, excess = _sampled(best_temperature(mean[:, :-1])), _sampled(mean[:, -1])
    return {
        "points": reliability_points(table, confidence, correct, weights),
        "confidence": float(confidence.mean()),
        "excess": described(excess, bounds=(-1.0, 1.0)),
        "temperature": described(temperature, bounds=(0.0, np.inf)),
        "range": [float(TEMPERATURES[0]), float(TEMPERATURES[-1])],
        "log_loss_after": float(-scaled[np.arange(len(scaled)), table.labels].mean()),
        "ece": float(calibration_error(confidence, correct)),
        "ece_after": float(calibration_error(np.exp(scaled.max(1)), correct)),
        "ece_if_calibrated": ece_if_calibrated(confidence, table.lesions, rng),
    }


def reliability_points(
    table: PredictionTable, confidence: Floats, correct: npt.NDArray[np.bool_], weights: Floats
) -> list[dict[str, Any]]:
    """Share of right answers among rows of like confidence: equally many rows a point, two to ten points.

    Args:
        table: Whose rows they are.
        confidence: Probability of the predicted class, shape (N,).
        correct: Shape (N,).
        weights: Of `bootstrap.sample_and_draws`, shape (1 + draws, patients).

    Returns:
        rows, confidence (mean), correct (share) and its 95 % interval, by rising confidence.
    """
    points = int(np.clip(len(np.unique(table.lesions)) // LESIONS_PER_POINT, LEAST_POINTS, MOST_POINTS))
    edges = np.unique(np.quantile(confidence, np.linspace(0, 1, points + 1)[1:-1]))
    point = np.searchsorted(edges, confidence, side="right")
    members = (point == np.unique(point)[:, None]).astype(np.float64)  # (points, N); equal confidences leave some empty
    shares = bootstrap.patient_ratios(members * correct, members, table.patients, weights)
    found = []
    for i, mine in enumerate(members.astype(bool)):
        share = described(_sampled(shares[:, i]), patients=len(np.unique(table.patients[mine])))
        found.append({"rows": int(mine.sum()), "confidence": float(confidence[mine].mean())})
        found[-1] |= {"correct": share["estimate"], "interval": share["interval"]}
    return found


def losses_by_temperature(probabilities: Floats, labels: Ints) -> Floats:
    """Log-loss of each row at each of TEMPERATURES, shape (121, N)."""
    own = np.arange(len(labels)), labels
    return np.stack([-tempered(probabilities, np.full(len(labels), T))[own] for T in TEMPERATURES])


def tempered(probabilities: Floats, temperature: Floats) -> Floats:
    """Log-probabilities after division of the logits, shape (N, C), by a temperature for each row, shape (N,)."""
    scaled: Floats = log_softmax(np.log(np.maximum(probabilities, LEAST)) / temperature[:, None], axis=1)
    return scaled


def best_temperature(losses: Floats) -> Floats:
    """Where the mean loss is least: the vertex of the parabola through the least of TEMPERATURES and its neighbours.

    Args:
        losses: Mean loss at each of TEMPERATURES, shape (D, 121).

    Returns:
        Shape (D,); the first or last of TEMPERATURES where the loss still falls there.
    """
    least = losses.argmin(1)
    inner = np.clip(least, 1, len(TEMPERATURES) - 2)
    before, at, after = (losses[np.arange(len(losses)), inner + step] for step in (-1, 0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = 0.5 * (before - after) / (before - 2 * at + after)
    step = log(TEMPERATURES[1] / TEMPERATURES[0])
    return np.asarray(np.where(least == inner, TEMPERATURES[inner] * np.exp(step * shift), TEMPERATURES[least]))


def cross_fitted(losses: Floats, patients: Ints) -> Floats:
    """For each row the temperature that fits the patients of four other groups best, shape (N,).

    Args:
        losses: Shape (121, N).
        patients: Patient numbers, shape (N,); five groups are made of them.
    """
    groups = patients % GROUPS
    fitted = [losses[:, groups != g].mean(1) if (groups != g).any() else losses.mean(1) for g in range(GROUPS)]
    return np.asarray(best_temperature(np.stack(fitted))[groups])


def calibration_error(confidence: Floats, correct: npt.NDArray[np.bool_]) -> Floats:
    """Expected calibration error over ten bins of equal width.

    Args:
        confidence: Shape (N,).
        correct: Shape (..., N).

    Returns:
        Shape (...).
    """
    bins = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    members = (bins[:, None] == np.arange(ECE_BINS)).astype(np.float64)
    return np.asarray(abs((correct - confidence) @ members).sum(-1) / len(confidence))


def ece_if_calibrated(confidence: Floats, lesions: Ints, rng: np.random.Generator) -> dict[str, Any]:
    """ECE that these probabilities would show if they were true: mean and the range of 95 % of 200 simulations.

    A lesion of several repeats is as hard in all of them: one number decides for it whether each answer was right.
    """
    hardness = rng.random((SIMULATED, int(lesions.max()) + 1))[:, lesions]
    simulated = calibration_error(confidence, hardness < confidence)
    return {"mean": float(simulated.mean()), "range": bootstrap.percentile_interval(simulated)}


def confidence_of(table: PredictionTable, arm: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Probability of the predicted class, and whether it was right, each of shape (N,)."""
    predicted = table.predicted[arm]
    return table.probabilities[arm, np.arange(len(predicted)), predicted], table.correct[arm]


def _means(rows: Floats, patients: Ints, weights: Floats) -> Floats:
    return bootstrap.patient_ratios(rows, np.ones_like(rows), patients, weights)


def _sampled(values: Floats) -> Sampled:
    return Sampled(values[0], values[1:], values[:0])
