"""Nested selection: how many synthetic lesions a split takes is chosen on patients of its own training side.

The rule, fixed before results: the size with the most right answers on the inner split's held-out patients; of equal
ones the smallest.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from liverlab.classifier_stage import fit_classifier
from liverlab.config import ExperimentConfig
from liverlab.place import Place
from liverlab.stages import Stage

CHOICE = "choice.json"


def with_size(config: ExperimentConfig, size: int) -> ExperimentConfig:
    """The same arm with a fixed volume; all sizes to choose from are first images of one pool."""
    sizes = config.synthetic.choose_from
    assert sizes
    # The inner split has as many synthetic images as the outer one, not as many for each real lesion: `classic.size`
    # counts images too, so batches hold the same mixture, and classifier and generator train for as many steps.
    synthetic = replace(
        config.synthetic, size=size, pool_size=config.synthetic.pool_size or sizes[-1], choose_from=None
    )
    return replace(config, synthetic=synthetic)


def choose_size(folder: Path, inputs: Sequence[Path], *, sizes: Sequence[int]) -> None:
    """Write choice.json: right answers of each size's inner classifier, the size chosen, and the patients asked.

    Args:
        folder: Where to write.
        inputs: Inner classifiers, which predicted the same lesions, in the order of `sizes`.
        sizes: Synthetic images per class, rising.
    """
    candidates = []
    for size, path in zip(sizes, inputs, strict=True):
        with (path / "predictions.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        correct = sum(row["label"] == row["predicted"] for row in rows)
        candidates.append({"size": size, "correct": correct, "rows": len(rows)})
    best = max(candidates, key=lambda candidate: candidate["correct"])  # the first of equal ones: the smallest
    patients = sorted({row["patient_id"] for row in rows})
    record = {"candidates": candidates, "chosen": best["size"], "patients": patients}
    (folder / CHOICE).write_text(json.dumps(record, indent=1))


def fit_chosen(
    folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, place: Place, experiment: str
) -> None:
    """Fit the arm's classifier with the volume that the last input chose, of the pool of the largest."""
    *inputs, choice = inputs
    chosen = json.loads((choice / CHOICE).read_text())["chosen"]
    fit_classifier(folder, inputs, config=with_size(config, chosen), place=place, experiment=experiment)


def choices_of(stages: Sequence[Stage], runs: Path) -> list[dict[str, Any]]:
    """The choice of each of an arm's splits, led by repeat and fold; empty where the volume is fixed."""
    return [
        {key: stage.settings[key] for key in ("repeat", "fold")} | json.loads((need.folder(runs) / CHOICE).read_text())
        for stage in stages
        for need in stage.needs
        if need.kind == "choice"
    ]
