from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import t as student_t

from liverlab.evaluation.paired import difference, training_variance
from liverlab.evaluation.simulation import World, invented


def rows_of(gain, patients, repeats, folds):
    """What `training_variance` reads of a table."""
    columns = (np.asarray(column) for column in (patients, repeats, folds))
    return np.asarray(gain, dtype=float), SimpleNamespace(**dict(zip(("patients", "repeats", "folds"), columns)))  # noqa: B905


def test_folds_of_one_repeat_by_hand():
    # Six patients of one lesion, three folds. Gains 1 1 | 0 0 | 0 -1: mean 1/6, residuals in units of 1/6 are
    # 5 5 | -1 -1 | -1 -7. Between folds: 3/2 (10^2 + 2^2 + 8^2) = 252; among patients: 6/5 (3 + 50 + 49) = 122.4.
    gain, table = rows_of([1, 1, 0, 0, 0, -1], range(6), [0] * 6, [0, 0, 1, 1, 2, 2])
    found = training_variance(gain, table, one_test_set=False)
    assert found.variance == pytest.approx((252 - 122.4) / 36 / 36)
    assert found.degrees == 2


def test_folds_that_differ_less_than_their_patients_explain_add_nothing():
    gain, table = rows_of([1, -1, 1, -1, 1, -1], range(6), [0] * 6, [0, 0, 1, 1, 2, 2])
    assert training_variance(gain, table, one_test_set=False).variance == 0


def test_trainings_tested_on_the_same_lesions_by_hand():
    # Hold-out: every lesion gains 1, 0 or -1 with its whole repeat, so all variance is that of the three trainings:
    # 1, 0, -1 have variance 1, their mean 1/3. Within repeats, each of 50 patients deviates by 1, 0, -1 as well:
    # 3/2 x 50 x 2 / 150^2 is taken off.
    gain, table = rows_of(np.repeat([1, 0, -1], 50), np.tile(np.arange(50), 3), np.repeat([0, 1, 2], 50), [0] * 150)
    found = training_variance(gain, table, one_test_set=True)
    assert found.variance == pytest.approx(1 / 3 - 1.5 * 50 * 2 / 150**2)
    assert found.degrees == 2


def test_what_a_patient_keeps_over_repeats_is_no_training_variance_of_a_hold_out():
    own = np.random.default_rng(0).integers(-1, 2, 50)
    gain, table = rows_of(np.tile(own, 3), np.tile(np.arange(50), 3), np.repeat([0, 1, 2], 50), [0] * 150)
    assert training_variance(gain, table, one_test_set=True).variance == 0


def test_one_split_shows_no_training_variance():
    for one_test_set in (False, True):
        gain, table = rows_of([1, 0, 0, 1], range(4), [0] * 4, [1] * 4)
        assert training_variance(gain, table, one_test_set=one_test_set).degrees == 0


def test_one_fold_of_each_repeat_compares_repeats():
    gain, table = rows_of([1, 1, 1, -1, -1, -1], range(6), [0, 0, 0, 1, 1, 1], [0] * 6)
    found = training_variance(gain, table, one_test_set=False)
    assert found.variance == pytest.approx((2 * (9 + 9) - 6 / 5 * 6) / 36)
    assert found.degrees == 1


def test_planted_training_variance_is_found_on_average():
    # Two arms whose folds shift by 5 points each: 2 x .05^2 / 25 splits. (1,200 sets: 1.92e-4)
    tables = list(invented(World(5, 5, fold_noise=0.05), 150, seed=3))
    found = [
        training_variance(table.correct[1].astype(float) - table.correct[0], table, one_test_set=False).variance
        for table in tables
    ]
    assert np.mean(found) == pytest.approx(2 * 0.05**2 / 25, rel=0.2)


def test_error_and_interval_are_those_of_the_clustered_mean():
    # 3x1 without training variance: the error of a mean of patient sums, sqrt(sum r^2 P/(P-1)) / N, and Student's t
    table = next(invented(World(3, 1, fold_noise=0.0), 1, seed=4))
    gain = table.correct[1].astype(float) - table.correct[0]
    assert training_variance(gain, table, one_test_set=False).variance == 0
    sums = np.bincount(table.patients, gain - gain.mean())
    closed = np.sqrt((sums**2).sum() * 101 / 100) / 182
    counts = np.random.default_rng(5).multinomial(101, np.full(101, 1 / 101), 20000)
    rows = counts @ np.bincount(table.patients)
    right = np.stack([counts @ np.bincount(table.patients, arm) / rows for arm in table.correct], axis=1)
    found = difference(table, ("b", "a"), right)
    assert found.standard_error == pytest.approx(closed, rel=0.03)
    assert found.degrees == pytest.approx(100)
    half = student_t.ppf(0.975, 100) * closed
    assert found.interval == pytest.approx((gain.mean() - half, gain.mean() + half), abs=0.004)
