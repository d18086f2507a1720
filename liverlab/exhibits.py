"""Images of a run for its report, unpicked, and how varied the generated ones are."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_modules.classic import render_originals
from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.pool import SamplePool
from data_modules.roi import Roi, from_signed
from liverlab.evaluation.spread import class_spread

SHOWN_PER_CLASS = 8


def write_samples(path: Path, cohort: Cohort, split: Split, pool: SamplePool, roi: Roi) -> None:
    """The first images of every class, unpicked, as the network sees them."""
    labels = cohort.labels[list(split.train)]
    real = (render_originals(cohort, split.train, roi)[:, 0].numpy() * 255).round().astype(np.uint8)
    generated = (from_signed(pool.images)[:, 0].clamp(0, 1).numpy() * 255).round().astype(np.uint8)
    first, asked = _first_of_each(labels), _first_of_each(pool.labels.numpy())
    np.savez_compressed(
        path,
        real=real[first],
        real_labels=labels[first],
        synthetic=generated[asked],
        synthetic_labels=pool.labels.numpy()[asked],
    )


def _first_of_each(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.flatnonzero(labels == label)[:SHOWN_PER_CLASS] for label in np.unique(labels)])


def spread_rows(cohort: Cohort, split: Split, pool: SamplePool, roi: Roi) -> list[dict[str, Any]]:
    """Rows of `class_spread` for the pool of one split, led by repeat and fold."""
    real = render_originals(cohort, split.train, roi)[:, 0].numpy()
    rows = class_spread(
        real,
        cohort.labels[list(split.train)],
        from_signed(pool.images)[:, 0].numpy(),
        pool.labels.numpy(),
        cohort.class_names,
        seed=0,
    )
    return [{"repeat": split.repeat, "fold": split.fold} | row for row in rows]
