"""From a run's folder to `metrics.json`: each arm's metrics with intervals, and the primary comparison."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from data_modules.errors import InputError
from data_modules.whole_file import replacing
from liverlab.evaluation import bootstrap, comparison, power
from liverlab.evaluation.metrics import Floats, confusion_matrix, mean_auroc, metrics_of_confusions, paper_metrics
from liverlab.evaluation.noise_floor import noise_floor
from liverlab.evaluation.prediction_table import PredictionTable, read_predictions
from liverlab.evaluation.published import PUBLISHED_RESULTS
from liverlab.evaluation.volume_curve import curve_summary, differences, select_arm
from liverlab.evaluation.worth import worth_summary


def evaluate(
    folder: Path, *, rope: float = 0.02, draws: int = 5000, flips: int = 10000, seed: int = 0
) -> dict[str, Any]:
    """Evaluate a finished run and write `metrics.json` beside its predictions.

    Args:
        folder: Holds `predictions.csv` and `run.json`.
        rope: Half-width of the region of practical equivalence, as a share of lesions.
        draws: Bootstrap draws.
        flips: Sign patterns of the permutation test.
        seed: Of bootstrap and permutation.

    Returns:
        What was written. Proportions are in [0, 1]; `comparison` is None without a baseline.

    Raises:
        InputError: If a file is missing or the two contradict each other.
    """
    table = read_predictions(folder / "predictions.csv")
    run = _read_run(folder / "run.json", table)
    rng = np.random.default_rng(seed)
    per_patient = bootstrap.patient_confusions(table.labels, table.predicted, table.patients, len(table.class_names))
    drawn = metrics_of_confusions(bootstrap.resampled_confusions(per_patient, draws, rng))
    holdout = run["protocol"].get("holdout")
    varied = bootstrap.with_repeats(drawn, _metrics_per_repeat(table), rng) if holdout else drawn
    arms = {
        name: arm_metrics(table, i, {key: value[:, i] for key, value in varied.items()})
        for i, name in enumerate(table.arms)
    }
    selection = select_arm(run, {name: arm["correct"] for name, arm in arms.items()})
    accuracy = {name: drawn["accuracy"][:, i] for i, name in enumerate(table.arms)}
    result = {
        "experiment": run["experiment"],
        "class_names": list(table.class_names),
        "phantom": run["cohort"]["phantom"],
        "holdout": holdout,
        "generators": run["generators"],
        "leaks": [name for name in table.arms if run["arms"][name].get("leak_on_purpose")],
        "steps": {name: run["arms"][name]["steps"] for name in table.arms},
        "settings": {"rope": rope, "draws": draws, "flips": flips, "seed": seed},
        "counts": _counts(table),
        "arms": arms,
        "selection": selection,
        "curve": curve_summary(run, arms, accuracy, selection["arm"]),
        "worth": worth_summary(run, arms, {name: varied["accuracy"][:, i] for i, name in enumerate(table.arms)}),
        "comparison": None,
        "noise_floor": noise_floor(run, arms, accuracy),
        "differences": differences(run, arms, accuracy),
        "by_epochs": run.get("by_epochs", {}),
        "published": [
            asdict(row) | {"accuracy": row.accuracy, "wilson_95": row.wilson_95} for row in PUBLISHED_RESULTS
        ],
    }
    if run["baseline"] is not None:
        pair = table.arms.index(run["baseline"]), table.arms.index(selection["arm"])
        result["comparison"] = compare_arms(
            table, pair, drawn, folds=run["protocol"]["folds"], rope=rope, flips=flips, rng=rng
        )
    write_json(folder / "metrics.json", result)
    return result


def arm_metrics(table: PredictionTable, arm: int, drawn: dict[str, Floats]) -> dict[str, Any]:
    """One arm's estimates with 95 % intervals, confusion matrix (summed over repeats), and accuracy per split.

    Args:
        table: Predictions.
        arm: Position of the arm.
        drawn: Bootstrap draws of this arm's metrics, shape (draws,) or (draws, C).
    """
    num_classes = len(table.class_names)
    predicted = table.predicted[arm]
    patients = len(np.unique(table.patients))
    summary: dict[str, Any] = {"correct": int(table.correct[arm].sum()), "rows": len(table.labels)}
    for name, estimate in paper_metrics(table.labels, predicted, num_classes).items():
        interval = bootstrap.proportion_interval(estimate, drawn[name], len(table.labels), patients)
        summary[name] = {"estimate": estimate, "interval": interval}
    area, folds = mean_auroc(table, arm)
    confusion = confusion_matrix(table.labels, predicted, num_classes)
    return summary | {
        "auroc": {"estimate": area, "folds": folds},
        "per_class": _per_class(table, confusion.astype(float), drawn),
        "confusion": confusion.tolist(),
        "splits": [
            {"repeat": r, "fold": k, "rows": int(rows.sum()), "correct": int(table.correct[arm, rows].sum())}
            for r, k in table.splits
            for rows in [table.in_split(r, k)]
        ],
    }


def _metrics_per_repeat(table: PredictionTable) -> dict[str, Floats]:
    """Metrics of all arms in each repeat, shapes (repeats, A, ...)."""
    num_classes = len(table.class_names)
    repeat = np.unique(table.repeats, return_inverse=True)[1]
    return metrics_of_confusions(bootstrap.patient_confusions(table.labels, table.predicted, repeat, num_classes))


def _per_class(table: PredictionTable, confusion: Floats, drawn: dict[str, Floats]) -> dict[str, Any]:
    values = metrics_of_confusions(confusion)
    result: dict[str, Any] = {}
    for c, name in enumerate(table.class_names):
        result[name] = {"rows": int(confusion[c].sum())}
        for metric, mine in (("sensitivity", table.labels == c), ("specificity", table.labels != c)):
            estimate = float(values[f"class_{metric}"][c])
            patients = len(np.unique(table.patients[mine]))
            interval = bootstrap.proportion_interval(
                estimate, drawn[f"class_{metric}"][:, c], int(mine.sum()), patients
            )
            result[name][metric] = {"estimate": None if interval is None else estimate, "interval": interval}
    return result


def compare_arms(
    table: PredictionTable,
    pair: tuple[int, int],
    drawn: dict[str, Floats],
    *,
    folds: int,
    rope: float,
    flips: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """The primary comparison: accuracy of arm B minus arm A (the baseline), with verdict and what the run could see.

    Args:
        table: Predictions.
        pair: Positions of A and B.
        drawn: Bootstrap draws of all arms' metrics, shapes (draws, A, ...).
        folds: K of the cross-validation.
        rope: Half-width of the region of practical equivalence.
        flips: Sign patterns of the permutation test.
        rng: Seeded generator.
    """
    a, b = pair
    gain = table.correct[b].astype(np.int64) - table.correct[a]
    lesions, discordant = len(np.unique(table.lesions)), int((gain != 0).sum())
    estimate = float(gain.mean())
    draws = bootstrap.widened(estimate, drawn["accuracy"][:, b] - drawn["accuracy"][:, a])
    interval, error = bootstrap.percentile_interval(draws), float(draws.std(ddof=1))
    p_value = comparison.sign_flip_p(np.bincount(table.patients, gain).astype(np.int64), flips, rng)
    per_split = np.array([gain[table.in_split(*split)].mean() for split in table.splits])
    corrected = comparison.correlated_t(per_split, folds, rope)
    trusted = corrected is not None and corrected.splits >= comparison.SPLITS_FOR_CORRELATED_T
    shares = comparison.bootstrap_probabilities(draws, rope)
    probabilities = corrected.probabilities if corrected and trusted else shares
    one = table.repeats == table.repeats.min()
    detectable = power.detectable_by_bootstrap(error)
    return {
        "arm": table.arms[b],
        "baseline": table.arms[a],
        "metric": "accuracy",
        "estimate": estimate,
        "interval": interval,
        "standard_error": error,
        "verdict": comparison.verdict(interval, p_value, probabilities, discordant),
        "probabilities": asdict(probabilities) | {"source": "correlated t" if trusted else "bootstrap"},
        "sign_flip_p": p_value,
        "correlated_t": asdict(corrected) if corrected else None,
        "mcnemar": asdict(comparison.mcnemar_exact(table.correct[a, one], table.correct[b, one])),
        "discordance": discordant / len(gain),
        "detectable": detectable,
        "detectable_by_mcnemar": power.detectable_by_mcnemar(discordant / len(gain), lesions),
        "lesions_needed": power.lesions_needed(estimate, detectable, lesions),
        "per_split": [
            {"repeat": r, "fold": k, "difference": float(d)} for (r, k), d in zip(table.splits, per_split, strict=True)
        ],
        "secondary": _secondary(drawn, table, pair),
    }


def _secondary(drawn: dict[str, Floats], table: PredictionTable, pair: tuple[int, int]) -> dict[str, Any]:
    """Differences without a test: described, not claimed."""
    num_classes = len(table.class_names)
    values = [paper_metrics(table.labels, table.predicted[i], num_classes) for i in pair]
    result = {}
    for name in ("specificity", "macro_sensitivity"):
        estimate = values[1][name] - values[0][name]
        draws = bootstrap.widened(estimate, drawn[name][:, pair[1]] - drawn[name][:, pair[0]])
        result[name] = {"estimate": estimate, "interval": bootstrap.percentile_interval(draws)}
    return result


def _counts(table: PredictionTable) -> dict[str, Any]:
    per_class = np.bincount(table.labels, minlength=len(table.class_names))
    return {
        "rows": len(table.labels),
        "lesions": len(np.unique(table.lesions)),
        "patients": len(np.unique(table.patients)),
        "repeats": len(np.unique(table.repeats)),
        "splits": len(table.splits),
        "majority_class": table.class_names[int(per_class.argmax())],
        "majority_share": float(per_class.max() / per_class.sum()),
    }


def _read_run(path: Path, table: PredictionTable) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(
            f"No description of the run in {path.parent}: {path.name} is missing. `liverlab run` writes it."
        )
    run: dict[str, Any] = json.loads(path.read_text())
    for key in ("arm", "baseline"):
        if run[key] is not None and run[key] not in table.arms:
            raise InputError(f"{path} names the {key} {run[key]!r}, but predictions.csv holds {', '.join(table.arms)}.")
    if tuple(run["class_names"]) != table.class_names:
        raise InputError(
            f"{path} lists the classes {run['class_names']}, predictions.csv has {list(table.class_names)}."
        )
    return run


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON under a temporary name and rename it, so that a reader never sees half a file."""
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
