"""What a finished run left in its folder, and what of it is missing."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data_modules.errors import InputError
from liverlab.evaluation.evaluate import signature
from liverlab.evaluation.prediction_table import KEYS, PredictionTable, read_predictions

NEEDED = (
    "experiment", "arm", "baseline", "class_names", "profile", "budget", "cohort", "splits", "arms", "protocol",
    "versions", "hardware", "created",
)  # fmt: skip
NEEDED_METRICS = ("arms", "selection", "settings")


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """One run, as it is laid beside others.

    Attributes:
        name: Of its folder.
        run: Content of `run.json`.
        metrics: Content of `metrics.json`; None where it is missing or stands for other predictions.
        table: Its predictions; None where they are missing or not those that the run wrote.
        tested: Twelve hexadecimal digits over the cohort and which lesion, of which patient and class, is tested in
            which repeat and fold; None without a table.
        absent: A sentence on each file that is missing or not used.
    """

    name: str
    run: dict[str, Any]
    metrics: dict[str, Any] | None
    table: PredictionTable | None
    tested: str | None
    absent: tuple[str, ...]

    @property
    def compared_arm(self) -> str:
        """The arm that the run is about: under `selection: test` the chosen one."""
        return str(self.metrics["selection"]["arm"] if self.metrics else self.run["arm"])


def read_finished(folder: Path) -> FinishedRun:
    """Read a run's folder.

    Raises:
        InputError: If there is no `run.json`, which a run writes last, or it is not one.
    """
    run = _read_json(folder / "run.json")
    if run is None:
        raise InputError(f"{folder} holds no finished run: run.json is missing. `liverlab run` writes it at its end.")
    lacking = [key for key in NEEDED if key not in run]
    if lacking:
        raise InputError(f"{folder / 'run.json'} is not one of liverlab: it lacks {', '.join(lacking)}.")
    absent: list[str] = []
    metrics = _read_json(folder / "metrics.json")
    if metrics is None:
        absent.append(
            "metrics.json is missing, so verdict and accuracies are. `liverlab report` on its folder writes it."
        )
    path, table, tested = folder.resolve() / "predictions.csv", None, None
    try:
        table = read_predictions(path)
        signature(path, run)
        tested = _tested(path, run, table)
    except InputError as error:
        table = None
        shared = str(error).replace(str(path.parent), path.parent.name)  # pages are passed on, and paths name people
        absent.append(f"{shared} Its arms are in no pair below.")
    if metrics and not _stands_for(metrics, run):
        metrics = None
        absent.append(
            "metrics.json stands for other predictions, or is too old, and is not shown. `liverlab report` on its "
            "folder writes it again."
        )
    return FinishedRun(folder.resolve().name, run, metrics, table, tested, tuple(absent))


def _stands_for(metrics: dict[str, Any], run: dict[str, Any]) -> bool:
    """Whether these metrics can be shown as the run's; what older versions did not record is taken on trust."""
    written, evaluated = run.get("predictions_sha256"), metrics.get("predictions", {}).get("sha256")
    return all(key in metrics for key in NEEDED_METRICS) and (None in (written, evaluated) or written == evaluated)


def _tested(path: Path, run: dict[str, Any], table: PredictionTable) -> str:
    """Numbers of lesions and patients are not enough: two cohorts may number alike."""
    frame = pd.read_csv(path, dtype=str).astype({"repeat": int, "fold": int})
    first = frame[frame["arm"] == frame["arm"].iloc[0]].sort_values(KEYS)
    rows = first[[*KEYS, "patient_id", "label"]].to_csv(index=False)
    design = [run["cohort"]["fingerprint"], table.class_names, bool(run["protocol"].get("holdout"))]
    return hashlib.sha256((json.dumps(design) + rows).encode()).hexdigest()[:12]


def _read_json(path: Path) -> dict[str, Any] | None:
    """An object; None where there is no file."""
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # bytes that are no text, or text that is no JSON
        content = None
    if not isinstance(content, dict):
        raise InputError(f"{path} is damaged: it is no JSON object. `liverlab run` with the run's settings writes it.")
    return content
