"""A split of made-up images, and a feature space of Gaussian classes, for the tests of `liverlab/quality`."""

import numpy as np
import torch

from liverlab.quality.feature_spaces import SETS, FeatureSpace
from liverlab.quality.image_set import ImageSet, SplitImages


def image_set(labels, first_patient, *, per_patient=1, images=None):
    """Images (noise where none are given) of these labels; each patient has `per_patient` of them."""
    labels = np.array(labels, dtype=np.int64)
    if images is None:
        images = torch.rand(len(labels), 1, 8, 8, generator=torch.Generator().manual_seed(first_patient + len(labels)))
    return ImageSet(images, labels, first_patient + np.arange(len(labels)) // per_patient)


def gaussian_split(counts, *, classes=2, per_patient=1, images=None):
    """A split with `counts[which]` images, labels 0, 1, ... in turn; `images` replaces the noise of some sets."""
    first = {"train": 0, "held_out": 10_000, "classic": 0, "synthetic": 20_000}  # classic images show train's patients
    sets = {
        which: image_set(
            np.arange(counts.get(which, 0)) % classes,
            first[which],
            per_patient=per_patient,
            images=(images or {}).get(which),
        )
        for which in SETS
    }
    return SplitImages(class_names=tuple("abcdefgh"[:classes]), **sets)


def space_of(features, name="radiomics"):
    """A feature space from arrays (N, D), or lists of them, by set."""
    lists = {which: each if isinstance(each, list) else [np.asarray(each, float)] for which, each in features.items()}
    return FeatureSpace(name, "", lists, whole=len(lists) == len(SETS))


def found(measured, measure, images="synthetic", class_name="all"):
    """The one row that is meant."""
    (row,) = [x for x in measured if (x.measure, x.images, x.class_name) == (measure, images, class_name)]
    return row
