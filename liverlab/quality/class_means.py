"""Per class, and for a set with its bootstrap samples at once: what the measures of this folder have in common.

Along an axis "1 + classes" entry 0 is all images; along an axis "1 + draws" entry 0 is the set as it is.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from liverlab.quality.image_set import Floats, ImageSet, Ints
from liverlab.quality.measured import ALL, Measured


def times_drawn(positions: Sequence[Ints], count: int) -> Floats:
    """How often each of `count` images is in the set (once) and in each draw, shape (1 + draws, count)."""
    drawn = [np.bincount(each, minlength=count) for each in positions]
    return np.stack([np.ones(count), *drawn])


def class_masks(labels: Ints, num_classes: int) -> npt.NDArray[np.bool_]:
    """Which images are meant by "all" and by each class, shape (1 + classes, N)."""
    return np.stack([np.ones(len(labels), bool), *(labels == label for label in range(num_classes))])


def patients_by_class(images: ImageSet, num_classes: int) -> list[int]:
    """Number of patients among all images and among those of each class."""
    return [len(np.unique(images.patients[mask])) for mask in class_masks(images.labels, num_classes)]


def class_means(values: Floats, labels: Ints, times: Floats, shares: Ints) -> Floats:
    """Means of what was measured on each image.

    Args:
        values: Shape (N, K).
        labels: Class indices, shape (N,).
        times: How often each image counts, shape (1 + draws, N).
        shares: Weight of each class in the mean over all images, shape (classes,), whatever number it has here: sets of
            different class shares can then be compared.

    Returns:
        Shape (1 + classes, 1 + draws, K); nan for a class without an image, and over all classes where one is missing.
    """
    counts = np.bincount(labels, minlength=len(shares))
    weights = times * (shares / np.maximum(counts, 1))[labels]
    with np.errstate(invalid="ignore"):
        means = [
            (weights[:, mask] @ values[mask]) / weights[:, mask].sum(1, keepdims=True)
            for mask in class_masks(labels, len(shares))
        ]
    if ((counts == 0) & (shares > 0)).any():
        means[0] = np.full_like(means[0], np.nan)
    return np.stack(means)


def of_each_class(labels: Ints, wanted: Ints, rng: np.random.Generator) -> Ints:
    """Positions of images drawn at random, at most `wanted[c]` of class c."""
    parts = [rng.permutation(np.flatnonzero(labels == label))[:most] for label, most in enumerate(wanted.tolist())]
    return np.concatenate(parts)


def rows(
    features: str, which: str, measure: str, class_names: tuple[str, ...], values: Floats, count: Ints, reference: Ints
) -> list[Measured]:
    """One row for all classes and one for each.

    Args:
        features: Name of the feature space.
        which: What was measured, e.g. "synthetic".
        measure: Name of the measure.
        class_names: The classes.
        values: Shape (1 + classes, 1 + draws).
        count: Images measured of each class, shape (classes,).
        reference: Held-out images of each class that they were compared with.
    """
    names = (ALL, *class_names)
    counts, references = ([int(each.sum()), *map(int, each)] for each in (count, reference))
    return [
        Measured(features, which, name, measure, float(series[0]), series[1:], n, m)
        for name, series, n, m in zip(names, values, counts, references, strict=True)
    ]
