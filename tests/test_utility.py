import numpy as np
import pytest
from gaussian_split import found, gaussian_split, image_set, space_of
from scipy.stats import norm

from liverlab.quality.draws import Draws, draw_patients
from liverlab.quality.image_set import SplitImages
from liverlab.quality.utility import utility

TRAINING = np.array([[-3.0], [3], [-2], [2], [-1], [1]])  # labels 0, 1, 0, ...: by symmetry the border is 0


def tiny(synthetic=6):
    images = SplitImages(
        class_names=("a", "b"),
        train=image_set([0, 1, 0, 1, 0, 1], 0),
        held_out=image_set([0, 0, 0, 1], 100),
        classic=image_set([0, 1, 0, 1, 0, 1], 0),
        synthetic=image_set([0, 1, 0, 1, 0, 1][:synthetic], 200),
    )
    held_out = np.array([[-1.0], [-2], [3], [1]])  # the third is on the wrong side
    space = {"train": TRAINING, "held_out": held_out, "classic": 2 * TRAINING, "synthetic": -TRAINING[:synthetic]}
    return images, space


def test_accuracy_by_hand():
    images, features = tiny()
    measured = utility(images, space_of(features), draw_patients(images, 3, 0), seed=0)
    for measure, which, expected in (
        ("trtr", "train", (3 / 4, 2 / 3, 1)),
        ("tstr", "classic", (3 / 4, 2 / 3, 1)),
        ("tstr", "synthetic", (1 / 4, 1 / 3, 0)),  # its labels are the wrong way round
        ("trts", "synthetic", (0, 0, 0)),
    ):
        values = [found(measured, measure, which, name).value for name in ("all", "a", "b")]
        assert values == pytest.approx(expected), (measure, which)
    row = found(measured, "tstr", "synthetic", "a")
    assert (row.features, row.count, row.reference) == ("radiomics", 3, 3)
    assert (found(measured, "trts").count, found(measured, "trts").reference) == (6, 0)


def test_draws_are_of_the_tested_patients_with_the_same_classifier():
    images, features = tiny()
    drawn = [np.array([0, 1, 2, 2]), np.array([3, 3, 3, 3])]
    own = [np.arange(6), np.arange(6)]
    measured = utility(images, space_of(features), Draws(own, drawn, own, own), seed=0)
    assert found(measured, "trtr", "train").draws.tolist() == [1 / 2, 1]
    np.testing.assert_array_equal(found(measured, "trtr", "train", "a").draws, [1 / 2, np.nan])


def test_gaussian_classes_are_told_apart_as_often_as_they_can_be():
    rng = np.random.default_rng(0)
    images = gaussian_split({"train": 2000, "held_out": 4000, "classic": 2000, "synthetic": 6000})
    # classes two deviations apart, along one of three features
    shift = np.array([2.0, 0, 0])
    features = {
        which: rng.normal(size=(len(part), 3)) + part.labels[:, None] * shift
        for which in ("train", "held_out", "classic", "synthetic")
        for part in [getattr(images, which)]
    }
    measured = utility(images, space_of(features), draw_patients(images, 200, 0), seed=0)
    for measure, which in (("tstr", "synthetic"), ("tstr", "classic"), ("trtr", "train"), ("trts", "synthetic")):
        row = found(measured, measure, which)
        assert row.value == pytest.approx(norm.cdf(1), abs=0.02)
    row = found(measured, "trtr", "train")
    assert row.draws.std() == pytest.approx(np.sqrt(norm.cdf(1) * norm.sf(1) / 4000), rel=0.2)
    assert found(measured, "tstr").count == 2000  # as many as real ones


def test_without_training_lesions_there_is_synthetic_on_held_out_alone():
    images, features = tiny()
    space = space_of({which: features[which] for which in ("held_out", "synthetic")}, "cnn")
    measured = utility(images, space, draw_patients(images, 3, 0), seed=0)
    assert {(row.measure, row.images) for row in measured} == {("tstr", "synthetic")}
    assert found(measured, "tstr").value == 1 / 4


def test_networks_are_averaged():
    images, features = tiny()
    both = {which: [rows, rows, rows, rows, 0 * rows - 1] for which, rows in features.items()}
    # the last one sees nothing: its border is nowhere, and everything is of one class, all a or all b
    value = found(utility(images, space_of(both), draw_patients(images, 3, 0), seed=0), "trtr", "train").value
    assert min(abs(value - (4 * 3 / 4 + blind) / 5) for blind in (3 / 4, 1 / 4)) < 1e-9


def test_one_image_of_a_class_is_too_few_to_train_on():
    images, features = tiny(synthetic=3)  # two of a, one of b
    measured = utility(images, space_of(features), draw_patients(images, 3, 0), seed=0)
    row = found(measured, "tstr")
    assert np.isnan(row.value)
    assert np.isnan(row.draws).all()
    assert found(measured, "trtr", "train").value == 3 / 4
    assert found(measured, "trts").value == 0
