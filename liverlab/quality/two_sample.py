"""Can synthetic images be told from those of held-out patients? A classifier two-sample test.

Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests", arXiv:1610.06545, with the area under the ROC curve
of a logistic regression: 0.5 where the two cannot be told apart. Being linear it sees that features lie elsewhere, not
that they vary less.
"""

from dataclasses import dataclass

import numpy as np

from liverlab.quality.class_means import of_each_class, rows, times_drawn
from liverlab.quality.draws import Draws
from liverlab.quality.feature_spaces import FeatureSpace
from liverlab.quality.image_set import Floats, ImageSet, Ints, SplitImages
from liverlab.quality.measured import Measured
from liverlab.quality.utility import logistic_regression

FOLDS = 5
RUNS = 5  # each with other images of the larger set, and other folds


@dataclass(frozen=True, eq=False)
class Side:
    """What takes part of one set: features (N, D), classes and folds (N,), times drawn (1 + draws, N)."""

    features: Floats
    labels: Ints
    folds: Ints
    times: Floats


def two_sample(images: SplitImages, space: FeatureSpace, draws: Draws, *, seed: int) -> list[Measured]:
    """Cross-validated area under the ROC curve of telling a set from the held-out lesions, patients kept together.

    Of each class as many images are taken from both sets, and only images of one class are ranked with each other: a
    set is not given away by its class shares. A class's row is a test of its own, trained on that class.

    Intervals are about the patients and synthetic images that are ranked; the classifiers stay as they are, so that
    intervals are too short: for a class of 20 equal held-out lesions by a quarter. Look at the floor as well.

    Args:
        images: The split.
        space: Its features.
        draws: Bootstrap samples.
        seed: Of the choice of images and of the folds.

    Returns:
        Rows "two_sample_auc" of synthetic, and of classic and train, the floor, where the space has them. Nan where
        fewer than five patients take part on one side.
    """
    every = np.bincount(images.held_out.labels, minlength=len(images.class_names))
    measured = []
    for which in ("synthetic", "classic", "train"):
        if which in space.features:
            counts = np.minimum(every, np.bincount(getattr(images, which).labels, minlength=len(every)))
            rng = np.random.default_rng(seed)
            parts = (counts, *np.diag(counts))  # all classes, then each
            areas = [_mean_area(images, which, space, draws, part, rng) for part in parts]
            measured += rows(space.name, which, "two_sample_auc", images.class_names, np.stack(areas), counts, counts)
    return measured


def _mean_area(
    images: SplitImages, which: str, space: FeatureSpace, draws: Draws, counts: Ints, rng: np.random.Generator
) -> Floats:
    """Area with `counts` images of each class from both sets, averaged over runs, shape (1 + draws,)."""
    sets = {name: getattr(images, name) for name in (which, "held_out")}
    times = {name: times_drawn(getattr(draws, name), len(part)) for name, part in sets.items()}
    networks = len(space.features[which])
    areas = []
    for run in range(max(RUNS, networks)):
        one, other = (
            _side(part, space.features[name][run % networks], times[name], counts, rng) for name, part in sets.items()
        )
        if min(len(np.unique(side.folds)) for side in (one, other)) < FOLDS:
            return np.full(len(draws) + 1, np.nan)
        areas.append(area(one, other, *_scores(one, other)))
    mean: Floats = np.mean(areas, axis=0)
    return mean


def _side(part: ImageSet, features: Floats, times: Floats, counts: Ints, rng: np.random.Generator) -> Side:
    chosen = of_each_class(part.labels, counts, rng)
    labels = part.labels[chosen]
    # patients are dealt to the folds one after the other, class by class
    patients, first, whose = np.unique(part.patients[chosen], return_index=True, return_inverse=True)
    place = np.lexsort((rng.random(len(patients)), labels[first])).argsort()
    return Side(features[chosen], labels, (place % FOLDS)[whose], times[:, chosen])


def _scores(one: Side, other: Side) -> tuple[Floats, Floats]:
    """Of each image by the model that did not see its patient, higher where it takes it for one of `one`."""
    features, folds = np.vstack([one.features, other.features]), np.concatenate([one.folds, other.folds])
    is_one = np.arange(len(folds)) < len(one.folds)
    scores = np.empty(len(folds))
    for fold in range(FOLDS):
        test = folds == fold
        scores[test] = logistic_regression().fit(features[~test], is_one[~test]).decision_function(features[test])
    return scores[is_one], scores[~is_one]


def area(one: Side, other: Side, scores: Floats, others: Floats) -> Floats:
    """Share of pairs of one fold and class in which the image of `one` scores higher, shape (1 + draws,).

    Across folds nothing is ranked: a model's intercept leans to the side that its fold has less of, and all scores put
    together would come out below 0.5 for equal sets.
    """
    won, pairs = np.zeros(len(one.times)), np.zeros(len(one.times))
    for fold, label in sorted({*zip(one.folds.tolist(), one.labels.tolist(), strict=True)}):
        a, b = ((side.folds == fold) & (side.labels == label) for side in (one, other))
        higher = (np.sign(scores[a][:, None] - others[b]) + 1) / 2
        won += ((one.times[:, a] @ higher) * other.times[:, b]).sum(1)
        pairs += one.times[:, a].sum(1) * other.times[:, b].sum(1)
    with np.errstate(invalid="ignore"):
        result: Floats = won / pairs
    return result
