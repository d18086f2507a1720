"""What a simple classifier learns from synthetic images for real ones, and the reverse.

TSTR and TRTS, train on synthetic and test on real and the reverse: Esteban et al. 2017, arXiv:1706.02633; as a score of
generators: Ravuri and Vinyals 2019, arXiv:1905.10887. A tstr far below trtr says that the classes differ otherwise in
synthetic images than in real ones; a trts above trtr, that synthetic images are too typical of their class.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from liverlab.quality.class_means import class_means, of_each_class, rows, times_drawn
from liverlab.quality.draws import Draws
from liverlab.quality.feature_spaces import FeatureSpace
from liverlab.quality.image_set import Floats, Ints, SplitImages
from liverlab.quality.measured import Measured

# trained on, tested on, measure
TESTS = (
    ("synthetic", "held_out", "tstr"),
    ("classic", "held_out", "tstr"),
    ("train", "held_out", "trtr"),
    ("train", "synthetic", "trts"),
)
PARTS = 5  # of a pool, drawn at random, one classifier each: their mean depends less on which images were drawn
FEWEST = 2  # training images of a class


def logistic_regression() -> Pipeline:
    """Multinomial, on standardised features, with scikit-learn's default penalty: squared, C = 1."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def utility(images: SplitImages, space: FeatureSpace, draws: Draws, *, seed: int) -> list[Measured]:
    """Accuracy of logistic regressions that are trained on one set and tested on another, as share of images.

    Each trains on as many images of each class as the training side has lesions: a difference then lies in what the
    images show, not in their number or class shares. What more images bring is what the arms of an experiment measure.
    Accuracy over all synthetic images weights their classes as the held-out lesions are.

    Intervals are about the patients (or synthetic images) tested; the classifiers stay as they are. What another
    training side, another generator or other parts of the pool would give is not in them.

    Args:
        images: The split.
        space: Its features; where those of "train" are missing, only tstr of "synthetic" is there.
        draws: Bootstrap samples.
        seed: Of the choice of training images.

    Returns:
        Rows "tstr" of synthetic and of classic images, "trtr" of train, "trts" of synthetic; a class's row is its
        sensitivity. `count` is the images trained on, for trts those tested. Nan where a class has fewer than two
        images to train on.
    """
    shares = np.bincount(images.held_out.labels, minlength=len(images.class_names))
    measured = []
    for trained, tested, measure in TESTS:
        if trained in space.features:
            labels = getattr(images, tested).labels
            right, trained_on = _share_right(images, space, trained, tested, seed)
            times = times_drawn(getattr(draws, tested), len(labels))
            values = class_means(right[:, None], labels, times, shares)[..., 0]
            if tested == "held_out":
                measured += rows(space.name, trained, measure, images.class_names, values, trained_on, shares)
            else:
                count = np.bincount(labels, minlength=len(shares))
                measured += rows(space.name, tested, measure, images.class_names, values, count, 0 * shares)
    return measured


def _share_right(images: SplitImages, space: FeatureSpace, trained: str, tested: str, seed: int) -> tuple[Floats, Ints]:
    """Share of classifiers that are right about each image of `tested`, and training images of each class."""
    rng, num_classes = np.random.default_rng(seed), len(images.class_names)
    labels, truth = getattr(images, trained).labels, getattr(images, tested).labels
    wanted = np.bincount(images.train.labels, minlength=num_classes)
    trained_on = np.minimum(wanted, np.bincount(labels, minlength=num_classes))
    if trained_on.min() < FEWEST:
        return np.full(len(truth), np.nan), trained_on
    networks = len(space.features[trained])
    runs = max(PARTS, networks)
    right = np.zeros(len(truth))
    for run in range(runs):
        features = {which: space.features[which][run % networks] for which in (trained, tested)}
        chosen = of_each_class(labels, wanted, rng)
        model = logistic_regression().fit(features[trained][chosen], labels[chosen])
        right += model.predict(features[tested]) == truth
    return right / runs, trained_on
