import numpy as np
import pytest

from liverlab.evaluation.bootstrap import (
    patient_confusions,
    patient_ratios,
    percentile_interval,
    proportion_interval,
    resampled_confusions,
    sample_and_draws,
    widened,
    with_repeats,
)
from liverlab.evaluation.metrics import confusion_matrix


def test_patients_add_up_to_the_confusion_matrix():
    rng = np.random.default_rng(0)
    labels, patients = rng.integers(0, 4, 50), rng.permutation(np.arange(50) % 17)
    predicted = rng.integers(0, 4, (3, 50))
    counts = patient_confusions(labels, predicted, patients, 4)
    assert counts.shape == (17, 3, 4, 4)
    for arm in range(3):
        assert counts[:, arm].sum(0).tolist() == confusion_matrix(labels, predicted[arm], 4).tolist()
    assert counts[5].sum((1, 2)).tolist() == [(patients == 5).sum()] * 3


def test_standard_error_is_that_of_patients_not_of_lesions():
    # 80 patients with 5 lesions each, all right or all wrong: the error of a mean over 80 coins, sqrt(p (1-p) / 80)
    patients = np.repeat(np.arange(80), 5)
    right = (patients % 4 > 0).astype(np.int64)
    counts = patient_confusions(np.ones(400, dtype=np.int64), right[None], patients, 2)
    drawn = resampled_confusions(counts, 20000, np.random.default_rng(1))
    accuracy = drawn[:, 0, 1, 1] / drawn[:, 0].sum((1, 2))
    assert accuracy.mean() == pytest.approx(0.75, abs=0.002)
    assert accuracy.std() == pytest.approx(np.sqrt(0.75 * 0.25 / 80), rel=0.03)


def test_draws_of_patients_are_those_of_the_confusions():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 4, (12, 1, 2, 2)).astype(np.float64)
    weights = sample_and_draws(12, 600, np.random.default_rng(7))
    assert weights[0].tolist() == [1] * 12
    assert set(weights[1:].sum(1)) == {12}
    drawn = resampled_confusions(counts, 5000, np.random.default_rng(7))[:500]  # blocks of 500 come in order
    np.testing.assert_array_equal(np.einsum("dp,pacb->dacb", weights[1:501], counts), drawn)


def test_ratios_by_hand():
    patients, rows = np.array([0, 0, 1]), np.array([[1.0, 2.0, 6.0]])
    weights = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 0.0]])
    found = patient_ratios(rows, np.ones_like(rows), patients, weights)
    np.testing.assert_array_equal(found, [[3.0], [1.5], [np.nan]])


def test_all_arms_share_one_draw():
    labels, patients = np.arange(30) % 3, np.arange(30) // 2
    predicted = np.stack([np.roll(labels, 1), np.roll(labels, 1), labels])
    counts = patient_confusions(labels, predicted, patients, 3)
    drawn = resampled_confusions(counts, 700, np.random.default_rng(2))
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    np.testing.assert_array_equal(drawn[:, 0].sum(-1), drawn[:, 2].sum(-1))  # the same lesions of each class


def test_the_same_seed_gives_the_same_draws():
    counts = np.random.default_rng(0).integers(0, 3, (9, 2, 3, 3)).astype(float)
    first, again, other = (resampled_confusions(counts, 50, np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_repeats_add_the_variance_of_their_mean_the_same_for_every_arm():
    # three repeats at .6, .7 and .75: the mean's variance is that between them, 7/1200, over 3
    per_repeat = {"accuracy": np.array([[0.6, 0.6], [0.7, 0.7], [0.75, 0.75]])}
    drawn = {"accuracy": np.full((40000, 2), 0.68)}
    found = with_repeats(drawn, per_repeat, np.random.default_rng(3))["accuracy"]
    assert found.mean() == pytest.approx(0.68, abs=0.001)
    assert found[:, 0].var() == pytest.approx(7 / 1200 / 3, rel=0.03)
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    one = {"accuracy": per_repeat["accuracy"][:1]}
    assert with_repeats(drawn, one, np.random.default_rng(3)) is drawn


def test_a_repeat_in_which_a_metric_does_not_exist_deviates_by_nothing():
    # of .6 and .8 and an undefined one, every third repeat drawn shifts nothing; by sqrt(3/2) for so few
    per_repeat = {"ppv": np.array([[0.6, np.nan], [np.nan, np.nan], [0.8, np.nan]])}
    found = with_repeats({"ppv": np.full((40000, 2), 0.7)}, per_repeat, np.random.default_rng(3))["ppv"]
    assert found.mean() == pytest.approx(0.7, abs=0.001)
    # three drawn of deviations -.1, 0, .1, whose variance is .02/3: a third of it for their mean, times 3/2
    assert found[:, 0].var() == pytest.approx(0.02 / 3 / 3 * 1.5, rel=0.03)
    np.testing.assert_array_equal(found[:, 1], 0.7)


def test_interval_is_a_tenth_wider_than_the_percentiles():
    drawn = np.linspace(0.3, 0.7, 401)  # 2.5 and 97.5 % points at 0.31 and 0.69
    assert percentile_interval(widened(0.5, drawn)) == pytest.approx((0.5 - 1.1 * 0.19, 0.5 + 1.1 * 0.19))


def test_a_proportion_of_one_gets_wilsons_interval_over_patients():
    # Wilson at p = 1: low = n / (n + z^2)
    low, high = proportion_interval(1.0, np.ones(100), patients=30)
    assert (low, high) == pytest.approx((30 / (30 + 1.959964**2), 1.0))
    assert proportion_interval(np.nan, np.ones(100), patients=0) is None


def test_one_patient_alone_leaves_the_proportion_open():
    # two rows of one patient, one of them right: every draw is .5. Wilson at p = 1/2 is 1/2 -+ z / (2 sqrt(n + z^2))
    reach = 1.959964 / (2 * (1 + 1.959964**2) ** 0.5)
    drawn = np.append(np.full(90, 0.5), [np.nan] * 10)
    assert proportion_interval(0.5, drawn, patients=1) == pytest.approx((0.5 - reach, 0.5 + reach), abs=1e-6)
