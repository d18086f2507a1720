"""Paired patient-cluster bootstrap: patients are drawn with all their lesions, once for every arm and metric.

Resampling lesions would treat the lesions of one patient as independent and give intervals that are too short.
(Field and Welsh 2007, "Bootstrapping clustered data"; the cluster is the unit that is sampled.)
"""

from collections.abc import Iterator
from math import prod

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from liverlab.evaluation.metrics import Floats, Ints, defined_mean
from liverlab.evaluation.rule import ARM_FACTOR

BLOCK = 500  # draws at a time, to bound memory
SAME = 1e-9  # draws that lie this close differ by rounding alone


def patient_confusions(labels: Ints, predicted: Ints, patients: Ints, num_classes: int) -> Floats:
    """One confusion matrix per patient and arm.

    Args:
        labels: True classes, shape (N,).
        predicted: Predicted classes, shape (A, N).
        patients: Patient numbers counted from 0, shape (N,).
        num_classes: C.

    Returns:
        Counts of shape (patients, A, C, C).
    """
    shape = (int(patients.max()) + 1, len(predicted), num_classes, num_classes)
    arms = np.arange(len(predicted))[:, None]
    cell = ((patients * len(predicted) + arms) * num_classes + labels) * num_classes + predicted  # (A, N)
    return np.bincount(cell.ravel(), minlength=prod(shape)).reshape(shape).astype(np.float64)


def drawn_patients(patients: int, draws: int, rng: np.random.Generator) -> Iterator[Ints]:
    """How often every draw holds each patient, in blocks of shape (up to 500, patients)."""
    for start in range(0, draws, BLOCK):
        yield rng.multinomial(patients, np.full(patients, 1 / patients), size=min(BLOCK, draws - start))


def resampled_confusions(per_patient: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Confusion matrices of `draws` bootstrap samples of patients, shape (draws, A, C, C)."""
    flat = per_patient.reshape(len(per_patient), -1)
    blocks = [counts @ flat for counts in drawn_patients(len(per_patient), draws, rng)]
    return np.concatenate(blocks).reshape(draws, *per_patient.shape[1:])


def sample_and_draws(patients: int, draws: int, rng: np.random.Generator) -> Floats:
    """Weights of patients, shape (1 + draws, patients): the sample as it is, then bootstrap draws of it."""
    return np.concatenate([np.ones((1, patients)), *drawn_patients(patients, draws, rng)])


def patient_ratios(above: Floats, below: Floats, patients: Ints, weights: Floats) -> Floats:
    """Sum of one quantity over the sum of another, for each weighting of the patients.

    Args:
        above: Per row, shape (K, N).
        below: Per row, shape (K, N); ones give a mean.
        patients: Patient numbers counted from 0, shape (N,).
        weights: Shape (D, patients).

    Returns:
        Shape (D, K); NaN where the sum below is 0.
    """
    sums = [
        weights @ np.stack([np.bincount(patients, row, weights.shape[1]) for row in part], axis=1)
        for part in (above, below)
    ]
    with np.errstate(invalid="ignore"):
        return np.asarray(sums[0] / sums[1])


def with_repeats(
    drawn: dict[str, Floats], per_repeat: dict[str, Floats], rng: np.random.Generator
) -> dict[str, Floats]:
    """Draws of patients, each shifted as a draw of repeats deviates: where repeats share patients but no training.

    Repeats of a hold-out are independent trainings that are tested on the same patients, so that both were sampled
    (a crossed design: Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1:386). One repeat leaves the
    draws as they are.

    Args:
        drawn: Metrics of draws of patients, shapes (draws, ...).
        per_repeat: The same metrics of each repeat, shapes (repeats, ...); one where a metric is undefined (NaN)
            deviates by nothing.
        rng: Seeded generator; the same repeats are drawn for every arm and metric.
    """
    repeats, draws = (len(next(iter(part.values()))) for part in (per_repeat, drawn))
    if repeats < 2:
        return drawn
    # a bootstrap of so few is too narrow by this factor
    shares = np.sqrt(repeats / (repeats - 1)) * rng.multinomial(repeats, np.full(repeats, 1 / repeats), draws) / repeats
    return {
        name: drawn[name] + np.tensordot(shares, np.nan_to_num(values - defined_mean(values)), axes=1)
        for name, values in per_repeat.items()
    }


def widened(estimate: float | Floats, drawn: Floats) -> Floats:
    """The draws of one arm's metric, stretched around the estimate to allow for training variation."""
    return estimate + ARM_FACTOR * (drawn - estimate)


def percentile_interval(drawn: Floats) -> tuple[float, float]:
    """The 2.5 and 97.5 % points; draws in which the metric is undefined (NaN) do not count."""
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def proportion_interval(estimate: float, drawn: Floats, patients: int) -> tuple[float, float] | None:
    """95 % interval of a proportion, within [0, 1].

    Where every draw is the same, as at 0 and 1 or with one patient, the bootstrap is blind: there it is Wilson's
    interval with `patients` instead of `rows` trials, i.e. with the largest design effect that clustering can have.

    Args:
        estimate: The proportion; NaN where it is undefined.
        drawn: Its bootstrap draws, shape (draws,).
        patients: Patients behind it.

    Returns:
        Low and high, or None where the proportion, or every draw of it, is undefined.
    """
    defined = drawn[~np.isnan(drawn)]
    if np.isnan(estimate) or len(defined) == 0:
        return None
    if np.ptp(defined) < SAME:
        low, high = proportion_confint(estimate * patients, patients, alpha=0.05, method="wilson")
        return float(low), float(high)
    low, high = percentile_interval(widened(estimate, defined))
    return max(low, 0.0), min(high, 1.0)
