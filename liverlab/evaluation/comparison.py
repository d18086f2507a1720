"""Is arm B better than arm A? Paired tests that respect patients and splits, and a verdict by rule.

Folds and repeats share patients and training data, so their results are no independent sample: a paired t-test over
them rejects a true null far too often. What is used instead works on patients (sign flips, bootstrap) or corrects the
variance (Nadeau and Bengio 2003, Machine Learning 52:239; as a posterior: Corani and Benavoli 2015, Machine Learning
100:285: a conservative check beside the verdict, not a part of it, since it finds little where much is there).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student_t
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from liverlab.evaluation.metrics import Floats
from liverlab.evaluation.rule import Rule

BLOCK = 500  # flips at a time, to bound memory


def sign_flip_p(differences: npt.NDArray[np.int64], flips: int, rng: np.random.Generator) -> float:
    """Two-sided p of the patient sign-flip permutation test.

    If the arms were exchangeable, swapping them within a patient would change nothing. Swapping negates the patient's
    difference, so the null distribution is that of the sum under random signs. Never 0: p = (1 + #) / (1 + flips)
    (Phipson and Smyth 2010, arXiv:1603.05766).

    Args:
        differences: Per patient, lesions that B classified correctly minus those that A did, shape (patients,).
        flips: Random sign patterns.
        rng: Seeded generator.
    """
    observed = abs(differences.sum())
    as_extreme = 0
    for start in range(0, flips, BLOCK):
        signs = rng.integers(0, 2, size=(min(BLOCK, flips - start), len(differences))) * 2 - 1
        as_extreme += int((abs(signs @ differences) >= observed).sum())
    return (1 + as_extreme) / (1 + flips)


@dataclass(frozen=True)
class Probabilities:
    """Probabilities that the true difference d is positive, negative, above and within the region of equivalence."""

    positive: float
    negative: float
    above_rope: float
    within_rope: float


@dataclass(frozen=True)
class CorrelatedT:
    """Nadeau-Bengio's corrected t over the splits, and the posterior that the same numbers give.

    Attributes:
        splits: J, differences that went in.
        mean: Their mean.
        standard_error: sqrt(s^2 (1/J + 1/(K-1))); 1/(K-1) is the ratio of test to training lesions.
        p_value: Two-sided, with J-1 degrees of freedom.
        probabilities: Posterior of d: Student's t around the mean.
    """

    splits: int
    mean: float
    standard_error: float
    p_value: float
    probabilities: Probabilities


def correlated_t(differences: Floats, folds: int, rope: float) -> CorrelatedT | None:
    """Corrected t over splits; None where fewer than two splits, or no variance between them, leave it undefined.

    Args:
        differences: B minus A per (repeat, fold), shape (J,).
        folds: K of the cross-validation.
        rope: Half-width of the region of practical equivalence, in the unit of the differences.
    """
    splits = len(differences)
    if splits < 2 or np.ptp(differences) == 0:
        return None
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) * sqrt(1 / splits + 1 / (folds - 1))
    posterior = student_t(splits - 1, loc=mean, scale=error)
    above, below = float(posterior.sf(rope)), float(posterior.cdf(-rope))
    probabilities = Probabilities(float(posterior.sf(0)), float(posterior.cdf(0)), above, 1 - above - below)
    return CorrelatedT(splits, mean, error, float(2 * student_t.sf(abs(mean) / error, splits - 1)), probabilities)


def bootstrap_probabilities(drawn: Floats, rope: float) -> Probabilities:
    """Shares of the bootstrap draws of d, shape (draws,)."""
    inside = abs(drawn) <= rope
    return Probabilities(*(float(np.mean(share)) for share in (drawn > 0, drawn < 0, drawn > rope, inside)))


@dataclass(frozen=True)
class McNemar:
    """The paper-style line: lesions gained and lost from arm A to arm B in one repeat, and McNemar's exact p."""

    gained: int
    lost: int
    p_value: float


def mcnemar_exact(correct_a: npt.NDArray[np.bool_], correct_b: npt.NDArray[np.bool_]) -> McNemar:
    """McNemar's exact test on one row per lesion, shapes (N,); it takes lesions of one patient for independent."""
    gained, lost = int((correct_b & ~correct_a).sum()), int((correct_a & ~correct_b).sum())
    table = [[int((correct_a & correct_b).sum()), lost], [gained, int((~correct_a & ~correct_b).sum())]]
    return McNemar(gained, lost, float(mcnemar(table, exact=True).pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values (1979, Scand. J. Statistics 6:65): below alpha with a family-wise error of alpha."""
    if len(p_values) < 2:  # nothing to adjust, and multipletests collects garbage first, which takes a second
        return list(p_values)
    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def verdict(found: Mapping[str, Any], rule: Rule) -> str:
    """Benefit, harm, equivalent or inconclusive: a rule, so that nobody chooses after seeing the numbers.

    Args:
        found: A comparison as `compare_arms` returns it, with `p_holm`. Where no patient gained or lost on balance, the
            bootstrap has nothing to vary and would call any two arms equivalent; where there is one split, training
            variation was not seen at all. Both are inconclusive.
        rule: Its thresholds.
    """
    (low, high), probabilities = found["interval"], found["probabilities"]
    if found["standard_error"] == 0 or not found["splits_seen"]:
        return "inconclusive"
    if low > 0 and found["p_holm"] < rule.alpha and probabilities["positive"] > rule.sure:
        return "benefit"
    if high < 0 and found["p_holm"] < rule.alpha and probabilities["negative"] > rule.sure:
        return "harm"
    return "equivalent" if probabilities["within_rope"] > rule.equivalent else "inconclusive"


def decided(comparisons: Sequence[dict[str, Any]], rule: Rule) -> list[dict[str, Any]]:
    """The declared comparisons with Holm's p over all of them (`p_holm`) and the verdict of each."""
    adjusted = holm([found["sign_flip_p"] for found in comparisons])
    with_p = [found | {"p_holm": p} for found, p in zip(comparisons, adjusted, strict=True)]
    return [found | {"verdict": verdict(found, rule)} for found in with_p]
