"""How far synthetic images are from those of held-out patients, beside how far other real images are.

The floors: training lesions, which are nothing worse than lesions of other patients, and their classic augmentations.
All are compared with the same held-out images, in equal numbers where a measure depends on numbers.

How good the intervals are (`benchmarks/quality_intervals.py`, 100 invented splits): of 60 held-out lesions they hold
the mean in 86 to 100 %. Of 20 in 73 to 100 %, of a coverage of .99 in 61 %, since it is 1 in most draws. Those of KID
and FID are up to 1.8 times too wide where the distributions hardly differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.spatial.distance import cdist

from liverlab.quality import prdc
from liverlab.quality.draws import Draws
from liverlab.quality.feature_spaces import FeatureSpace
from liverlab.quality.frechet import frechet_distance, principal_axes
from liverlab.quality.image_set import Floats, Ints, SplitImages
from liverlab.quality.kid import kid
from liverlab.quality.measured import ALL, Measured
from liverlab.quality.sub_draws import equally_many, spread_around

T = TypeVar("T")
SETS = ("held_out", "synthetic", "train", "classic")
MEASURES = (*prdc.MEASURES, "fid")
LARGEST = (1.0, 1.0, np.inf, 1.0, np.inf)  # that each of them can be
SUB_DRAWS, SUB_DRAWS_OF_A_DRAW = 50, 5  # ours; with one for each of five random networks


@dataclass(frozen=True, eq=False)
class Group:
    """The images of one class, or of all, by set: those of `SETS` that the space has and that are not empty.

    Attributes:
        labels: Classes, shape (N,).
        patients: Whom they show, shape (N,).
        times: How often each draw has each image, shape (draws, N).
        features: Shape (N, D), for each draw of the extractor.
    """

    labels: dict[str, Ints]
    patients: dict[str, Ints]
    times: dict[str, Ints]
    features: dict[str, list[Floats]]

    @property
    def compared(self) -> list[str]:
        """The sets that are compared with the held-out images."""
        return [which for which in self.labels if which != "held_out"]


class Near:
    """Distances and principal components of a group's images in one draw of the extractor."""

    def __init__(self, features: Mapping[str, Floats]) -> None:
        self.within = {which: cdist(rows, rows) for which, rows in features.items()}
        self.between = {which: cdist(features["held_out"], rows) for which, rows in features.items()}
        # of both sets compared: what only one of them shows needs an axis too
        pairs = {which: (features["held_out"], rows) for which, rows in features.items()}
        self.components = {which: [rows @ principal_axes(pair) for rows in pair] for which, pair in pairs.items()}

    def measured(self, which: str, chosen: Mapping[str, Ints], neighbours: int) -> Floats:
        """`MEASURES` of a set, from some images of it and of the held-out ones."""
        real, others = chosen["held_out"], chosen[which]
        shares = prdc.prdc(
            self.within["held_out"][np.ix_(real, real)],
            self.within[which][np.ix_(others, others)],
            self.between[which][np.ix_(real, others)],
            neighbours,
        )
        real_components, other_components = self.components[which]
        return np.append(shares, frechet_distance(real_components[real], other_components[others]))


def distances(images: SplitImages, space: FeatureSpace, draws: Draws, *, neighbours: int, seed: int) -> list[Measured]:
    """Synthetic images against held-out ones, and the floors that the space has, for each class and for all.

    Numbers are averaged over the draws of the extractor. "All" compares the held-out images' mix of classes.

    Args:
        images: The images.
        space: Their features.
        draws: Bootstrap samples of patients.
        neighbours: k of precision, recall, density and coverage.
        seed: Of the sub-draws.
    """
    rows = []
    for number, (class_name, group) in enumerate(_groups(images, space, draws)):
        rng = np.random.default_rng([seed, number])
        found = {which: {"kid": _kid(group, which)} for which in group.compared}
        values, drawn = _near(group, neighbours, rng)
        compared = len(equally_many(group.labels, _everything(group), rng)["held_out"])  # of either set
        for i, which in enumerate(group.compared):
            found[which] |= {name: (values[i, j], drawn[:, i, j]) for j, name in enumerate(MEASURES)}
            sizes = {"kid": (len(group.labels[which]), len(group.labels["held_out"]))}
            rows += [
                Measured(space.name, which, class_name, name, float(value), spread, *sizes.get(name, 2 * (compared,)))
                for name, (value, spread) in found[which].items()
            ]
    return rows


def _groups(images: SplitImages, space: FeatureSpace, draws: Draws) -> Iterator[tuple[str, Group]]:
    sets = [which for which in SETS if which in space.features]
    for label, class_name in enumerate((*images.class_names, ALL)):
        group = Group({}, {}, {}, {})
        for which in sets:
            own = getattr(images, which)
            chosen = np.flatnonzero((own.labels == label) | (class_name == ALL))
            if len(chosen):
                times = [np.bincount(positions, minlength=len(own)) for positions in getattr(draws, which)]
                group.labels[which], group.patients[which] = own.labels[chosen], own.patients[chosen]
                group.times[which] = np.stack(times)[:, chosen]
                group.features[which] = [rows[chosen] for rows in space.features[which]]
        if "held_out" in group.labels:
            yield class_name, group


def _kid(group: Group, which: str) -> tuple[float, Floats]:
    """KID of a set, and on each draw."""
    real, others = (np.vstack([np.ones(times.shape[1]), times]) for times in _pair(group.times, which))
    patients, labels = (_pair(each, which) for each in (group.patients, group.labels))
    pairs = zip(*_pair(group.features, which), strict=True)
    value, *drawn = np.mean([kid(rows, patients, (real, others), labels) for rows in pairs], axis=0)
    return value, np.array(drawn)


def _pair(by_set: Mapping[str, T], which: str) -> tuple[T, T]:
    return by_set["held_out"], by_set[which]


def _everything(group: Group) -> dict[str, Ints]:
    return {which: np.arange(len(labels)) for which, labels in group.labels.items()}


def _near(group: Group, neighbours: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """`MEASURES` of each set compared, shape (sets, 5), and on each draw, shape (draws, sets, 5)."""
    spaces = [Near(dict(zip(group.features, rows, strict=True))) for rows in zip(*group.features.values(), strict=True)]

    def measured(among: Mapping[str, Ints], count: int) -> list[list[Floats]]:
        """Of some sub-draws, each in the next draw of the extractor."""
        found = []
        for i in range(count):
            chosen = equally_many(group.labels, among, rng)
            found.append([spaces[i % len(spaces)].measured(which, chosen, neighbours) for which in group.compared])
        return found

    values = np.mean(measured(_everything(group), SUB_DRAWS), axis=0)
    drawn = [
        measured({which: np.flatnonzero(times[i]) for which, times in group.times.items()}, SUB_DRAWS_OF_A_DRAW)
        for i in range(len(group.times["held_out"]))
    ]
    spread = spread_around(values, np.array(drawn), len(np.unique(group.patients["held_out"])))
    return values, spread.clip(0, LARGEST)
