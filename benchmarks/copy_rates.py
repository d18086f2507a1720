"""How often does the search for copies flag generators that copy, and generators that do not?

Usage: python benchmarks/copy_rates.py [FIRST_SEED LAST_SEED], by default 0 19: about ten minutes on one core. For each
seed a phantom cohort of the paper's size is drawn and split in three folds. On every fold the pools of some invented
generators are judged as a run judges them, and the shares of folds are printed on which they were flagged.
"""

import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import torch
from quality_phantoms import ROI, Phantom, draw_phantom, fresh_lesions
from scipy.ndimage import gaussian_filter

from data_modules.classic import render_group
from data_modules.folds import Split, make_splits
from data_modules.phantom.plan import CLASS_NAMES
from liverlab.arm_data import classic_recipe
from liverlab.config import ClassicConfig
from liverlab.quality.copies import left_out, look
from liverlab.quality.copy_controls import HELD_OUT, copied_sets, halved_rows, instrument
from liverlab.quality.copy_row import CopyRow, Seen, copy_rows
from liverlab.quality.image_set import ImageSet, SplitImages
from liverlab.quality.orbit import orbit

FOLDS = 3
FRESH = 3  # other cohorts, of the seeds that follow, whose lesions a perfect generator shows: about 180 of a class
PER_LESION = 4  # classic images of each lesion
SHARES = (0.05, 0.1, 0.2)  # of copies among fresh lesions
SMOOTH_PX = 2.0  # SD of the blur of a generator that draws no grain
RECIPE = classic_recipe(ClassicConfig())


def judged(phantom: Phantom, split: Split, fresh: ImageSet, seed: int) -> dict[str, list[CopyRow]]:
    """The rows of each invented generator and of the controls on one fold."""
    train, held_out = (phantom.images.where(np.array(side)) for side in (split.train, split.test))
    sets = {"copies": classic(phantom, split, seed + 1), "perfect": fresh, "smooth": blurred(fresh)}
    images = SplitImages(CLASS_NAMES, train, held_out, classic(phantom, split, seed), fresh)
    lesions = orbit(train.images)
    seen = {name: look(each, lesions) for name, each in (sets | copied_sets(images, seed)).items()}
    copies, test, rest = seen.pop("copies"), look(held_out, lesions), left_out(train, lesions)
    for share in SHARES:
        seen[f"{share:.0%} copies"] = mixed(seen["perfect"], copies, share, np.random.default_rng(seed))
    seen["20% smooth copies"] = mixed(
        seen["perfect"], look(blurred(sets["copies"]), lesions), 0.2, np.random.default_rng(seed)
    )
    rows = {name: copy_rows(name, each, test.and_those(rest), train, CLASS_NAMES) for name, each in seen.items()}
    return rows | {HELD_OUT: halved_rows(test, rest, train, CLASS_NAMES, seed)}


def classic(phantom: Phantom, split: Split, seed: int) -> ImageSet:
    """Classic images of the training lesions, as a run renders them."""
    images, shown = render_group(phantom.cohort, split.train, 1 + PER_LESION, RECIPE, ROI, seed=seed)
    whose = shown[len(split.train) :].numpy()  # the originals come first
    return ImageSet(images[len(split.train) :], phantom.cohort.labels[whose], phantom.cohort.patients[whose])


def blurred(images: ImageSet) -> ImageSet:
    """Without grain."""
    sigma = (0, 0, SMOOTH_PX, SMOOTH_PX)
    return replace(images, images=torch.from_numpy(gaussian_filter(images.images.numpy(), sigma)))


def mixed(fresh: Seen, copies: Seen, share: float, rng: np.random.Generator) -> Seen:
    """In place of a share of the images of each class, copies of lesions of that class, in any order."""
    distances = fresh.distances.copy()
    for label in range(len(CLASS_NAMES)):
        ours, theirs = (rng.permutation(np.flatnonzero(each.labels == label)) for each in (fresh, copies))
        count = round(share * len(ours))
        distances[ours[:count]] = copies.distances[theirs[:count]]
    return replace(fresh, distances=distances)


def main() -> None:
    """Print the rates."""
    first, last = (int(text) for text in sys.argv[1:]) if len(sys.argv) > 1 else (0, 19)
    flags: dict[str, Counter[str]] = {}
    works = 0
    for seed in range(first, last + 1):
        phantom, fresh = draw_phantom(seed), fresh_lesions(range(seed + 1, seed + 1 + FRESH))
        for split in make_splits(phantom.cohort, folds=FOLDS, seed=seed):
            rows = judged(phantom, split, fresh, seed)
            for name, each in rows.items():
                flags.setdefault(name, Counter()).update(row.class_name for row in each if row.flagged)
            works += instrument(rows)[0]
        print(f"seed {seed} of {first} to {last}", file=sys.stderr, flush=True)
    folds, columns = FOLDS * (last + 1 - first), ("all", *CLASS_NAMES)
    print(
        f"The instrument works on {works} of {folds} folds. Share of them on which images are flagged:\n| images |",
        " | ".join(columns),
        "|",
    )
    for name, counts in flags.items():
        print(f"| {name} |", " | ".join(f"{counts[column] / folds:.2f}" for column in columns), "|")


if __name__ == "__main__":
    main()
