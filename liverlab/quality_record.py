"""What the quality stages of a run measured, over its splits: `quality.json` and `quality.csv`.

What they found of copies is gathered by `copies_record.py`.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_modules.whole_file import replacing
from liverlab.copies_record import gather_copies
from liverlab.evaluation.evaluate import write_json
from liverlab.generator_record import Arms
from liverlab.leak_audit import leaks
from liverlab.quality.image_set import Floats
from liverlab.quality.measured import Measured
from liverlab.quality.modes import mode_finding
from liverlab.quality.over_splits import interval, mean_over_splits
from liverlab.quality_files import read_measured
from liverlab.quality_plan import pool_of
from liverlab.stages import Stage

FILE, TABLE = "quality.json", "quality.csv"
ROW = ("features", "images", "class", "measure")
COLUMNS = ("arm", "repeat", "fold", *ROW, "value", "low", "high", "count", "reference")
FLOORS = ("train", "classic")  # what real images reach: a pool's differences to them are taken draw by draw

Quality = Mapping[str, Sequence[Stage]]  # finished quality stages by arm


def write_quality(folder: Path, runs: Path, quality: Quality, arms: Arms) -> list[dict[str, Any]]:
    """Gather the finished quality stages into a run's folder; nothing is written where there are none.

    Args:
        folder: The run's.
        runs: Folder of all runs.
        quality: Stages by arm, as `plan_quality` planned them.
        arms: The arms' classifiers.

    Returns:
        The findings against pools: arm, kind ("copies" or "drops_modes"), class and sentence.
    """
    if not quality:
        return []
    measured = {arm: [read_measured(stage.folder(runs)) for stage in stages] for arm, stages in quality.items()}
    _write_table(folder / TABLE, quality, measured)
    copies = gather_copies(folder, runs, quality)
    pools = [
        _describe(arm, stages, arms, runs)
        | summarise([stage.settings["repeat"] for stage in stages], measured[arm])
        | {"copies": copies[arm]}
        for arm, stages in quality.items()
    ]
    settings = next(iter(quality.values()))[0].settings
    write_json(folder / FILE, {**settings["quality"], "most_per_class": settings["most_per_class"], "pools": pools})
    return [
        {"arm": pool["arm"]} | finding for pool in pools for finding in pool["findings"] + pool["copies"]["findings"]
    ]


def summarise(repeats: Sequence[int], splits: Sequence[Sequence[Measured]]) -> dict[str, Any]:
    """Means over splits, and whether the pool drops modes.

    Args:
        repeats: Number of each split's repeat.
        splits: Its measurements.

    Returns:
        rows (features, images, class, measure, estimate, interval, count, reference; for synthetic images also
        minus_train and minus_classic, each with estimate and interval), too_few (classes and the measures that they
        lack) and findings.
    """
    means = mean_over_splits(list(zip(repeats, splits, strict=True)))
    known = {_key(row): row for row in means if math.isfinite(row.value)}
    rows = [_summary(row, known) for row in known.values()]
    too_few: dict[str, list[str]] = {}
    for row in means:
        if _key(row) not in known and row.images == "synthetic" and row.measure not in too_few.get(row.class_name, []):
            too_few.setdefault(row.class_name, []).append(row.measure)
    findings = [{"kind": "drops_modes"} | finding for finding in mode_finding(means)]
    return {"rows": rows, "too_few": too_few, "findings": findings}


def _key(row: Measured) -> tuple[str, ...]:
    return row.features, row.images, row.class_name, row.measure


def _summary(row: Measured, known: Mapping[tuple[str, ...], Measured]) -> dict[str, Any]:
    entry: dict[str, Any] = dict(zip(ROW, _key(row), strict=True)) | _estimate(row.value, row.draws)
    entry |= {"count": row.count, "reference": row.reference}
    for name in FLOORS if row.images == "synthetic" else ():
        floor = known.get((row.features, name, row.class_name, row.measure))
        if floor:
            entry[f"minus_{name}"] = _estimate(row.value - floor.value, row.draws - floor.draws)
    return entry


def _estimate(value: float, draws: Floats) -> dict[str, Any]:
    return {"estimate": value, "interval": interval(draws)}


def _describe(arm: str, stages: Sequence[Stage], arms: Arms, runs: Path) -> dict[str, Any]:
    """Where a pool comes from, and what its splits wrote beside their measurements."""
    splits = [json.loads((stage.folder(runs) / FILE).read_text()) for stage in stages]
    return {
        "arm": arm,
        "arms": [name for name, planned in arms.items() if _pools(planned) == _pools(arms[arm])],
        "leak": leaks(stages),
        "spaces": splits[0]["spaces"],
        "splits": [_place(stage) | split["counts"] for stage, split in zip(stages, splits, strict=True)],
        "spectra": mean_spectra([split["spectra"] for split in splits]),
    }


def mean_spectra(splits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Spectra as `spectra` gives them, each class averaged over the splits that have it."""
    names = dict.fromkeys(name for split in splits for name in split["classes"])
    classes = {}
    for name in names:
        own = [split["classes"][name] for split in splits if name in split["classes"]]
        classes[name] = {key: np.mean([each[key] for each in own], axis=0).round(4).tolist() for key in own[0]}
    return {"frequency": splits[0]["frequency"], "classes": classes}


def _pools(classifiers: Sequence[Stage]) -> list[str]:
    """Keys of the pools that some classifiers train on."""
    return [pool.key for pool in map(pool_of, classifiers) if pool]


def _place(stage: Stage) -> dict[str, Any]:
    return {key: stage.settings[key] for key in ("repeat", "fold")}


def _write_table(path: Path, quality: Quality, measured: Mapping[str, Sequence[Sequence[Measured]]]) -> None:
    """Every measurement of every split, an empty value where there is none."""
    with replacing(path) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for arm, stages in quality.items():
            for stage, rows in zip(stages, measured[arm], strict=True):
                for row in rows:
                    ends = interval(row.draws) or [math.nan, math.nan]
                    numbers = [f"{x:.6g}" if math.isfinite(x) else "" for x in (row.value, *ends)]
                    writer.writerow([arm, *_place(stage).values(), *_key(row), *numbers, row.count, row.reference])
