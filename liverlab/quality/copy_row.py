"""Is a set of images copied from the training lesions? One row of numbers for all classes, and one for each.

An image counts as a copy if it is nearer to one training lesion than to those of all other patients by more than any
held-out lesion is (`Nearest.ratio`). Plain distance would not do: a smooth image, as generators draw them, is nearer to
*all* lesions than a real one with its grain is. It is given beside, as `near_rate`.

Held-out lesions are those of the test side, and each training lesion as the others see it, compared with the lesions of
the other training patients alone. Both show how near a patient comes whom the generator did not see. Folds of a cohort
therefore share held-out lesions, and their p values are not independent.

How often it errs is measured by `benchmarks/copy_rates.py`. On 60 folds of 20 phantom cohorts, lesions of other cohorts
were never flagged, the same without grain on 5 %, copycats and lesions with noise always. Copies among fresh lesions
were flagged on 98 % of the folds if they were 5 % of the images, always if 10 %. In single classes 20 % copies were
flagged on 57 % (cysts) to 100 % of the folds, 10 % on 3 to 62 %. The rule was chosen on other phantoms. These rates are
those of single tests at 5 % for all images and 5 % over their number for classes; the 5 % that all tests share now are
stricter.
"""

from dataclasses import dataclass
from math import nan

import numpy as np

from liverlab.quality.copy_tests import chance_of, copied_share, data_copying_z, noticed_from
from liverlab.quality.copy_words import FEWEST_HELD_OUT, FEWEST_TRAINED, in_words, too_few
from liverlab.quality.image_set import ImageSet, Ints
from liverlab.quality.measured import ALL
from liverlab.quality.neighbours import Singles, nearest

ALPHA = 0.05


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

    def and_those(self, other: "Seen") -> "Seen":
        """Both together."""
        return Seen(
            np.concatenate([self.distances, other.distances]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.patients, other.patients]),
        )

    def of_class(self, label: int, lesions: Ints) -> "Seen":
        """Those of one class, as far as these training lesions are concerned."""
        part = self.where(np.flatnonzero(self.labels == label))
        return Seen(part.distances[:, lesions], part.labels, part.patients)

    def in_common(self, other: "Seen") -> "Seen":
        """Those of the classes that the others have too."""
        return self.where(np.flatnonzero(np.isin(self.labels, other.labels)))

    def matched(self, other: "Seen") -> "Seen":
        """The first of each class, as many as give the common classes the shares that they have in the others."""
        classes, wanted = np.unique(other.in_common(self).labels, return_counts=True)
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
        noticed_from: The smallest copy rate that would be flagged; above 1 if none would.
        near_rate: Share of images that are nearer to some training lesion than any held-out lesion is: smooth images
            are, as well as copies.
        neighbour_ratio: Median of nearest over nearest of another patient: 0 for copies, 1 at most.
        held_out_ratio: The same of the held-out lesions.
        c_t: Of Meehan et al. 2020; far below 0 for copies, and for smooth images. Near 0 it is no clearance: it looks
            at the bulk of the images, and a few copies are lost in it.
        flagged: Whether p is below 5 % over the number of tests of a pool: of all classes, and of each.
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
    c_t: float = nan
    flagged: bool = False
    sentence: str = ""


def copy_rows(name: str, seen: Seen, held_out: Seen, train: ImageSet, class_names: tuple[str, ...]) -> list[CopyRow]:
    """The row of all classes, then one of each class, whose images are compared with lesions of that class alone.

    Classes differ in how much their lesions are alike, so that another mixture could pass for copies. The row of all
    classes therefore takes only so many images that each class has the same share of them as of the held-out lesions.

    Args:
        name: Of the images.
        seen: The images.
        held_out: The lesions that they are compared with.
        train: Training lesions.
        class_names: Names of the labels.
    """
    alpha = ALPHA / (len(class_names) + 1)  # of so many tests none errs in 95 of 100 pools without copies
    rows = [_row(name, ALL, seen.matched(held_out), held_out.in_common(seen), train.patients, alpha)]
    for label, class_name in enumerate(class_names):
        lesions = np.flatnonzero(train.labels == label)
        ours, theirs = (each.of_class(label, lesions) for each in (seen, held_out))
        rows.append(_row(name, class_name, ours, theirs, train.patients[lesions], alpha))
    return rows


def _row(name: str, class_name: str, seen: Seen, held_out: Seen, train_patients: Ints, alpha: float) -> CopyRow:
    M, N, n = len(seen.labels), len(held_out.labels), len(np.unique(held_out.patients))
    trained = len(np.unique(train_patients))
    if M == 0 or n < FEWEST_HELD_OUT or trained < FEWEST_TRAINED:
        return CopyRow(name, class_name, M, N, n, sentence=too_few(class_name, images=M, held_out=n, trained=trained))
    ours, theirs = nearest(seen.distances, train_patients), nearest(held_out.distances, train_patients)
    copies = int((ours.ratio < theirs.ratio.min()).sum())
    rate, expected = copies / M, 1 / (n + 1)
    p, enough, interval = chance_of(copies, M, n), noticed_from(M, n, alpha), copied_share(copies, M, n)
    return CopyRow(
        name,
        class_name,
        M,
        N,
        n,
        copies,
        rate,
        expected,
        interval,
        p,
        enough,
        near_rate=float((ours.distance < theirs.distance.min()).mean()),
        neighbour_ratio=float(np.median(ours.ratio)),
        held_out_ratio=float(np.median(theirs.ratio)),
        c_t=data_copying_z(ours.distance, theirs.distance, seen.labels, held_out.labels),
        flagged=p < alpha,
        sentence=in_words(class_name, rate, expected, p, enough, interval[0], flagged=p < alpha),
    )
