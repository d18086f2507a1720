"""Measurements of one split as files: a table to read, and the bootstrap samples behind its numbers."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from liverlab.quality.measured import Measured

TABLE, DRAWS = "measured.csv", "draws.npy"
COLUMNS = ("features", "images", "class", "measure", "value", "count", "reference")


def write_measured(folder: Path, rows: Sequence[Measured]) -> None:
    """Write `measured.csv`, an empty value where there is none, and `draws.npy` of shape (rows, draws)."""
    with (folder / TABLE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            value = f"{row.value:.8g}" if math.isfinite(row.value) else ""
            place = (row.features, row.images, row.class_name, row.measure)
            writer.writerow([*place, value, row.count, row.reference])
    np.save(folder / DRAWS, np.stack([row.draws for row in rows]).astype(np.float32))


def read_measured(folder: Path) -> list[Measured]:
    """What `write_measured` wrote; nan where there was no value."""
    with (folder / TABLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Measured(
            features=row["features"],
            images=row["images"],
            class_name=row["class"],
            measure=row["measure"],
            value=float(row["value"] or "nan"),
            draws=draws,
            count=int(row["count"]),
            reference=int(row["reference"]),
        )
        for row, draws in zip(rows, np.load(folder / DRAWS).astype(np.float64), strict=True)
    ]
