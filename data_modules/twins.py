"""One lesion under two patients: the leak that no list of patients shows, looked for in the pixels.

Compared is the fine structure of two wide patches (vessels, edges, grain), since most lesions are discs and discs are
all alike. The largest correlation over the eight flips and quarter turns counts: an image that was saved again may be
turned. A copy that was cut out beside itself or rescaled may be missed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from data_modules.cohort import PATCH_SIZE, Cohort
from data_modules.errors import InputError
from data_modules.folds import Split

SIZE = 32  # pixels per side that patches are compared on
NEIGHBOURS = 5  # of these pixels: what varies more slowly is left out
# Measured on phantoms, 61,000 pairs: lesions of different patients reach .56. A lesion reaches .97 or more with its own
# image turned and with 10 HU of noise on top, .81 or more with 30 HU.
ALIKE = 0.8
BLOCK = 500  # lesions compared at once, to bound memory
REMEDY = "Give both the same patient_id in the manifest or leave one of them out."


@dataclass(frozen=True)
class Twins:
    """Two lesions of different patients that show one image.

    Attributes:
        first: Position of the one in the cohort.
        second: Position of the other, the larger number.
        correlation: Of their fine structure, 1 for the same pixels.
    """

    first: int
    second: int
    correlation: float

    def named(self, cohort: Cohort) -> str:
        """Both by their pseudonyms, such as "lesion L-1 of patient P-1 and lesion L-2 of patient P-2"."""
        pair = (cohort.lesions[self.first], cohort.lesions[self.second])
        return " and ".join(f"lesion {lesion.lesion_id} of patient {lesion.patient_id}" for lesion in pair)


def expect_no_copies(cohort: Cohort, rows: Sequence[int] = ()) -> None:
    """See that no two patients have a lesion of exactly the same pixels.

    Args:
        cohort: All lesions.
        rows: Rows of the manifest that the lesions come from, if known: its author knows no pseudonyms.

    Raises:
        InputError: If two have.
    """
    seen: dict[bytes, int] = {}
    for position, patch in enumerate(cohort.patches):
        first = seen.setdefault(hashlib.sha256(patch.tobytes()).digest(), position)
        if cohort.lesions[first].patient_id != cohort.lesions[position].patient_id:
            pair = Twins(first, position, 1.0)
            where = f" (rows {rows[first]} and {rows[position]} of the manifest)" if rows else ""
            raise InputError(f"The same pixels are in {pair.named(cohort)}{where}. {REMEDY}")


def expect_no_twins(cohort: Cohort, split: Split) -> None:
    """See that no training lesion shows the image of a test lesion under another patient.

    Raises:
        InputError: If one does.
    """
    found, _ = find_twins(cohort, split.train, split.test)
    if found:
        raise InputError(
            f"Repeat {split.repeat}, fold {split.fold} trains on one and tests on the other of two lesions that show "
            f"one image (correlation {found[0].correlation:.2f}): {found[0].named(cohort)}. {REMEDY}"
        )


def find_twins(cohort: Cohort, some: Sequence[int], others: Sequence[int]) -> tuple[list[Twins], float]:
    """Pairs of lesions, one of each list, that belong to different patients and show one image.

    Args:
        cohort: All lesions.
        some: Positions of lesions.
        others: Positions of other lesions, or the same.

    Returns:
        The pairs, the most alike first; and the largest correlation of any two of different patients.
    """
    if not len(some) or not len(others):
        return [], 0.0
    ours, theirs = np.array(some, dtype=np.int64), np.array(others, dtype=np.int64)
    structure, other = fine_structure(cohort.patches[ours]), fine_structure(cohort.patches[theirs])
    patients, found, largest = cohort.patients, set(), 0.0
    for start in range(0, len(ours), BLOCK):
        rows = ours[start : start + BLOCK]
        alike = _correlations(structure[start : start + BLOCK], other)
        alike[patients[rows][:, None] == patients[theirs]] = 0
        largest = max(largest, float(alike.max()))
        for i, j in np.argwhere(alike >= ALIKE):
            first, second = sorted((int(rows[i]), int(theirs[j])))
            found.add(Twins(first, second, min(round(float(alike[i, j]), 3), 1.0)))
    return sorted(found, key=lambda pair: (-pair.correlation, pair.first)), largest


def fine_structure(patches: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """What is compared: shape (N, 32, 32), of mean 0 and length 1; all zeros for a patch without any."""
    step = PATCH_SIZE // SIZE
    # one axis after the other, the long one first: twenty times as fast as both at once
    lines = [patch.reshape(SIZE, step, -1).sum(1, dtype=np.int32) for patch in patches]
    coarse = np.array(lines, dtype=np.float32).reshape(-1, SIZE, SIZE, step).mean(3)
    fine: npt.NDArray[np.float32] = coarse - uniform_filter(coarse, (0, NEIGHBOURS, NEIGHBOURS))
    # clipped at its median: without this, two lesions that both lie at the edge of the lung are alike
    # (median of what is not flat: most of a windowed patch can be)
    usual = np.array([np.median(one[one > 0]) if one.any() else 0 for one in np.abs(fine)], dtype=np.float32)
    usual = usual[:, None, None]
    np.clip(fine, -usual, usual, out=fine)
    fine -= fine.mean((1, 2), keepdims=True)
    fine /= np.maximum(np.linalg.norm(fine, axis=(1, 2), keepdims=True), 1e-6)
    return fine


def _correlations(some: npt.NDArray[np.float32], others: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Of each with each other, shape (N, M): the largest over the eight flips and quarter turns."""
    flat = others.reshape(len(others), -1).T
    turned = (np.rot90(image, k, (1, 2)) for image in (some, some.transpose(0, 2, 1)) for k in range(4))
    largest: npt.NDArray[np.float32] = reduce(np.maximum, (turn.reshape(len(some), -1) @ flat for turn in turned))
    return largest
