"""How good are the intervals of the distances? On invented features of known distribution.

Usage: python benchmarks/quality_intervals.py; a minute or two on one core. Real patients have two lesions that share
30 % of their variance; synthetic images are independent and vary by three quarters as much: they lack what is rare.
Printed are, for each measure, its mean and standard deviation over splits, the mean of the standard deviations that the
draws give, and how often the 95 % interval holds the mean.
"""

from dataclasses import dataclass

import numpy as np
import torch

from liverlab.quality.distances import distances
from liverlab.quality.draws import draw_patients
from liverlab.quality.feature_spaces import FeatureSpace
from liverlab.quality.image_set import Floats, ImageSet, SplitImages
from liverlab.quality.measured import ALL, Measured

SPLITS, DRAWS, DIMENSIONS, NEIGHBOURS = 100, 60, 6, 5
SHARED = 0.3  # of a lesion's variance, with the patient's other lesion
NARROWER = 0.75


@dataclass(frozen=True)
class Sizes:
    """Images of each set."""

    held_out: int
    train: int
    synthetic: int


def lesions(count: int, rng: np.random.Generator) -> tuple[ImageSet, Floats]:
    """Two lesions of each patient, and their features."""
    patients = np.arange(count) // 2
    own, common = rng.normal(size=(count, DIMENSIONS)), rng.normal(size=(count, DIMENSIONS))[patients]
    return images_of(patients), np.sqrt(1 - SHARED) * own + np.sqrt(SHARED) * common


def images_of(patients: np.ndarray) -> ImageSet:
    """Images of one class; nothing looks at their pixels."""
    return ImageSet(torch.zeros(len(patients), 1, 1, 1), np.zeros(len(patients), dtype=np.int64), patients)


def measured(sizes: Sizes, seed: int) -> dict[tuple[str, str], Measured]:
    """The distances of one invented split, by set and measure."""
    rng = np.random.default_rng(seed)
    (train, train_rows), (held_out, held_out_rows) = lesions(sizes.train, rng), lesions(sizes.held_out, rng)
    synthetic = NARROWER * rng.normal(size=(sizes.synthetic, DIMENSIONS))
    nothing = images_of(np.array([], dtype=np.int64))
    images = SplitImages(("lesion",), train, held_out, nothing, images_of(np.arange(sizes.synthetic)))
    features = {"train": [train_rows], "held_out": [held_out_rows], "synthetic": [synthetic]}
    space = FeatureSpace("invented", "", features, whole=False)
    rows = distances(images, space, draw_patients(images, DRAWS, seed), neighbours=NEIGHBOURS, seed=seed)
    return {(row.images, row.measure): row for row in rows if row.class_name == ALL}


def main() -> None:
    """Print the table."""
    print("| held out | images | measure | mean | deviation | of the draws | 95 % interval |")
    print("|---:|---|---|---:|---:|---:|---:|")
    for sizes in (Sizes(20, 40, 200), Sizes(60, 120, 300)):
        splits = [measured(sizes, seed) for seed in range(SPLITS)]
        for which, measure in splits[0]:
            rows = [split[which, measure] for split in splits]
            values = np.array([row.value for row in rows])
            low, high = np.nanpercentile([row.draws for row in rows], [2.5, 97.5], axis=1)
            held = np.mean((low <= values.mean()) & (values.mean() <= high))
            spread = np.nanmean([np.nanstd(row.draws) for row in rows])
            numbers = f"{values.mean():.3f} | {values.std():.3f} | {spread:.3f} | {held:.2f}"
            print(f"| {sizes.held_out} | {which} | {measure} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
