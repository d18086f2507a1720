import numpy as np
import pytest

from data_modules.cohort import PATCH_SIZE, Cohort, Lesion
from data_modules.folds import make_splits
from data_modules.phantom_check.difficulty import best_accuracy, grain

NAMES = ("cyst", "metastasis", "hemangioma")


def cohort(lesions, noise_hu=(10, 10, 10)):
    """Two lesions a patient, classes in turn, patches of white noise by class."""
    rng = np.random.default_rng(0)
    label = np.arange(lesions) // 2 % 3
    rows = tuple(Lesion(f"L{i}", f"P{i // 2}", NAMES[k], 20.0, 0.8, 5.0, "test") for i, k in enumerate(label))
    patches = np.full((lesions, PATCH_SIZE, PATCH_SIZE), 100.0)
    patches += rng.normal(size=patches.shape) * np.array(noise_hu)[label][:, None, None]
    return Cohort(NAMES, rows, patches.astype(np.int16))


def splits(some):
    return [split for repeat in range(2) for split in make_splits(some, folds=5, repeat=repeat)]


def test_accuracy_of_three_gaussians_is_bayes():
    some = cohort(240)
    values = 2.0 * some.labels + np.random.default_rng(1).normal(size=240)
    # equal priors and spreads: the nearest mean is the best rule
    expected = (np.clip(np.rint(values / 2), 0, 2) == some.labels).mean()
    assert best_accuracy(some, values[:, None], splits(some)) == pytest.approx(expected, abs=0.03)


def test_variance_alone_is_found_by_the_quadratic_rule():
    some = cohort(240)
    values = 10.0**some.labels * np.random.default_rng(2).normal(size=240)
    assert best_accuracy(some, values[:, None], splits(some)) > 0.6


def test_chance_is_about_a_third():
    some = cohort(240)
    assert best_accuracy(some, np.random.default_rng(3).normal(size=(240, 2)), splits(some)) < 0.42


def test_grain_tells_noise_levels_and_nothing_else():
    # the ROI averages 2 x 2 patch pixels, then samples at about .9 of them: neighbours hardly correlate before the
    # high pass, and what it takes away makes them slightly negative
    some = cohort(30, noise_hu=(8, 16, 32))
    features = grain(some)
    assert features.shape == (30, 3)
    assert best_accuracy(some, features, splits(some)) > 0.95
    level = [features[some.labels == k, 2].mean() for k in range(3)]
    assert level[1] / level[0] == pytest.approx(2, rel=0.05)
    same = cohort(60)
    assert best_accuracy(same, grain(same), splits(same)) < 0.5
