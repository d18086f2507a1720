import numpy as np
import pytest

from liverlab.evaluation.sampled import Sampled, described


def sampled(estimate, draws):
    return Sampled(np.array(estimate), np.array(draws), np.zeros((0, *np.shape(estimate))))


def test_an_interval_is_stretched_by_a_tenth_and_kept_within_bounds():
    draws = np.linspace(0.4, 0.6, 401)  # 2.5 and 97.5 % at .405 and .595
    found = described(sampled(0.5, draws), patients=50)
    assert found == {"estimate": 0.5, "interval": pytest.approx((0.5 - 0.1045, 0.5 + 0.1045))}
    assert described(sampled(0.05, draws - 0.45), patients=50)["interval"][0] == 0
    score = described(sampled(1.9, draws + 1.4), bounds=(0.0, 2.0))
    assert score["interval"] == (pytest.approx(1.9 - 0.1045), 2.0)


def test_undefined_draws_do_not_count():
    draws = np.append(np.linspace(0.4, 0.6, 401), [np.nan] * 100)
    assert described(sampled(0.5, draws), patients=9)["interval"][0] == pytest.approx(0.5 - 0.1045)
    for estimate in (np.nan, 0.5):
        found = described(sampled(estimate, [np.nan] * 9), bounds=(-1.0, 1.0))
        assert found["interval"] is None
    assert described(sampled(0.5, [np.nan] * 9), patients=9) == {"estimate": 0.5, "interval": None}


def test_a_band_is_pointwise():
    draws = np.linspace(0.4, 0.6, 401)[:, None] + [0, 0.45]
    low, high = sampled([0.5, 0.95], draws).band()
    np.testing.assert_allclose(low, [0.5 - 0.1045, 0.95 - 0.1045])
    np.testing.assert_allclose(high, [0.5 + 0.1045, 1])
    assert sampled([0.5, 0.95], draws).at(1).draws[0] == pytest.approx(0.85)
