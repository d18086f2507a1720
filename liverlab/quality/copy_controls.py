"""What the search for copies finds in images that are copies, and in images that are not, on the same data.

Three stand-ins for a generator pass through the code that judges the synthetic images. A *copycat* returns classic
images of the training lesions; another returns the training lesions with noise on top; both must be flagged. Lesions of
one half of the test side's patients, held out from the other half as well, must not be.
"""

from dataclasses import replace
from math import isnan

import numpy as np
import torch

from liverlab.quality.copy_row import CopyRow, Seen, copy_rows
from liverlab.quality.copy_words import instrument_in_words
from liverlab.quality.image_set import ImageSet, SplitImages

NOISE_SD = 0.05  # of the range (0, 1): 17 HU in the window of 340 HU, more than the grain of most abdominal CT
MOST_PER_CLASS = 100  # copycats: enough to see whether most are noticed
HALVINGS = 21  # odd: the middle one is reported
COPIES = {"copycat": "training lesions under classic transforms", "noise": "training lesions with noise on top"}
HELD_OUT = "held_out"


def copied_sets(images: SplitImages, seed: int) -> dict[str, ImageSet]:
    """The two stand-ins that are copies: classic images as `SplitImages` has them, and lesions with noise."""
    classic, train = images.classic, images.train
    firsts = [np.flatnonzero(classic.labels == label)[:MOST_PER_CLASS] for label in np.unique(classic.labels)]
    noise = torch.from_numpy(np.random.default_rng(seed).normal(0, NOISE_SD, train.images.shape)).float()
    return {
        "copycat": classic.where(np.concatenate([*firsts, np.array([], dtype=np.int64)])),
        "noise": replace(train, images=(train.images + noise).clamp(0, 1)),
    }


def halved_rows(test: Seen, left_out: Seen, train: ImageSet, class_names: tuple[str, ...], seed: int) -> list[CopyRow]:
    """Rows of one half of the test side's patients against all other held-out lesions.

    Args:
        test: Lesions of the test side.
        left_out: Training lesions as the other patients see them.
        train: Training lesions.
        class_names: Names of the labels.
        seed: Of the halvings.

    Returns:
        For all classes and for each, the row with the middle p of 21 halvings.
    """
    rng, patients = np.random.default_rng(seed), np.unique(test.patients)
    halvings = []
    for _ in range(HALVINGS):
        first = np.isin(test.patients, rng.permutation(patients)[: len(patients) // 2])
        one, other = (test.where(np.flatnonzero(side)) for side in (first, ~first))
        halvings.append(copy_rows(HELD_OUT, one, other.and_those(left_out), train, class_names))
    return [sorted(rows, key=lambda row: (isnan(row.p), row.p))[HALVINGS // 2] for rows in zip(*halvings, strict=True)]


def instrument(rows: dict[str, list[CopyRow]]) -> tuple[bool, str]:
    """Whether the controls that could be judged came out as they must, over all classes; and in words.

    Without classic images there is no copycat. At least one set of copies must have been found.
    """
    judged = [name for name in COPIES if not isnan(rows[name][0].p)]
    missed = [COPIES[name] for name in judged if not rows[name][0].flagged]
    false_alarm = rows[HELD_OUT][0].flagged
    words = instrument_in_words([COPIES[name] for name in judged], missed, false_alarm)
    return bool(judged) and not missed and not false_alarm, words
