"""How the generators of a run trained: what their stages logged and what the watch found, for `run.json` and one table.

A generator's folder holds `log/metrics.csv`, `watch.json` (findings) and, where the watch had it begin again with
another seed, `attempts.json` (the seeds given up, and the findings against them).
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from data_modules.whole_file import replacing
from liverlab.stages import Stage, in_order, read_record

ROWS = 200  # kept of a log beside the rows of checks: as many points as a figure can show
END = 0.1  # of a log: a few batches are too noisy to stand for the end of a fit
PER_CLASS = ("kid", "spread")  # measured at the checks, logged as kid_<label> and spread_<label>

Arms = Mapping[str, Sequence[Stage]]  # classifier stages by arm


def generators_of(stages: Sequence[Stage]) -> list[Stage]:
    """The generators whose images an arm's classifiers train on, without those that only served to select."""
    return [s for s in in_order(stages) if s.kind == "generator" and not s.settings.get("inner")]


def kind_of(stage: Stage) -> str:
    """E.g. "acgan": also the section of its settings."""
    return stage.name.partition("-")[0]


def describe_generators(arms: Arms, runs: Path, class_names: Sequence[str]) -> list[dict[str, Any]]:
    """One entry per generator, under the first arm that uses it.

    Returns:
        arm, kind, repeat, fold, class (None: one for all), holdout (whether there are no folds), epochs, batches,
        seconds, attempts (trainings begun), findings (None: the stage was not watched), given_up (seed and findings of
        every attempt but the last) and `last_values`. A finding is one of `watch.json` with the name of its class in
        place of the label.
    """
    entries = []
    for arm, stage in _each(arms):
        folder, place = stage.folder(runs), _place(stage, class_names)
        findings, given_up = (_read(folder / name) for name in ("watch.json", "attempts.json"))
        for found in [findings or [], *(attempt["findings"] for attempt in given_up or [])]:
            for finding in found:
                label = finding.pop("label")
                finding["class"] = place["class"] if label is None else class_names[label]
        log = _read_log(folder)
        entry = {
            "holdout": "holdout" in stage.settings,
            "epochs": stage.settings[kind_of(stage)]["epochs"],
            "batches": int(log["step"].max()),
            "seconds": read_record(folder)["seconds"],
            "attempts": 1 + len(given_up or []),
            "findings": findings,
            "given_up": given_up or [],
        }
        entries.append({"arm": arm, "kind": kind_of(stage)} | place | entry | last_values(log, class_names))
    return entries


def last_values(log: pd.DataFrame, class_names: Sequence[str]) -> dict[str, Any]:
    """Where a fit ended: d_real, d_fake (means over the last tenth), kid and spread by class, and label_effect.

    None where nothing was logged, or no finite number.
    """
    per_class = {
        name: {c: _end(log, f"{name}_{i}") for i, c in enumerate(class_names) if f"{name}_{i}" in log}
        for name in PER_CLASS
    }
    probabilities = {name: _end(log, name, share=END) for name in ("d_real", "d_fake")}
    return probabilities | per_class | {"label_effect": _end(log, "label_effect")}


def write_generator_curves(path: Path, arms: Arms, runs: Path, class_names: Sequence[str]) -> None:
    """Write the thinned logs of all generators, led by arm, repeat, fold, class and step; none without generators."""
    logs = [
        thinned(_read_log(stage.folder(runs))).assign(arm=arm, **_place(stage, class_names))
        for arm, stage in _each(arms)
    ]
    if logs:
        table = pd.concat(logs).set_index(["arm", "repeat", "fold", "class", "step"])
        with replacing(path) as part:
            table.to_csv(part)


def thinned(log: pd.DataFrame) -> pd.DataFrame:
    """Every n-th row, so that at most 200 are left, and beside them every row of a check."""
    every = -(-len(log) // ROWS)
    checks = [column for column in log if column.startswith((*PER_CLASS, "label_effect"))]
    return log[(log.index % every == 0) | log[checks].notna().any(axis=1)]


def _each(arms: Arms) -> Iterator[tuple[str, Stage]]:
    """Each generator once: arms share those of equal settings."""
    seen = set()
    for arm, stages in arms.items():
        for stage in generators_of(stages):
            if stage.key not in seen:
                seen.add(stage.key)
                yield arm, stage


def _place(stage: Stage, class_names: Sequence[str]) -> dict[str, Any]:
    """Which split a generator belongs to, and the one class that it was shown, if so."""
    label = stage.settings["label"]
    split = {key: stage.settings[key] for key in ("repeat", "fold")}
    return split | {"class": None if label is None else class_names[label]}


def _read_log(folder: Path) -> pd.DataFrame:
    """One row per step: Lightning's logger writes a second one where a check logs at the step of a batch."""
    return pd.read_csv(folder / "log" / "metrics.csv").groupby("step", as_index=False).first()


def _read(path: Path) -> list[dict[str, Any]] | None:
    return json.loads(path.read_text()) if path.is_file() else None


def _end(log: pd.DataFrame, column: str, share: float = 0.0) -> float | None:
    """Mean over the last share of a column's values, over the last one at least."""
    values = log[column].dropna() if column in log else pd.Series(dtype=float)
    end = float(values.tail(max(1, round(share * len(values)))).mean())
    return end if math.isfinite(end) else None
