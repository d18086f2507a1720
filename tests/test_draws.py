import numpy as np
import pytest
import torch

from liverlab.quality.draws import draw_patients
from liverlab.quality.image_set import ImageSet, SplitImages


def image_set(patients):
    labels = np.arange(len(patients)) % 2
    return ImageSet(torch.zeros(len(patients), 1, 4, 4), labels, np.array(patients, dtype=np.int64))


def split_images(classic=(9, 7, 7, 7)):
    return SplitImages(
        class_names=("cyst", "metastasis"),
        train=image_set([7, 7, 7, 8, 9]),
        held_out=image_set([1, 1, 2, 3, 4, 4]),
        classic=image_set(classic),
        synthetic=image_set(range(100, 110)),
    )


def times(positions, count):
    return np.array([np.bincount(drawn, minlength=count) for drawn in positions])


def test_a_patient_is_drawn_with_all_images():
    drawn = draw_patients(split_images(), 50, seed=0)
    assert len(drawn) == 50
    held_out = times(drawn.held_out, 6)
    np.testing.assert_array_equal(held_out[:, 0], held_out[:, 1])
    np.testing.assert_array_equal(held_out[:, 4], held_out[:, 5])
    assert not np.array_equal(held_out[:, 2], held_out[:, 3])
    np.testing.assert_array_equal(held_out[:, [0, 2, 3, 4]].sum(1), 4)  # four patients, with replacement


def test_classic_images_follow_the_patient_whose_lesion_they_show():
    drawn = draw_patients(split_images(), 50, seed=0)
    train, classic = times(drawn.train, 5), times(drawn.classic, 4)
    np.testing.assert_array_equal(classic, train[:, [4, 0, 0, 0]])


def test_synthetic_images_are_drawn_one_by_one():
    drawn = draw_patients(split_images(), 20, seed=0)
    assert {len(positions) for positions in drawn.synthetic} == {10}
    assert times(drawn.synthetic, 10).max() > 1


def test_each_patient_is_drawn_once_on_average_with_the_variance_of_the_bootstrap():
    held_out = times(draw_patients(split_images(), 4000, seed=0).held_out, 6)[:, [0, 2, 3, 4]]
    # multinomial: mean 1, variance 1 - 1/4
    assert held_out.mean(0) == pytest.approx(1, abs=4 * np.sqrt(0.75 / 4000))
    assert held_out.var(0) == pytest.approx(0.75, abs=0.08)


def test_the_seed_decides():
    first, same, other = (draw_patients(split_images(), 5, seed=seed) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first.train, same.train, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first.train, other.train, strict=True))


def test_a_split_without_classic_images_has_empty_draws_of_them():
    assert [len(positions) for positions in draw_patients(split_images(classic=()), 3, seed=0).classic] == [0, 0, 0]


def test_a_mean_over_folds_spreads_as_the_cohort_it_is_made_of():
    """Each of 30 patients trains in two of three folds: their mean over folds is the cohort's, and has its error."""
    patients, values = np.arange(30), np.random.default_rng(0).normal(size=30)
    folds = [patients[fold::3] for fold in range(3)]
    means = []
    for fold in folds:
        train = np.setdiff1d(patients, fold)
        images = SplitImages(("a",), image_set(train), image_set(fold), image_set([]), image_set(range(100, 110)))
        drawn = draw_patients(images, 4000, 0, folds)
        means.append([values[train][positions].mean() for positions in drawn.train])
    within = np.mean([values[fold].var() for fold in folds])  # folds are drawn apart, as many of each
    # drawn anew in every fold, 20 patients each: less by a factor of 1.4
    assert np.mean(means, axis=0).std() == pytest.approx(np.sqrt(within / 30), rel=0.05)
