import numpy as np
import pytest
from scipy.stats import norm

from liverlab.evaluation.simulation import World, invented, normal_power, simulate


def test_invented_runs_have_the_size_and_truth_they_claim():
    tables = list(invented(World(3, 1, effect=0.08), 200, seed=0))
    assert (len(np.unique(tables[0].patients)), len(tables[0].labels)) == (101, 182)
    assert all(len(set(zip(t.patients.tolist(), t.folds.tolist(), strict=True))) == 101 for t in tables[:5])
    accuracy = np.mean([t.correct.mean(1) for t in tables], axis=0)
    assert accuracy == pytest.approx([0.78, 0.86], abs=0.012)


def test_a_fold_moves_as_a_whole_by_the_stated_noise():
    # Variance of a fold's accuracy less what its lesions explain; 200 lesions a fold would still leave 3 points of it
    spread = {}
    for noise in (0.0, 0.1):
        tables = list(invented(World(3, 1, fold_noise=noise), 300, seed=1))
        spread[noise] = np.var([t.correct[0, t.in_split(0, k)].mean() for t in tables for k in range(3)])
    assert np.sqrt(spread[0.1] - spread[0.0]) == pytest.approx(0.1, rel=0.15)


def test_three_folds_with_noisy_trainings():
    # In 500 runs: verdict 6 %, sign flips alone 12 %, bootstrap alone 15 %
    found = simulate(World(3, 1, fold_noise=0.04), 150, seed=10)
    assert found["verdict"] <= 0.09
    assert found["verdict"] < found["sign flips"] < found["bootstrap"]
    assert found["error"] == pytest.approx(found["spread"], rel=0.2)


def test_five_times_five_folds_with_and_without_an_effect():
    null = simulate(World(5, 5), 100, seed=11)
    assert null["verdict"] <= 0.09
    assert null["paired t"] > 0.15
    assert null["McNemar"] > 0.15
    real = simulate(World(5, 5, effect=0.08), 100, seed=12)
    assert real["verdict"] == pytest.approx(normal_power(real["estimate"], real["spread"]), abs=0.1)


def test_normal_power_is_five_percent_without_and_80_at_2_8_errors():
    assert normal_power(0.0, 1.0) == pytest.approx(0.05)
    assert normal_power(norm.ppf(0.975) + norm.ppf(0.8), 1.0) == pytest.approx(0.80, abs=1e-4)
