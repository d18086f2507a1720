"""The stage that judges the pool of one split: beside its held-out patients, and for copies of its training side."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from data_modules.classic import render_group, render_originals
from data_modules.cohort import Cohort
from data_modules.folds import Split, make_splits
from data_modules.pool import SamplePool
from data_modules.roi import Roi, from_signed
from liverlab.arm_data import classic_per_lesion, classic_recipe, data_seed, derive_seed, find_split
from liverlab.config import ExperimentConfig
from liverlab.copies_record import write_split_copies
from liverlab.evaluation.evaluate import write_json
from liverlab.place import Place
from liverlab.quality.copies import find_copies
from liverlab.quality.distances import distances
from liverlab.quality.draws import Draws, draw_patients
from liverlab.quality.feature_spaces import feature_spaces
from liverlab.quality.image_set import ImageSet, Ints, SplitImages
from liverlab.quality.spectrum import spectra, spectrum
from liverlab.quality.two_sample import two_sample
from liverlab.quality.utility import utility
from liverlab.quality.variety import variety
from liverlab.quality_files import write_measured

FILE = "quality.json"
# synthetic, classic and held-out images of a class, the first ones; ours, since the time grows with their square
MOST_PER_CLASS = 300
SETS = ("train", "held_out", "classic", "synthetic")


def measure_quality(folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, place: Place) -> None:
    """Write a pool's measurements, what was found of copies, and `quality.json` about the images compared.

    Args:
        folder: Where to write.
        inputs: Folders of the cohort, the pool and, where there is one, the classifier whose features are used.
        config: Of the arm that the pool belongs to.
        place: The split.
    """
    cohort, pool, classifier = Cohort.load(inputs[0]), SamplePool.load(inputs[1]), next(iter(inputs[2:]), None)
    split = find_split(cohort, config, place)
    images = split_images(config, cohort, split, pool)
    seed = derive_seed(config.seed, "quality", place.repeat, place.fold)
    draws = draw_of_repeat(images, cohort, config, place.repeat)
    spaces = feature_spaces(images, classifier, config.quality)
    measured = [*spectrum(images, draws), *variety(images, draws)]
    for space in spaces:
        measured += distances(images, space, draws, neighbours=config.quality.neighbours, seed=seed)
        measured += utility(images, space, draws, seed=seed)
        measured += two_sample(images, space, draws, seed=seed)
    write_measured(folder, measured)
    write_split_copies(
        folder, images, find_copies(images, seed=seed), [cohort.lesions[i].lesion_id for i in split.train]
    )
    about = {
        "spaces": [{"name": space.name, "about": space.about} for space in spaces],
        "counts": {which: _per_class(images, which) for which in SETS},
        "spectra": spectra(images, draws),
    }
    write_json(folder / FILE, about)


def draw_of_repeat(images: SplitImages, cohort: Cohort, config: ExperimentConfig, repeat: int) -> Draws:
    """The bootstrap samples of a split, in which each patient is as often as in those of the repeat's other splits."""
    seed = derive_seed(config.seed, "quality draws", repeat)
    splits = [] if config.holdout else make_splits(cohort, folds=config.n_folds, repeat=repeat, seed=config.seed)
    folds = [cohort.patients[list(split.test)] for split in splits]
    return draw_patients(images, config.quality.draws, seed, folds or None)


def split_images(config: ExperimentConfig, cohort: Cohort, split: Split, pool: SamplePool) -> SplitImages:
    """What a pool is compared with: lesions of both sides, and the arm's own classic images of the training side."""
    roi = Roi(**asdict(config.roi))
    test = [split.test[i] for i in first_of_each_class(cohort.labels[list(split.test)], MOST_PER_CLASS)]
    labels = pool.labels.numpy()
    kept = first_of_each_class(labels, MOST_PER_CLASS)
    # numbers that no patient has: each synthetic image is drawn for itself
    nobody = len(cohort.patient_ids) + np.arange(len(kept))
    synthetic = ImageSet(from_signed(pool.images[kept]), labels[kept], nobody)
    return SplitImages(
        class_names=cohort.class_names,
        train=_lesions(cohort, split.train, render_originals(cohort, split.train, roi)),
        held_out=_lesions(cohort, test, render_originals(cohort, test, roi)),
        classic=_classic(config, cohort, split, np.bincount(synthetic.labels, minlength=len(cohort.class_names))),
        synthetic=synthetic,
    )


def first_of_each_class(labels: Ints, most: int) -> Ints:
    """Positions of the first images of each class, class by class."""
    return np.concatenate([np.flatnonzero(labels == label)[:most] for label in np.unique(labels)])


def _lesions(cohort: Cohort, lesions: Sequence[int], images: Tensor) -> ImageSet:
    """Images that show these lesions of the cohort."""
    positions = list(lesions)
    return ImageSet(images, cohort.labels[positions], cohort.patients[positions])


def _classic(config: ExperimentConfig, cohort: Cohort, split: Split, wanted: Ints) -> ImageSet:
    """The first transforms of the lesions of a class, which take turns; fewer than wanted where the arm has fewer."""
    roi, recipe, most = Roi(**asdict(config.roi)), classic_recipe(config.classic), classic_per_lesion(config, split)
    images, shown = [], []
    for label, count in enumerate(wanted.tolist()):
        lesions = [i for i in split.train if cohort.labels[i] == label]
        each = min(most, 1 + -(-count // len(lesions)))
        rendered, whose = render_group(cohort, lesions, each, recipe, roi, seed=data_seed(config, split))
        images.append(rendered[len(lesions) :][:count])
        shown += whose[len(lesions) :][:count].tolist()
    return _lesions(cohort, shown, torch.cat(images))


def _per_class(images: SplitImages, which: str) -> dict[str, int]:
    counts = np.bincount(getattr(images, which).labels, minlength=len(images.class_names))
    return dict(zip(images.class_names, counts.tolist(), strict=True))
