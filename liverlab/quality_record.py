"""What the quality stages of a run measured, over its splits: `quality.json` and `quality.csv`.

What they found of copies is gathered by `copies_record.py`.
"""

import csv
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_modules.whole_file import replacing
from liverlab.choice_stage import CHOICE
from liverlab.copies_record import gather_copies, place_of
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
        The findings against pools of which a classifier was given images: arm, kind ("copies" or "drops_modes"), class
        and sentence.
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
        {"arm": pool["arm"]} | finding
        for pool in pools
        if any(_used(arms[arm], runs) for arm in pool["arms"])
        for finding in pool["findings"] + pool["copies"]["findings"]
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
    both = list(zip(stages, splits, strict=True))
    return {
        "arm": arm,
        "arms": [name for name, planned in arms.items() if _pools(planned) == _pools(arms[arm])],
        "leak": leaks(stages),
        "chosen": _chosen(arms[arm], runs),
        "spaces": _spaces(splits),
        "splits": [place_of(stage) | split["counts"] for stage, split in both],
        "spectra": mean_spectra([(stage.settings["repeat"], split["spectra"]) for stage, split in both]),
    }


def _spaces(splits: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Name, words and number of splits of every feature space that a split has."""
    every = [space for split in splits for space in split["spaces"]]
    count = Counter(space["name"] for space in every)
    return [space | {"splits": count[space["name"]]} for space in {space["name"]: space for space in every}.values()]


def _chosen(classifiers: Sequence[Stage], runs: Path) -> list[int] | None:
    """Synthetic images of a class that each split chose; None where the volume is given."""
    choices = [need.folder(runs) / CHOICE for stage in classifiers for need in stage.needs if need.kind == "choice"]
    return [json.loads(path.read_text())["chosen"] for path in choices] or None


def _used(classifiers: Sequence[Stage], runs: Path) -> bool:
    """Whether any image of the pools went into a classifier."""
    chosen = _chosen(classifiers, runs)
    return chosen is None or any(chosen)


def mean_spectra(splits: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    """Spectra as `spectra` gives them, each class averaged over the splits that have it, with the number of its repeat.

    The folds of a repeat hold out different patients, so that the band of their mean is narrower than theirs: squares
    of its half-widths add up. Repeats hold the same patients once more and narrow nothing.
    """
    classes = {}
    for name in dict.fromkeys(name for _, split in splits for name in split["classes"]):
        own = [(repeat, split["classes"][name]) for repeat, split in splits if name in split["classes"]]
        mean = {key: np.mean([each[key] for _, each in own], axis=0) for key in ("held_out", "train", "synthetic")}
        for end, sign in (("low", -1), ("high", 1)):
            widths: dict[int, list[Floats]] = {}
            for repeat, each in own:
                widths.setdefault(repeat, []).append(np.subtract(each[end], each["held_out"]))
            mean[end] = mean["held_out"] + sign * np.mean(
                [np.sqrt(np.square(folds).sum(0)) / len(folds) for folds in widths.values()], axis=0
            )
        classes[name] = {key: curve.round(4).tolist() for key, curve in mean.items()}
    return {"frequency": splits[0][1]["frequency"], "classes": classes}


def _pools(classifiers: Sequence[Stage]) -> list[str]:
    """Keys of the pools that some classifiers train on."""
    return [pool.key for pool in map(pool_of, classifiers) if pool]


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
                    writer.writerow([arm, *place_of(stage).values(), *_key(row), *numbers, row.count, row.reference])
