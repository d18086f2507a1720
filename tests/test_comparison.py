from itertools import product

import numpy as np
import pytest
from scipy import integrate
from scipy.special import gammaln
from scipy.stats import binomtest

from liverlab.evaluation.comparison import (
    Probabilities,
    bootstrap_probabilities,
    correlated_t,
    decided,
    holm,
    mcnemar_exact,
    sign_flip_p,
    verdict,
)
from liverlab.evaluation.rule import Rule


@pytest.mark.parametrize("differences", [[3, 1, 0, 2, -1, 1, 0, 2], [1, -1, 2, 0, 0, -1], [2, 2, 2, 2]])
def test_sign_flips_approach_the_enumeration_of_all_signs(differences):
    values = np.array(differences)
    signs = np.array(list(product([-1, 1], repeat=len(values))))
    exact = np.mean(abs(signs @ values) >= abs(values.sum()))
    assert sign_flip_p(values, 40000, np.random.default_rng(0)) == pytest.approx(exact, abs=0.01)


def test_sign_flip_p_is_never_zero_and_is_one_without_a_difference():
    rng = np.random.default_rng(0)
    assert sign_flip_p(np.full(60, 3), 999, rng) == pytest.approx(1 / 1000)
    assert sign_flip_p(np.zeros(60, dtype=np.int64), 999, rng) == 1


def test_sign_flips_hold_their_level_where_lesions_of_a_patient_agree():
    # Null: each patient's 1-4 lesions all go the same way, by a fair coin. A test on lesions would reject too often.
    rng = np.random.default_rng(1)
    sizes = 1 + np.arange(40) % 4
    p = [sign_flip_p(sizes * rng.integers(-1, 2, 40), 400, rng) for _ in range(600)]
    rejected = sum(value <= 0.05 for value in p)
    assert binomtest(rejected, 600, 0.05).pvalue > 0.001


def test_correlated_t_agrees_with_the_density_integrated_by_hand():
    differences, folds, rope = np.array([0.03, -0.01, 0.05, 0.02, 0.00, 0.04, 0.01, 0.03, -0.02, 0.06]), 5, 0.02
    result = correlated_t(differences, folds, rope)
    # Corani and Benavoli 2015: St(mu; J - 1, mean, (1/J + rho/(1-rho)) s^2) with rho = 1/K
    nu, rho = 9, 1 / folds
    scale = np.sqrt((1 / 10 + rho / (1 - rho)) * np.var(differences, ddof=1))

    def density(x):
        constant = np.exp(gammaln((nu + 1) / 2) - gammaln(nu / 2)) / (np.sqrt(nu * np.pi) * scale)
        return constant * (1 + ((x - 0.021) / scale) ** 2 / nu) ** (-(nu + 1) / 2)

    def area(low, high):
        return integrate.quad(density, low, high)[0]

    assert result.mean == pytest.approx(0.021)
    assert result.standard_error == pytest.approx(scale)
    assert result.probabilities.positive == pytest.approx(area(0, np.inf), abs=1e-7)
    assert result.probabilities.above_rope == pytest.approx(area(rope, np.inf), abs=1e-7)
    assert result.probabilities.within_rope == pytest.approx(area(-rope, rope), abs=1e-7)
    assert result.p_value == pytest.approx(2 * area(-np.inf, 0), abs=1e-7)


def test_correlated_t_is_undefined_on_one_split_and_without_variance():
    assert correlated_t(np.array([0.1]), 3, 0.02) is None
    assert correlated_t(np.array([0.1, 0.1, 0.1]), 3, 0.02) is None


def test_bootstrap_probabilities_count_draws():
    drawn = np.array([-0.05, -0.01, 0.0, 0.01, 0.02, 0.03, 0.04, 0.05])
    assert bootstrap_probabilities(drawn, 0.02) == Probabilities(5 / 8, 2 / 8, 3 / 8, 4 / 8)


def test_mcnemar_is_the_binomial_test_of_the_discordant_lesions():
    a = np.array([True] * 100 + [False] * 30 + [True] * 5 + [False] * 17)
    b = np.array([True] * 100 + [False] * 30 + [False] * 5 + [True] * 17)
    line = mcnemar_exact(a, b)
    assert (line.gained, line.lost) == (17, 5)
    assert line.p_value == pytest.approx(binomtest(17, 22, 0.5).pvalue)


def found(interval, p_holm, probabilities, standard_error=0.03, splits_seen=True):
    return {
        "interval": interval,
        "p_holm": p_holm,
        "probabilities": dict(zip(("positive", "negative", "above_rope", "within_rope"), probabilities, strict=True)),
        "standard_error": standard_error,
        "splits_seen": splits_seen,
    }


SURE = (0.99, 0.01, 0.9, 0.05)
SURELY_NOT = (0.01, 0.99, 0.0, 0.05)
SAME = (0.6, 0.4, 0.01, 0.97)
UNSURE = (0.8, 0.2, 0.5, 0.4)


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (found((0.01, 0.10), 0.01, SURE), "benefit"),
        (found((-0.01, 0.10), 0.01, SURE), "inconclusive"),
        (found((0.01, 0.10), 0.06, SURE), "inconclusive"),
        (found((0.01, 0.10), 0.01, UNSURE), "inconclusive"),
        (found((0.01, 0.10), 0.01, SURE, splits_seen=False), "inconclusive"),
        (found((-0.10, -0.01), 0.01, SURELY_NOT), "harm"),
        (found((-0.10, -0.01), 0.06, SURELY_NOT), "inconclusive"),
        (found((-0.01, 0.01), 0.80, SAME), "equivalent"),
        (found((0.0, 0.0), 1.0, SAME, standard_error=0.0), "inconclusive"),
    ],
)
def test_verdict(comparison, expected):
    assert verdict(comparison, Rule()) == expected


def test_holm_is_the_step_down_by_hand():
    # Smallest of four times 4, next times 3 and so on, never below the one before, at most 1
    assert holm([0.04, 0.01, 0.03, 0.8]) == pytest.approx([0.09, 0.04, 0.09, 0.8])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_a_verdict_of_its_own_can_fall_among_many_declared():
    alone = found((0.01, 0.10), None, SURE) | {"sign_flip_p": 0.03}
    other = found((-0.05, 0.05), None, UNSURE) | {"sign_flip_p": 0.6}
    assert [x["verdict"] for x in decided([alone], Rule())] == ["benefit"]
    among = decided([alone, other], Rule())
    assert [x["verdict"] for x in among] == ["inconclusive", "inconclusive"]
    assert [x["p_holm"] for x in among] == pytest.approx([0.06, 0.6])
