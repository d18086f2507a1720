"""How often does the verdict err? Runs are invented whose truth is known, and go through the very evaluation.

A lesion is classified correctly where a latent score is above 0 (a probit model with random effects). The score is the
sum of what both arms share (difficulty of the lesion, of the patient), what an arm keeps over all its trainings (some
lesions and patients suit it), chance of one training, and a shift of a whole fold: one training of one arm came out
better or worse. That last one is what neither a bootstrap of patients nor sign flips can see. Its size differs between
classifiers and is not known beforehand, so several sizes are tried.

`python -m liverlab.evaluation.simulation` prints the table of docs/statistics.md (minutes on one core).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm, ttest_1samp

from liverlab.evaluation import bootstrap
from liverlab.evaluation.comparison import decided, mcnemar_exact
from liverlab.evaluation.metrics import Floats, metrics_of_confusions
from liverlab.evaluation.paired import compare_arms
from liverlab.evaluation.prediction_table import PredictionTable
from liverlab.evaluation.rule import Rule

LESIONS_PER_PATIENT = np.repeat([1, 2, 3, 4], [52, 27, 12, 10])  # 101 patients, 182 lesions: counts of the paper
ACCURACY = 0.78  # of the paper's classic augmentation
# Chosen: standard deviations of the latent score, in units of the lesions' difficulty. Together they make the arms
# disagree on 17 % of the lesions, and on two in five of those again after another training.
PATIENT, OWN_PATIENT, OWN_LESION, CHANCE = 0.7, 0.3, 0.4, 0.5
SPREAD = float(np.sqrt(1 + PATIENT**2 + OWN_PATIENT**2 + OWN_LESION**2 + CHANCE**2))
START = float(norm.ppf(ACCURACY)) * SPREAD
SLOPE = float(norm.pdf(norm.ppf(ACCURACY))) / SPREAD  # share of lesions gained per unit of the score
PROTOCOLS = {"paper": (3, 1), "honest": (5, 5)}  # folds, repeats
QUICK = Rule(draws=1000, flips=1000)  # enough to decide at 5 %; a run takes more


@dataclass(frozen=True)
class World:
    """What is true in the invented runs.

    Attributes:
        folds: K.
        repeats: Of the cross-validation.
        fold_noise: Standard deviation, in accuracy, of what one training adds to its whole fold, in each arm.
        effect: True difference in accuracy between the arms.
    """

    folds: int
    repeats: int
    fold_noise: float = 0.02
    effect: float = 0.0


def invented(world: World, data_sets: int, seed: int) -> Iterator[PredictionTable]:
    """Prediction tables of two arms, "a" and "b", the second better by the effect.

    Args:
        world: What is true.
        data_sets: How many.
        seed: Of everything.
    """
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(len(LESIONS_PER_PATIENT)), LESIONS_PER_PATIENT)
    M, R, K, P, L = data_sets, world.repeats, world.folds, len(LESIONS_PER_PATIENT), len(patient)
    shared = rng.normal(0, 1, (M, 1, 1, L)) + rng.normal(0, PATIENT, (M, 1, 1, P))[..., patient]
    own = rng.normal(0, OWN_LESION, (M, 2, 1, L)) + rng.normal(0, OWN_PATIENT, (M, 2, 1, P))[..., patient]
    fold = (rng.permuted(np.tile(np.arange(P), (M, R, 1)), axis=-1) % K)[..., patient]  # (M, R, L)
    shift = rng.normal(0, world.fold_noise / SLOPE, (M, 2, R, K))
    score = START + shared + own + rng.normal(0, CHANCE, (M, 2, R, L))
    score += np.take_along_axis(shift, np.broadcast_to(fold[:, None], score.shape), -1)
    score[:, 1] += (norm.ppf(ACCURACY + world.effect) - norm.ppf(ACCURACY)) * SPREAD
    correct = (score > 0).reshape(M, 2, R * L)
    for m in range(M):
        yield _table(correct[m], fold[m].ravel(), np.tile(patient, R), np.repeat(np.arange(R), L))


def _table(correct: Any, fold: Any, patient: Any, repeat: Any) -> PredictionTable:
    labels = np.zeros(len(patient), dtype=np.int64)
    return PredictionTable(
        class_names=("lesion", "other"),
        arms=("a", "b"),
        repeats=repeat,
        folds=fold,
        lesions=np.arange(len(patient)) % (len(patient) // (repeat.max() + 1)),
        patients=patient,
        labels=labels,
        predicted=1 - correct.astype(np.int64),
        probabilities=np.empty((2, len(labels), 2)),
    )


def judged(table: PredictionTable, folds: int, rng: np.random.Generator, rule: Rule = QUICK) -> dict[str, Any]:
    """The only declared comparison of an invented run, b minus a, exactly as `evaluate` makes it."""
    counts = bootstrap.patient_confusions(table.labels, table.predicted, table.patients, 2)
    drawn = metrics_of_confusions(bootstrap.resampled_confusions(counts, rule.draws, rng))
    return decided([compare_arms(table, ("b", "a"), drawn, folds=folds, rule=rule, rng=rng)], rule)[0]


def rejections(table: PredictionTable, found: Mapping[str, Any]) -> dict[str, bool]:
    """Which procedures call the difference real (two-sided, 5 %)."""
    low, high = found["interval"]
    plain = [found["estimate"] + (x - found["estimate"]) / found["stretch"] for x in (low, high)]
    corrected, splits = found["correlated_t"], [split["difference"] for split in found["per_split"]]
    pooled = mcnemar_exact(table.correct[0], table.correct[1])
    return {
        "verdict": found["verdict"] in ("benefit", "harm"),
        "interval": low > 0 or high < 0,
        "sign flips": found["sign_flip_p"] < 0.05,
        "bootstrap": plain[0] > 0 or plain[1] < 0,
        "Nadeau-Bengio": corrected is not None and corrected["p_value"] < 0.05,
        "paired t": np.ptp(splits) > 0 and float(ttest_1samp(splits, 0).pvalue) < 0.05,
        "McNemar": pooled.p_value < 0.05,
    }


def simulate(world: World, data_sets: int, seed: int = 0) -> dict[str, float]:
    """Shares of the invented runs in which each procedure calls the difference real.

    Returns:
        By procedure; also the share of "equivalent", mean "discordance", "error" and "estimate", and as "spread" the
        standard deviation of the estimates.
    """
    rng = np.random.default_rng(seed + 1)
    rows = []
    for table in invented(world, data_sets, seed):
        found = judged(table, world.folds, rng)
        about = {"equivalent": found["verdict"] == "equivalent", "discordance": found["discordance"]}
        rows.append(rejections(table, found) | about | {"error": found["standard_error"], "d": found["estimate"]})
    values: dict[str, Floats] = {key: np.array([row[key] for row in rows], dtype=np.float64) for key in rows[0]}
    estimates = values.pop("d")
    shares = {key: float(column.mean()) for key, column in values.items()}
    return shares | {"estimate": float(estimates.mean()), "spread": float(estimates.std(ddof=1))}


def normal_power(effect: float, error: float) -> float:
    """Power of a two-sided 5 % test of an estimate with normal error: the reference for the simulated one."""
    return float(norm.sf(norm.ppf(0.975) - effect / error) + norm.cdf(norm.ppf(0.025) - effect / error))


def main() -> None:
    """Print the table, a row for each world of 500 runs."""
    columns = ("verdict", "interval", "sign flips", "bootstrap", "Nadeau-Bengio", "paired t", "McNemar")
    print("| protocol | effect | fold noise |", " | ".join(columns), "| normal reference | spread | mean error |")
    print("|---|" + "---:|" * (len(columns) + 5))
    for name, (folds, repeats) in PROTOCOLS.items():
        for effect, noise in ((0, 0), (0, 2), (0, 4), (0, 6), (5, 2), (8, 2)):  # points of accuracy
            found = simulate(World(folds, repeats, noise / 100, effect / 100), 500)
            reference = normal_power(found["estimate"], found["spread"]) if effect else 0.05
            shares = [*(found[column] for column in columns), reference, found["spread"], found["error"]]
            print(f"| {name} | {effect} | {noise} |", " | ".join(f"{100 * x:.1f}" for x in shares), "|", flush=True)


if __name__ == "__main__":
    main()
