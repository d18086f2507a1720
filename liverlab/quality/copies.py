"""Are synthetic images copies of training lesions? With controls on the same data, and the closest pairs to look at.

No published measure isolates memorisation, so this one is calibrated by held-out patients (`copy_row.py`) and shows in
every report what it finds in known copies (`copy_controls.py`).
"""

from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from liverlab.quality.copy_controls import HELD_OUT, copied_sets, halved_rows, instrument
from liverlab.quality.copy_row import CopyRow, Seen, copy_rows
from liverlab.quality.image_set import ImageSet, SplitImages
from liverlab.quality.neighbours import Nearest, best_alignment, lesion_distances, nearest
from liverlab.quality.orbit import Alignment, orbit, turned_alike

PAIRS = 20
SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class ClosePair:
    """A synthetic image and the training lesion that it is nearest to.

    Attributes:
        synthetic: Position in `SplitImages.synthetic`.
        train: Position in `SplitImages.train`.
        distance: Between them.
        ratio: That distance over the one to the nearest lesion of another patient.
        alignment: What brings the lesion closest to the image.
    """

    synthetic: int
    train: int
    distance: float
    ratio: float
    alignment: Alignment


@dataclass(frozen=True)
class CopyReport:
    """All that is said about copies in one pool of one split.

    Attributes:
        rows: For "synthetic" and the controls "copycat", "noise" and "held_out": the row of all classes, then one per
            class.
        pairs: The closest first, by ratio: those that a copy would be among.
        judged: The nearest training lesion of every synthetic image; None where all of them are one patient's.
        instrument_works: Whether the controls came out as they must.
        instrument: The same in words.
    """

    rows: dict[str, list[CopyRow]]
    pairs: list[ClosePair]
    judged: Nearest | None
    instrument_works: bool
    instrument: str

    @property
    def flagged(self) -> bool:
        """Whether the pool holds copies, judged over all classes by an instrument that works."""
        return self.instrument_works and self.rows[SYNTHETIC][0].flagged

    @property
    def sentence(self) -> str:
        """The finding."""
        return self.rows[SYNTHETIC][0].sentence if self.instrument_works else self.instrument

    def as_json(self) -> dict[str, Any]:
        """Plain values; null where there were too few lesions to tell."""
        return {
            "flagged": self.flagged,
            "sentence": self.sentence,
            "instrument_works": self.instrument_works,
            "instrument": self.instrument,
            "rows": [_plain(asdict(row)) for rows in self.rows.values() for row in rows],
            "pairs": [asdict(pair) | {"transform": str(pair.alignment)} for pair in self.pairs],
        }


def find_copies(images: SplitImages, *, seed: int) -> CopyReport:
    """Look for copies of the training lesions among the synthetic images, and among the controls.

    Args:
        images: All images of a split.
        seed: Of the noise and the halvings of the controls.
    """
    lesions = orbit(images.train.images)
    train, class_names = images.train, images.class_names
    sets = {SYNTHETIC: images.synthetic, **copied_sets(images, seed)}
    seen = {name: look(each, lesions) for name, each in sets.items()}
    test, rest = look(images.held_out, lesions), left_out(train, lesions)
    rows = {name: copy_rows(name, each, test.and_those(rest), train, class_names) for name, each in seen.items()}
    rows[HELD_OUT] = halved_rows(test, rest, train, class_names, seed)
    alone = len(np.unique(train.patients)) < 2
    judged = None if alone else nearest(seen[SYNTHETIC].distances, train.patients)
    return CopyReport(rows, _closest(judged, images) if judged else [], judged, *instrument(rows))


def look(images: ImageSet, lesions: Tensor) -> Seen:
    """Images as far as copies of these lesions (their `orbit`) are concerned."""
    return Seen(lesion_distances(images.images, lesions), images.labels, images.patients)


def left_out(train: ImageSet, lesions: Tensor) -> Seen:
    """The training lesions as the other patients see them: infinitely far from the lesions of their own patient."""
    seen = look(train, lesions)
    seen.distances[train.patients[:, None] == train.patients] = np.inf
    return seen


def gallery(images: SplitImages, report: CopyReport) -> dict[str, npt.NDArray[np.float32]]:
    """The closest pairs as images, in the order of `report.pairs`, each of shape (P, H, W).

    Returns:
        "synthetic" in (0, 1); "train", the lesion turned alike, in (0, 1).
    """
    shown: dict[str, list[npt.NDArray[np.float32]]] = {"synthetic": [], "train": []}
    for pair in report.pairs:
        image = images.synthetic.images[pair.synthetic]
        lesion, _ = turned_alike(images.train.images[pair.train], pair.alignment)
        for name, each in zip(shown, (image, lesion), strict=True):
            shown[name].append(each[0].numpy())
    shape = images.synthetic.images.shape[2:]
    return {name: np.array(each, dtype=np.float32).reshape(len(each), *shape) for name, each in shown.items()}


def _closest(found: Nearest, images: SplitImages) -> list[ClosePair]:
    return [
        ClosePair(
            i,
            int(found.lesion[i]),
            float(found.distance[i]),
            float(found.ratio[i]),
            best_alignment(images.synthetic.images[i], images.train.images[found.lesion[i]]),
        )
        for i in np.argsort(found.ratio, kind="stable")[:PAIRS].tolist()
    ]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Nan as None, which JSON knows."""
    return {
        name: [None if isnan(x) else x for x in value] if isinstance(value, tuple)
        else None if isinstance(value, float) and isnan(value) else value
        for name, value in row.items()
    }  # fmt: skip
