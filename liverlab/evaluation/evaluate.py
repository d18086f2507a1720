"""From a run's folder to `metrics.json`: each arm's metrics with intervals, and the declared comparisons."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from data_modules.errors import InputError
from data_modules.whole_file import replacing
from liverlab.evaluation import bootstrap
from liverlab.evaluation.calibration import reliability_summary
from liverlab.evaluation.comparison import decided
from liverlab.evaluation.further_metrics import further_of_confusions, further_summary
from liverlab.evaluation.gained_lost import changes_summary
from liverlab.evaluation.metrics import Floats, confusion_matrix, mean_auroc, metrics_of_confusions, paper_metrics
from liverlab.evaluation.noise_floor import noise_floor
from liverlab.evaluation.paired import compare_arms, described
from liverlab.evaluation.prediction_table import PredictionTable, read_predictions
from liverlab.evaluation.published import PUBLISHED_RESULTS
from liverlab.evaluation.rule import Rule, frozen
from liverlab.evaluation.volume_curve import curve_summary, select_arm
from liverlab.evaluation.worth import worth_summary

FEWER_DRAWS = 500  # of the bootstrap, for what is sorted anew in every draw and not read from confusion matrices


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
        What was written. Proportions are in [0, 1]; `comparisons` are the declared ones, the primary first, which is
        also `comparison`; without a baseline they are empty and None.

    Raises:
        InputError: If a file is missing, the two contradict each other, the predictions are not those that the run
            wrote, or another rule was frozen when the run began.
    """
    rule = Rule(rope, draws, flips)
    was_frozen = frozen(folder, rule)
    table = read_predictions(folder / "predictions.csv")
    run = _read_run(folder / "run.json", table)
    sha256, checked = signature(folder / "predictions.csv", run)
    rng = np.random.default_rng(seed)
    per_patient = bootstrap.patient_confusions(table.labels, table.predicted, table.patients, len(table.class_names))
    drawn = _metrics(bootstrap.resampled_confusions(per_patient, draws, rng))
    folds, holdout = run["protocol"]["folds"], run["protocol"].get("holdout")
    varied = bootstrap.with_repeats(drawn, _metrics_per_repeat(table), rng) if holdout else drawn
    # the same draws once more, as many as curves need
    weights = bootstrap.sample_and_draws(len(per_patient), min(draws, FEWER_DRAWS), np.random.default_rng(seed))
    repeats_seed = seed if holdout else None
    arms = {
        name: arm_metrics(table, i, own)
        | further_summary(table, i, own, weights, repeats_seed=repeats_seed)
        | {"reliability": reliability_summary(table, i, weights, np.random.default_rng(seed))}
        for i, name in enumerate(table.arms)
        for own in [{key: value[:, i] for key, value in varied.items()}]
    }
    selection = select_arm(run, {name: arm["correct"] for name, arm in arms.items()})

    def describe(arm: str, baseline: str) -> dict[str, Any]:
        return described(table, (arm, baseline), drawn["accuracy"], one_test_set=bool(holdout))

    pairs = _declared(run, selection["arm"], table)
    found = [
        compare_arms(table, names, drawn, folds=folds, rule=rule, rng=rng, one_test_set=bool(holdout))
        for names in pairs
    ]
    comparisons = decided(found, rule)
    result = {
        "experiment": run["experiment"],
        "class_names": list(table.class_names),
        "phantom": run["cohort"]["phantom"],
        "holdout": holdout,
        "generators": run["generators"],
        "quality_findings": run.get("quality_findings", []),  # a run of before they were looked for has none
        "leaks": [name for name in table.arms if run["arms"][name].get("leak_on_purpose")],
        "steps": {name: run["arms"][name]["steps"] for name in table.arms},
        "settings": {"rope": rope, "draws": draws, "fewer_draws": len(weights) - 1, "flips": flips, "seed": seed},
        "rule": asdict(rule) | {"hash": rule.hash, "frozen": was_frozen},
        "predictions": {"sha256": sha256, "checked": checked},
        "counts": _counts(table),
        "arms": arms,
        "selection": selection,
        "curve": curve_summary(run, arms, describe, selection["arm"]),
        "worth": worth_summary(run, arms, {name: varied["accuracy"][:, i] for i, name in enumerate(table.arms)}),
        "comparison": comparisons[0] if comparisons else None,
        "comparisons": comparisons,
        "changes": changes_summary(table, pairs[0], run.get("noise_floor"), folder) if pairs else None,
        "noise_floor": noise_floor(run, describe),
        "differences": _differences(run, table.arms, describe),
        "by_epochs": run.get("by_epochs", {}),
        "published": [
            asdict(row) | {"accuracy": row.accuracy, "wilson_95": row.wilson_95} for row in PUBLISHED_RESULTS
        ],
    }
    write_json(folder / "metrics.json", result)
    return result


def _differences(
    run: dict[str, Any], arms: Sequence[str], describe: Callable[[str, str], dict[str, Any]]
) -> dict[str, Any]:
    """Each arm's difference to the declared baseline, or to that under the arm's own budget where there is one."""
    second = run.get("by_epochs", {})  # runs of before there were second lines have none
    points = {point["arm"]: point for point in (run.get("curve") or {"points": ()})["points"]}
    start, found = points.get(run["baseline"]), {}
    for name in arms:
        baseline = second.get(run["baseline"]) if name in second.values() else run["baseline"]
        if start and name in points:
            alike = [p["arm"] for p in points.values() if p["value"] == start["value"]]
            baseline = next(arm for arm in alike if points[arm]["budget"] == points[name]["budget"])
        if baseline not in (None, name):
            found[name] = {"baseline": baseline} | describe(name, baseline)
    return found


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def signature(path: Path, run: dict[str, Any]) -> tuple[str, bool]:
    """The file's fingerprint, and whether the run recorded it: then a later edit would have shown."""
    recorded = run.get("predictions_sha256")
    found = fingerprint(path)
    if recorded not in (None, found):
        raise InputError(
            f"{path} is not the file that the run wrote (its SHA-256 differs from the one in run.json), so nothing was "
            "evaluated. `liverlab run` with the run's settings writes it again from the finished stages."
        )
    return found, recorded is not None


def _declared(run: dict[str, Any], arm: str, table: PredictionTable) -> list[tuple[str, str]]:
    """(arm, baseline) of every declared comparison by name, the primary first, each once; `arm` is the selected one."""
    if run["baseline"] is None:
        return []
    pairs = [(arm, run["baseline"]), *((b, a) for b, a in run.get("also_compare", []))]
    for name in (name for pair in pairs for name in pair):
        if name not in table.arms:
            raise InputError(
                f"run.json declares a comparison with {name!r}, but predictions.csv holds {', '.join(table.arms)}."
            )
    return list(dict.fromkeys(pairs))


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
        interval = bootstrap.proportion_interval(estimate, drawn[name], patients)
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
    return _metrics(bootstrap.patient_confusions(table.labels, table.predicted, repeat, num_classes))


def _metrics(confusions: Floats) -> dict[str, Floats]:
    return metrics_of_confusions(confusions) | further_of_confusions(confusions)


def _per_class(table: PredictionTable, confusion: Floats, drawn: dict[str, Floats]) -> dict[str, Any]:
    values = metrics_of_confusions(confusion)
    result: dict[str, Any] = {}
    for c, name in enumerate(table.class_names):
        result[name] = {"rows": int(confusion[c].sum())}
        for metric, mine in (("sensitivity", table.labels == c), ("specificity", table.labels != c)):
            estimate = float(values[f"class_{metric}"][c])
            patients = len(np.unique(table.patients[mine]))
            interval = bootstrap.proportion_interval(estimate, drawn[f"class_{metric}"][:, c], patients)
            result[name][metric] = {"estimate": None if np.isnan(estimate) else estimate, "interval": interval}
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
