"""What was found of copies, in one split and over those of a run: `copies.json`, `copies.csv` and `gallery.npz`."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_modules.whole_file import replacing
from liverlab.evaluation.evaluate import write_json
from liverlab.quality.copies import PAIRS, SYNTHETIC, CopyReport, gallery
from liverlab.quality.copy_controls import COPIES, HELD_OUT
from liverlab.quality.copy_row import ALPHA
from liverlab.quality.image_set import SplitImages
from liverlab.quality.measured import ALL
from liverlab.stages import Stage

FILE, TABLE, GALLERY = "copies.json", "copies.csv", "gallery.npz"
COLUMNS = ("image", "class", "lesion_id", "distance", "ratio")
# averaged over splits, where they are known
MEANS = ("copy_rate", "expected_rate", "noticed_from", "near_rate", "neighbour_ratio", "held_out_ratio", "c_t")
GREYS = 255


def write_split_copies(folder: Path, images: SplitImages, report: CopyReport, lesion_ids: Sequence[str]) -> None:
    """Write what was found in one split, every image that was judged, and the closest pairs.

    Args:
        folder: Where to write.
        images: The split's.
        report: What was found.
        lesion_ids: Pseudonyms of the training lesions.
    """
    named = [
        {"class": images.class_names[images.synthetic.labels[pair.synthetic]], "lesion_id": lesion_ids[pair.train]}
        for pair in report.pairs
    ]
    found = report.as_json()
    found["pairs"] = [pair | names for pair, names in zip(found["pairs"], named, strict=True)]
    write_json(folder / FILE, found)
    with (folder / TABLE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        if near := report.judged:
            for i, label in enumerate(images.synthetic.labels):
                numbers = [f"{x:.4f}" for x in (near.distance[i], near.ratio[i])]
                writer.writerow([i, images.class_names[label], lesion_ids[near.lesion[i]], *numbers])
    shown = gallery(images, report)
    ours, theirs = ((shown[which].clip(0, 1) * GREYS).round().astype(np.uint8) for which in ("synthetic", "train"))
    np.savez_compressed(folder / GALLERY, synthetic=ours, train=theirs)


def gather_copies(folder: Path, runs: Path, quality: Mapping[str, Sequence[Stage]]) -> dict[str, Any]:
    """Write the run's `copies.csv` and `gallery.npz`, and describe what was found in each arm's pools.

    The gallery holds, as n_synthetic and n_train for the n-th arm, the closest pairs over its splits, of shape
    (pairs, H, W) from 0 to 255.
    """
    pictures: dict[str, Any] = {}
    described: dict[str, Any] = {}
    with replacing(folder / TABLE) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("arm", "repeat", "fold", *COLUMNS))
        for number, (arm, stages) in enumerate(quality.items()):
            for stage in stages:
                with (stage.folder(runs) / TABLE).open(newline="") as rows:
                    writer.writerows([arm, *place_of(stage).values(), *row] for row in list(csv.reader(rows))[1:])
            pairs, shown = _closest(stages, runs)
            pictures |= {f"{number}_{which}": images for which, images in shown.items()}
            splits = [place_of(stage) | json.loads((stage.folder(runs) / FILE).read_text()) for stage in stages]
            described[arm] = over_splits(splits) | {"pairs": pairs}
    with replacing(folder / GALLERY) as part, part.open("wb") as file:
        np.savez_compressed(file, **pictures)
    return described


def over_splits(splits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the splits of one pool say together.

    Splits share patients, so their p are combined by a rule that holds however they depend on each other: Hommel 1983,
    "Tests of the overall hypothesis for arbitrary dependence structures", Biometrical Journal 25:423.

    Args:
        splits: `CopyReport.as_json` with repeat and fold.

    Returns:
        rows (by images and class: means over splits, p, flagged, and in how many splits it was flagged and judged),
        instrument_works, findings (class), and splits, the sentence of each.
    """
    by_key: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for split in splits:
        for row in split["rows"]:
            by_key.setdefault((row["images"], row["class_name"]), []).append(row)
    tests = len({name for _, name in by_key})  # all images, and those of each class
    rows = [_combined(*key, found, tests) for key, found in by_key.items()]
    flags = {(row["images"], row["class"]): row["flagged"] for row in rows}
    judged = [row["images"] for row in rows if row["class"] == ALL and row["p"] is not None]
    planted = [flags[name, ALL] for name in COPIES if name in judged]  # without classic images there is no copycat
    works = bool(planted) and all(planted) and not flags[HELD_OUT, ALL]
    findings = [
        {"kind": "copies", "class": name} for (images, name), flag in flags.items() if images == SYNTHETIC and flag
    ]
    return {
        "rows": rows,
        "instrument_works": works,
        "findings": findings if works else [],
        "splits": [
            {"repeat": split["repeat"], "fold": split["fold"], "sentence": row["sentence"]}
            for split, row in zip(splits, by_key[SYNTHETIC, ALL], strict=True)
        ],
    }


def _combined(images: str, name: str, found: Sequence[Mapping[str, Any]], tests: int) -> dict[str, Any]:
    """One set of images of one class over the splits; flagged below 5 % over the number of tests."""
    judged = [row for row in found if row["p"] is not None]
    p = combined_p([row["p"] for row in judged])
    means = {key: _mean([row[key] for row in judged if row[key] is not None]) for key in MEANS}
    return {
        "images": images,
        "class": name,
        "p": p,
        "flagged": p is not None and p < ALPHA / tests,
        "flagged_splits": sum(row["flagged"] for row in judged),
        "judged_splits": len(judged),
        **means,
    }


def combined_p(of_splits: Sequence[float]) -> float | None:
    """One p from those of the splits; None of none. A single small one counts, and so do many that are moderate."""
    if not of_splits:
        return None
    harmonic = sum(1 / i for i in range(1, len(of_splits) + 1))
    smallest = min(p * len(of_splits) / i for i, p in enumerate(sorted(of_splits), start=1))
    return min(1.0, harmonic * smallest)


def _closest(stages: Sequence[Stage], runs: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The closest pairs over all splits, and their images."""
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for stage in stages:
        found = json.loads((stage.folder(runs) / FILE).read_text())["pairs"]
        with np.load(stage.folder(runs) / GALLERY) as file:
            images = dict(file)
        pairs += [
            (place_of(stage) | pair, {which: array[i] for which, array in images.items()})
            for i, pair in enumerate(found)
        ]
    pairs = sorted(pairs, key=lambda pair: pair[0]["ratio"])[:PAIRS]
    stacked = {which: np.stack([shown[which] for _, shown in pairs]) for which in pairs[0][1]} if pairs else {}
    return [pair for pair, _ in pairs], stacked


def place_of(stage: Stage) -> dict[str, Any]:
    """Repeat and fold of a stage."""
    return {key: stage.settings[key] for key in ("repeat", "fold")}


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
