"""The difference in accuracy between two arms: estimate, interval, tests, and what the run could have seen.

The interval is that of the patient-cluster bootstrap, stretched by what resampling patients cannot see: a training
that makes a whole fold better or worse. Its variance is read from the splits, as in two-way clustered errors (Cameron,
Gelbach and Miller 2011, J. Business & Economic Statistics 29:238; patients one way, splits the other), and is never
allowed to shorten an interval. How often the resulting rule errs is measured in simulation.py.
"""

from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student_t

from liverlab.evaluation import bootstrap, comparison, power
from liverlab.evaluation.metrics import Floats, Ints, confusion_matrix, metrics_of_confusions
from liverlab.evaluation.prediction_table import PredictionTable
from liverlab.evaluation.rule import Rule


@dataclass(frozen=True)
class TrainingVariance:
    """Variance of the mean difference that whole trainings cause.

    Attributes:
        variance: In squared shares of lesions; 0 where the splits differ no more than their patients explain.
        degrees: Degrees of freedom it was estimated with; 0 where a single split shows nothing of it.
    """

    variance: float
    degrees: int


def training_variance(gain: Floats, table: PredictionTable, *, one_test_set: bool) -> TrainingVariance:
    """How much more the splits' differences vary than those of independent patients would.

    Args:
        gain: Per row, correct under B minus correct under A, shape (N,).
        table: Whose rows they are.
        one_test_set: Each repeat is another training set tested on the same lesions (hold-out). Lesions are then no
            reason for repeats to differ, and what a patient has in common over repeats is taken away first.
    """
    repeats, folds = (np.unique(part, return_inverse=True)[1] for part in (table.repeats, table.folds))
    if not one_test_set and folds.max() == 0:  # one fold of each repeat: repeats differ in their test patients
        repeats, folds = folds, repeats
    patients, R, K = (int(part.max()) + 1 for part in (table.patients, repeats, folds))
    if patients < 2 or (R if one_test_set else K) < 2:
        return TrainingVariance(0.0, 0)
    rows = np.bincount(repeats)
    centred = gain if one_test_set else gain - (np.bincount(repeats, gain) / rows)[repeats]
    sums = np.bincount((table.patients * R + repeats) * K + folds, centred, patients * R * K).reshape(patients, R, K)
    if one_test_set:
        sums = sums - sums.mean(1, keepdims=True)
        between, within, degrees = R / (R - 1), R / (R - 1), R - 1
    else:
        between, within, degrees = K / (K - 1), patients / (patients - 1), R * (K - 1)
    excess = between * (sums.sum(0) ** 2).sum() - within * (sums**2).sum()
    return TrainingVariance(max(0.0, float(excess)) / len(gain) ** 2, degrees)


@dataclass(frozen=True, eq=False)
class Difference:
    """Accuracy of B minus A.

    Attributes:
        estimate: Over all rows.
        draws: Of the bootstrap, stretched around the estimate, shape (draws,).
        stretch: By how much.
        standard_error: With training variance.
        degrees: Degrees of freedom of the standard error.
        splits_seen: Whether there were two splits or more, so that training variance could be seen.
    """

    estimate: float
    draws: Floats
    stretch: float
    standard_error: float
    degrees: float
    splits_seen: bool

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval."""
        return bootstrap.percentile_interval(self.draws)


def difference(
    table: PredictionTable, names: tuple[str, str], drawn: Floats, *, one_test_set: bool = False
) -> Difference:
    """Difference of a pair with its uncertainty over patients and trainings.

    The two variances add; the degrees of freedom are Satterthwaite's (1946, Biometrics Bulletin 2:110), so that a
    large training variance read from three folds costs what it must. Student's quantile and P/(P-1) undo the
    narrowness of a bootstrap of few clusters (Hesterberg 2015, American Statistician 69:371, sec. 3.2).

    Args:
        table: Predictions.
        names: B (the arm) and A (the baseline).
        drawn: Bootstrap draws of each arm's accuracy, shape (draws, A).
        one_test_set: As in `training_variance`.
    """
    b, a = (table.arms.index(name) for name in names)
    gain = table.correct[b].astype(np.float64) - table.correct[a]
    estimate, draws = float(gain.mean()), drawn[:, b] - drawn[:, a]
    patients, plain = len(np.unique(table.patients)), float(draws.std())
    training = training_variance(gain, table, one_test_set=one_test_set)
    if plain == 0:
        return Difference(estimate, draws, 1.0, 0.0, patients - 1, training.degrees > 0)
    sampling = plain**2 * patients / (patients - 1)
    variance = sampling + training.variance
    terms = sampling**2 / (patients - 1) + training.variance**2 / max(1, training.degrees)
    error, degrees = sqrt(variance), variance**2 / terms
    stretch = error / plain * float(student_t.ppf(0.975, degrees) / norm.ppf(0.975))
    return Difference(estimate, estimate + stretch * (draws - estimate), stretch, error, degrees, training.degrees > 0)


def described(table: PredictionTable, names: tuple[str, str], drawn: Floats, *, one_test_set: bool) -> dict[str, Any]:
    """Estimate and interval of (arm, baseline): described, not tested."""
    found = difference(table, names, drawn, one_test_set=one_test_set)
    return {"estimate": found.estimate, "interval": found.interval}


def compare_arms(
    table: PredictionTable,
    names: tuple[str, str],
    drawn: dict[str, Floats],
    *,
    folds: int,
    rule: Rule,
    rng: np.random.Generator,
    one_test_set: bool = False,
) -> dict[str, Any]:
    """One declared comparison: accuracy of arm B minus arm A (the baseline), before Holm and verdict.

    Args:
        table: Predictions.
        names: B (the arm) and A (the baseline).
        drawn: Bootstrap draws of all arms' metrics, shapes (draws, A, ...).
        folds: K of the cross-validation.
        rule: Its rope and number of flips are used here.
        rng: Seeded generator.
        one_test_set: Hold-out design. The correlated t, whose variance is one of cross-validation, is left out.
    """
    b, a = (table.arms.index(name) for name in names)
    gain = table.correct[b].astype(np.int64) - table.correct[a]
    lesions, share = len(np.unique(table.lesions)), float((gain != 0).mean())
    found = difference(table, names, drawn["accuracy"], one_test_set=one_test_set)
    per_split = np.array([gain[table.in_split(*split)].mean() for split in table.splits])
    corrected = None if one_test_set else comparison.correlated_t(per_split, folds, rule.rope)
    one = table.repeats == table.repeats.min()
    detectable = power.detectable_by_bootstrap(found.standard_error, found.degrees)
    return {
        "arm": names[0],
        "baseline": names[1],
        "metric": "accuracy",
        "estimate": found.estimate,
        "interval": found.interval,
        "standard_error": found.standard_error,
        "degrees": found.degrees,
        "stretch": found.stretch,
        "splits_seen": found.splits_seen,
        "probabilities": asdict(comparison.bootstrap_probabilities(found.draws, rule.rope)),
        "sign_flip_p": comparison.sign_flip_p(_per_patient(table.patients, gain), rule.flips, rng),
        "correlated_t": asdict(corrected) if corrected else None,
        "mcnemar": asdict(comparison.mcnemar_exact(table.correct[a, one], table.correct[b, one])),
        "discordance": share,
        "detectable": detectable,
        "detectable_by_mcnemar": power.detectable_by_mcnemar(share, lesions),
        "lesions_needed": power.lesions_needed(found.estimate, detectable, lesions),
        "per_split": [
            {"repeat": r, "fold": k, "difference": float(d)} for (r, k), d in zip(table.splits, per_split, strict=True)
        ],
        "secondary": _secondary(drawn, table, (a, b), found.stretch),
    }


def _per_patient(patients: Ints, gain: Ints) -> Ints:
    return np.bincount(patients, gain).astype(np.int64)


def _secondary(
    drawn: dict[str, Floats], table: PredictionTable, pair: tuple[int, int], stretch: float
) -> dict[str, Any]:
    """Differences without a test, with intervals stretched as that of accuracy: described, not claimed."""
    num_classes = len(table.class_names)
    confusions = np.stack([confusion_matrix(table.labels, table.predicted[i], num_classes) for i in pair])
    values = metrics_of_confusions(confusions.astype(np.float64))
    result = {}
    for name in ("specificity", "macro_sensitivity"):
        estimate = float(values[name][1] - values[name][0])
        draws = estimate + stretch * (drawn[name][:, pair[1]] - drawn[name][:, pair[0]] - estimate)
        result[name] = {"estimate": estimate, "interval": bootstrap.percentile_interval(draws)}
    return result
