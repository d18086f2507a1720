"""Is a set of images copied from the training lesions? One row per class, and one for all, with a sentence each.

An image counts as a copy if it is nearer to one training lesion than to those of all other patients by more than any
held-out lesion is (`Nearest.ratio`). Plain distance would not do: a smooth image, as generators draw them, is nearer to
*all* lesions than a real one with its grain is. It is given beside, as `near_rate`.
"""

from dataclasses import dataclass
from math import nan

import numpy as np

from liverlab.quality.copy_tests import chance_of, copied_share, data_copying_z, nearer, noticed_from
from liverlab.quality.copy_words import in_words, too_few
from liverlab.quality.image_set import ImageSet, Ints
from liverlab.quality.measured import ALL
from liverlab.quality.neighbours import Singles, nearest

ALPHA = 0.05
ORDER = 1  # of the held-out lesions, counted from the most copy-like: the one that an image must pass
FEWEST_PATIENTS = 5  # held out; among 4, more than half of the images could be copies unnoticed


@dataclass(frozen=True, eq=False)
class Seen:
    """Images as far as copies are concerned.

    Attributes:
        distances: To each training lesion, shape (N, M).
        labels: Shape (N,).
        patients: Shape (N,).
    """

    distances: Singles
    labels: Ints
    patients: Ints

    def where(self, chosen: Ints) -> "Seen":
        """Some of them, by position."""
        return Seen(self.distances[chosen], self.labels[chosen], self.patients[chosen])

    def of(self, other: "Seen") -> "Seen":
        """Those of the classes that the others have too."""
        return self.where(np.flatnonzero(np.isin(self.labels, other.labels)))

    def matched(self, other: "Seen") -> "Seen":
        """The first of each class, as many as give the common classes the shares that they have in the others."""
        classes, wanted = np.unique(other.of(self).labels, return_counts=True)
        there = [np.flatnonzero(self.labels == label) for label in classes]
        times = min((len(each) / n for each, n in zip(there, wanted, strict=True)), default=0.0)
        chosen = [each[: int(times * n)] for each, n in zip(there, wanted, strict=True)]
        return self.where(np.sort(np.concatenate([*chosen, np.array([], dtype=np.int64)])))


@dataclass(frozen=True)
class CopyRow:
    """What was found of one set of images.

    Attributes:
        images: "synthetic", or a control: "copycat", "noise", "held_out".
        class_name: Class, or "all".
        count: Images that were judged.
        held_out: Held-out lesions that they were compared with.
        held_out_patients: Their patients.
        copies: Images that count as copies.
        copy_rate: Their share; nan, like all that follows, where there are too few lesions to tell.
        expected_rate: What it is on average without copies.
        interval: 95 % interval of the share of copies.
        p: Probability of such a copy rate, or a larger one, without copies.
        noticed_from: The smallest copy rate that would be flagged.
        near_rate: Share of images that are nearer to some training lesion than any held-out lesion is: smooth images
            are, as well as copies.
        neighbour_ratio: Median of nearest over nearest of another patient: 0 for copies, 1 at most.
        held_out_ratio: The same of the held-out lesions.
        ratio_below: Share of pairs in which the image has the smaller ratio, not the held-out lesion; 1/2 without copies.
        ratio_below_interval: 95 %, by patients.
        c_t: Of Meehan et al. 2020; far below 0 for copies, and for smooth images.
        c_t_p: One-sided, by patients.
        flagged: Whether p is below 5 %, or for a class below 5 % over the number of classes.
        sentence: In words.
    """

    images: str
    class_name: str
    count: int
    held_out: int
    held_out_patients: int
    copies: int = 0
    copy_rate: float = nan
    expected_rate: float = nan
    interval: tuple[float, float] = (nan, nan)
    p: float = nan
    noticed_from: float = nan
    near_rate: float = nan
    neighbour_ratio: float = nan
    held_out_ratio: float = nan
    ratio_below: float = nan
    ratio_below_interval: tuple[float, float] = (nan, nan)
    c_t: float = nan
    c_t_p: float = nan
    flagged: bool = False
    sentence: str = ""


def copy_rows(
    name: str, seen: Seen, held_out: Seen, train: ImageSet, class_names: tuple[str, ...], *, match: bool = True
) -> list[CopyRow]:
    """The row of all classes, then one of each class, whose images are compared with lesions of that class alone.

    Args:
        name: Of the images.
        seen: The images.
        held_out: The lesions that they are compared with.
        train: Training lesions.
        class_names: Names of the labels.
        match: In the row of all classes, take images and lesions of the classes that both have, and only so many
            images that each class has the same share of both. Classes differ in how much their lesions are alike, so
            that another mixture could pass for copies.
    """
    both = (seen.matched(held_out), held_out.of(seen)) if match else (seen, held_out)
    rows = [_row(name, ALL, *both, train.patients, ALPHA)]
    for label, class_name in enumerate(class_names):
        ours, theirs, lesions = (np.flatnonzero(each == label) for each in (seen.labels, held_out.labels, train.labels))
        parts = (
            Seen(each.distances[np.ix_(chosen, lesions)], each.labels[chosen], each.patients[chosen])
            for each, chosen in ((seen, ours), (held_out, theirs))
        )
        rows.append(_row(name, class_name, *parts, train.patients[lesions], ALPHA / len(class_names)))
    return rows


def _row(name: str, class_name: str, seen: Seen, held_out: Seen, train_patients: Ints, alpha: float) -> CopyRow:
    M, N, n = len(seen.labels), len(held_out.labels), len(np.unique(held_out.patients))
    lesions = len(np.unique(train_patients))
    if M == 0 or n < FEWEST_PATIENTS or lesions < 2:
        sentence = too_few(class_name, images=M, held_out=n, wanted=FEWEST_PATIENTS, train=lesions)
        return CopyRow(name, class_name, M, N, n, sentence=sentence)
    ours, theirs = nearest(seen.distances, train_patients), nearest(held_out.distances, train_patients)
    copies = int((ours.ratio < np.sort(theirs.ratio)[ORDER - 1]).sum())
    ratio = nearer(ours.ratio, theirs.ratio, held_out.patients)
    p, enough = chance_of(copies, M, n, ORDER), noticed_from(M, n, ORDER, alpha)
    interval = copied_share(copies, M, n, ORDER)
    return CopyRow(
        name,
        class_name,
        M,
        N,
        n,
        copies,
        copies / M,
        ORDER / (n + 1),
        interval,
        p,
        enough,
        float((ours.distance < np.sort(theirs.distance)[ORDER - 1]).mean()),
        float(np.median(ours.ratio)),
        float(np.median(theirs.ratio)),
        ratio.share,
        ratio.interval,
        data_copying_z(ours.distance, theirs.distance, seen.labels, held_out.labels),
        nearer(ours.distance, theirs.distance, held_out.patients).p,
        p < alpha,
        in_words(class_name, copies / M, ORDER / (n + 1), p, enough, interval[0], flagged=p < alpha),
    )
