import numpy as np
import pytest
from scipy.linalg import sqrtm

from liverlab.quality.frechet import frechet_distance, principal_axes


def test_on_a_line_it_is_the_difference_of_means_and_deviations():
    x, y = np.random.default_rng(0).normal(size=(2, 40, 1)) * [[[1.0]], [[3.0]]] + [[[0.0]], [[2.0]]]
    expected = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-9)


def test_with_correlated_features_it_is_the_formula_with_scipys_matrix_root():
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(30, 5)) @ rng.normal(size=(5, 5)) for _ in range(2))
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = sqrtm(first @ second).real
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(first + second - 2 * root)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


def test_many_images_of_gaussians_come_near_the_closed_form():
    rng = np.random.default_rng(2)
    mean, deviation = np.array([1.0, 0.0, -1.0]), np.array([0.5, 1.0, 2.0])
    x, y = rng.normal(size=(20000, 3)), mean + deviation * rng.normal(size=(20000, 3))
    assert frechet_distance(x, y) == pytest.approx(2 + 0.25 + 0 + 1, rel=0.03)


def test_of_itself_it_is_0_also_where_features_repeat_each_other():
    x = np.random.default_rng(3).normal(size=(20, 2))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    doubled = np.hstack([x, x])  # covariance without full rank
    assert frechet_distance(doubled, doubled) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(doubled, doubled + 1) == pytest.approx(4)


def test_fewer_images_than_two_a_dimension_are_too_few():
    rng = np.random.default_rng(4)
    assert np.isnan(frechet_distance(rng.normal(size=(9, 5)), rng.normal(size=(50, 5))))
    assert np.isfinite(frechet_distance(rng.normal(size=(10, 5)), rng.normal(size=(50, 5))))


def test_the_axes_are_those_of_largest_variance_and_at_most_16():
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.normal(size=(20, 20)))[0]
    deviation = np.append(np.full(16, 3.0), np.full(4, 0.1))
    sets = [(deviation * rng.normal(size=(count, 20))) @ turn.T for count in (60, 40)]
    axes = principal_axes(sets)
    assert axes.T @ axes == pytest.approx(np.eye(16), abs=1e-9)
    assert np.linalg.norm(axes.T @ turn[:, :16], axis=0) == pytest.approx(1, abs=0.01)
    assert principal_axes([rows[:, :5] for rows in sets]).shape == (5, 5)


def test_a_small_set_weighs_as_much_as_a_large_one():
    rng = np.random.default_rng(6)
    large, small = np.zeros((900, 20)), np.zeros((30, 20))
    large[:, :16], small[:, 19] = 0.5 * rng.normal(size=(900, 16)), rng.normal(size=30)
    assert np.linalg.norm(principal_axes([large, small])[19]) == pytest.approx(1, abs=0.02)
