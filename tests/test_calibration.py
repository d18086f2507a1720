from math import log

import numpy as np
import pytest
import torch
from invented_tables import softmax, table_of
from scipy.optimize import minimize_scalar
from scipy.stats import binom
from sklearn.metrics import log_loss
from torchmetrics.functional.classification import multiclass_calibration_error

from liverlab.evaluation.bootstrap import sample_and_draws
from liverlab.evaluation.calibration import (
    TEMPERATURES,
    best_temperature,
    calibration_error,
    cross_fitted,
    ece_if_calibrated,
    losses_by_temperature,
    reliability_points,
    reliability_summary,
)


def calibrated(lesions, *, factor=1.0, seed=0, draws=300):
    """Summary of a table whose labels were drawn from the probabilities, before its logits were multiplied."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.3, (lesions, 3))
    labels = (rng.random((lesions, 1)) > softmax(logits).cumsum(1)).sum(1)
    table = table_of(softmax(factor * logits)[None], labels)
    return table, reliability_summary(table, 0, weights_of(table, draws), np.random.default_rng(0))


def weights_of(table, draws=300):
    return sample_and_draws(table.patients.max() + 1, draws, np.random.default_rng(1))


def best_by_scipy(p, labels):
    """Temperature of least log-loss by another search and another loss."""
    found = minimize_scalar(
        lambda t: log_loss(labels, softmax(np.log(p) / np.exp(t)), labels=range(p.shape[1])), bounds=(-3, 3)
    )
    return np.exp(found.x)


def test_true_probabilities_lie_in_their_band_at_a_temperature_of_one():
    _, found = calibrated(2000)
    inside = [p["interval"][0] <= p["confidence"] <= p["interval"][1] for p in found["points"]]
    assert len(inside) == 10
    assert sum(inside) >= 9
    assert found["temperature"]["estimate"] == pytest.approx(1, abs=0.1)
    assert found["temperature"]["interval"][0] < 1 < found["temperature"]["interval"][1]
    assert found["excess"]["interval"][0] < 0 < found["excess"]["interval"][1]
    low, high = found["ece_if_calibrated"]["range"]
    assert low < found["ece"] < high


def test_logits_times_two_need_twice_the_temperature():
    table, plain = calibrated(600)
    doubled, found = calibrated(600, factor=2)
    assert found["temperature"]["estimate"] == pytest.approx(2 * plain["temperature"]["estimate"], rel=1e-3)
    for t, summary in ((table, plain), (doubled, found)):
        expected = best_by_scipy(t.probabilities[0], t.labels)
        assert summary["temperature"]["estimate"] == pytest.approx(expected, rel=1e-3)
    assert found["temperature"]["interval"][0] > 1
    assert found["excess"]["interval"][0] > 0  # too sure
    assert not all(p["interval"][0] <= p["confidence"] <= p["interval"][1] for p in found["points"])
    # the temperature from other patients mends it
    assert found["log_loss_after"] < log_loss(doubled.labels, doubled.probabilities[0])
    assert found["log_loss_after"] == pytest.approx(plain["log_loss_after"], rel=1e-3)
    assert found["ece_after"] < found["ece"] / 2


def test_a_temperature_comes_from_other_patients_alone():
    table, _ = calibrated(100)
    p, labels, patients = table.probabilities[0], table.labels, np.arange(100) // 2
    before = cross_fitted(losses_by_temperature(p, labels), patients)
    own = patients % 5 == 3
    other = np.where(own, p.argmax(1), labels)  # now all of this group are right
    after = cross_fitted(losses_by_temperature(p, other), patients)
    np.testing.assert_array_equal(before[own], after[own])
    assert (before[~own] != after[~own]).all()
    assert before[0] == pytest.approx(best_by_scipy(p[patients % 5 != 0], labels[patients % 5 != 0]), rel=2e-3)


def test_where_the_loss_falls_to_the_end_that_end_is_the_answer():
    falling = -np.arange(121.0)
    assert best_temperature(np.stack([falling, -falling])).tolist() == [TEMPERATURES[-1], TEMPERATURES[0]]


def test_calibration_error_is_that_of_torchmetrics():
    table, found = calibrated(400, factor=1.7)
    p, labels = torch.tensor(table.probabilities[0]), torch.tensor(table.labels)
    expected = float(multiclass_calibration_error(p, labels, 3, n_bins=10))
    assert found["ece"] == pytest.approx(expected, abs=1e-6)


def test_error_of_true_probabilities_that_are_all_alike():
    # |share of right answers - .7| among 40 coins
    right = np.arange(41)
    expected = (binom.pmf(right, 40, 0.7) * abs(right / 40 - 0.7)).sum()
    found = ece_if_calibrated(np.full(40, 0.7), np.arange(40), np.random.default_rng(0))
    assert found["mean"] == pytest.approx(expected, rel=0.1)
    assert calibration_error(np.full(40, 0.7), np.arange(40) < 30) == pytest.approx(0.05)
    # two repeats of the same lesions tell no more than one
    twice = ece_if_calibrated(np.full(80, 0.7), np.tile(np.arange(40), 2), np.random.default_rng(0))
    assert twice["mean"] == pytest.approx(found["mean"])


def test_points_of_the_curve_by_hand():
    # 40 lesions make two points, as few as there are; those called with .9 are right in 15 of 20, those with .5 in all
    p = np.repeat([[0.5, 0.3, 0.2], [0.9, 0.06, 0.04]], 20, axis=0)
    labels = np.zeros(40, dtype=np.int64)
    labels[20:25] = 1
    table = table_of(p[None], labels)
    first, second = reliability_points(table, p[:, 0], labels == 0, weights_of(table))
    assert (first["rows"], first["confidence"], first["correct"]) == (20, 0.5, 1.0)
    assert first["interval"] == pytest.approx((20 / (20 + 1.96**2), 1), abs=1e-4)  # Wilson's at 20 of 20
    assert (second["rows"], second["correct"]) == (20, 0.75)
    assert 0.9 > second["interval"][1] - 0.1 > 0.75


def test_equal_probabilities_are_one_point():
    labels = np.arange(60) % 3
    table = table_of(np.tile([0.5, 0.3, 0.2], (1, 60, 1)), labels)
    found = reliability_summary(table, 0, weights_of(table), np.random.default_rng(0))
    assert [(p["rows"], p["correct"]) for p in found["points"]] == [(60, pytest.approx(1 / 3))]
    assert found["excess"]["estimate"] == pytest.approx(0.5 - 1 / 3)
    assert log(found["temperature"]["estimate"]) > 1  # nothing is known: flatter is better
