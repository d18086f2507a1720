"""Which lesions the primary comparison gained and lost: what a reader would look at to understand a difference."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_modules.whole_file import replacing
from liverlab.evaluation.metrics import Floats, Ints
from liverlab.evaluation.prediction_table import PredictionTable

FILE = "changes.csv"
SHOWN = 12  # gained, and lost, with an image in the report


@dataclass(frozen=True)
class Change:
    """One lesion that one arm got right and the other wrong, in at least one repeat.

    Attributes:
        lesion_id: Pseudonym.
        patient_id: Pseudonym.
        label: True class.
        repeats: In how many it was tested.
        gained: In how many of them the arm was right and the baseline wrong.
        lost: In how many the reverse.
        baseline_called: The class that the baseline called most often, of equals the first.
        arm_called: Likewise the arm.
        baseline_p: Probability that the baseline gave the true class, mean over repeats.
        arm_p: Likewise the arm.
    """

    lesion_id: str
    patient_id: str
    label: str
    repeats: int
    gained: int
    lost: int
    baseline_called: str
    arm_called: str
    baseline_p: float
    arm_p: float


def changed(table: PredictionTable, names: tuple[str, str]) -> list[Change]:
    """The lesions that changed from the baseline to the arm; those of most repeats, then of most probability, first.

    Args:
        table: Predictions, with pseudonyms.
        names: The arm and its baseline.
    """
    arm, baseline = (table.arms.index(name) for name in names)
    gain = table.correct[arm].astype(np.int64) - table.correct[baseline]
    first = np.unique(table.lesions, return_index=True)[1]
    repeats, gained, lost = (_per_lesion(table, part) for part in (np.ones_like(gain), gain > 0, gain < 0))
    called = [_most_called(table, i) for i in (baseline, arm)]
    true = table.probabilities[:, np.arange(len(gain)), table.labels]
    p = [_per_lesion(table, true[i]) / repeats for i in (baseline, arm)]
    found = [
        Change(
            lesion_id=table.lesion_ids[i],
            patient_id=table.patient_ids[table.patients[first[i]]],
            label=table.class_names[table.labels[first[i]]],
            repeats=int(repeats[i]),
            gained=int(gained[i]),
            lost=int(lost[i]),
            baseline_called=table.class_names[called[0][i]],
            arm_called=table.class_names[called[1][i]],
            baseline_p=float(p[0][i]),
            arm_p=float(p[1][i]),
        )
        for i in np.flatnonzero(gained + lost)
    ]
    return sorted(found, key=lambda c: (-abs(c.gained - c.lost), -abs(c.arm_p - c.baseline_p), c.lesion_id))


def to_show(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """The first twelve that were gained in more repeats than lost, and that were lost in more."""
    return {
        "gained": [change for change in changes if change.gained > change.lost][:SHOWN],
        "lost": [change for change in changes if change.gained < change.lost][:SHOWN],
    }


def counts_by_class(table: PredictionTable, names: tuple[str, str]) -> dict[str, dict[str, int]]:
    """Rows by class that both arms got right (`both`), the arm alone (`gained`), the baseline alone, and neither."""
    arm, baseline = (table.correct[table.arms.index(name)] for name in names)
    parts = {"both": arm & baseline, "gained": arm & ~baseline, "lost": baseline & ~arm, "neither": ~(arm | baseline)}
    return {
        name: {part: int(rows[table.labels == c].sum()) for part, rows in parts.items()}
        for c, name in enumerate(table.class_names)
    }


def changes_summary(
    table: PredictionTable, names: tuple[str, str], twins: Sequence[str] | None, folder: Path
) -> dict[str, Any]:
    """Write all changes to `changes.csv`, and sum them up for `metrics.json`.

    Args:
        table: Predictions, with pseudonyms.
        names: The arm and its baseline.
        twins: Arm and baseline that differ by seeds alone, where the run has such.
        folder: The run's.

    Returns:
        arm, baseline, by_class (rows), lesions (how many were gained, lost, or as often one as the other: `balanced`),
        shown (some of each), and by_seeds: rows gained and lost between the twins, None without them.
    """
    changes = changed(table, names)
    with replacing(folder / FILE) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(Change)])
        writer.writerows([f"{x:.6f}" if isinstance(x, float) else x for x in asdict(c).values()] for c in changes)
    net = np.sign([change.gained - change.lost for change in changes])
    by_seeds = None
    if twins:
        floor = counts_by_class(table, (twins[0], twins[1])).values()
        by_seeds = {part: sum(row[part] for row in floor) for part in ("gained", "lost")}
    return {
        "arm": names[0],
        "baseline": names[1],
        "by_class": counts_by_class(table, names),
        "lesions": {name: int((net == s).sum()) for name, s in (("gained", 1), ("lost", -1), ("balanced", 0))},
        "shown": {kind: [asdict(change) for change in part] for kind, part in to_show(changes).items()},
        "by_seeds": by_seeds,
    }


def _per_lesion(table: PredictionTable, values: npt.NDArray[Any]) -> Floats:
    return np.bincount(table.lesions, values).astype(np.float64)


def _most_called(table: PredictionTable, arm: int) -> Ints:
    """Per lesion, the class called most often."""
    counts = np.zeros((int(table.lesions.max()) + 1, len(table.class_names)), dtype=np.int64)
    np.add.at(counts, (table.lesions, table.predicted[arm]), 1)
    return np.asarray(counts.argmax(1))
