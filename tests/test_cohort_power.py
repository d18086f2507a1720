"""What a cohort can show, against printed numbers, hand counts and a simulation."""

import re

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from data_modules.errors import InputError
from liverlab.evaluation.cohort_power import cohort_power, imagined_power, lesions_for


def cohort(*patients):
    """Lesions of patients given as strings of one letter per lesion, the letter being the class."""
    return [(f"P{i}", letter) for i, letters in enumerate(patients) for letter in letters]


@pytest.mark.parametrize(("discordance", "points"), [(0.10, 6.3), (0.20, 9.1), (0.30, 11.2)])
def test_182_independent_lesions(discordance, points):
    found = imagined_power(182, 182)
    assert (found.cluster, found.design_effect) == (1, 1)
    row = next(row for row in found.rows if row.discordance == discordance)
    assert 100 * row.detectable == pytest.approx(points, abs=0.25)  # the simplest form of the formula gives these


@pytest.mark.parametrize(
    ("difference", "discordance", "lesions"),
    # by hand: (1.959964 sqrt(psi) + .841621 sqrt(psi - d^2))^2 / d^2
    [(0.03, 0.2, 1742), (0.05, 0.1, 312), (0.02, 0.3, 5885), (0.1, 0.1, 77)],
)
def test_lesions_for_a_difference_by_connors_formula(difference, discordance, lesions):
    assert lesions_for(difference, discordance) == lesions
    assert lesions_for(difference, discordance, 1.5) == pytest.approx(1.5 * lesions, abs=2)


def test_a_difference_above_the_discordance_cannot_be():
    assert lesions_for(0.11, 0.1) is None


def test_so_many_lesions_find_the_difference_in_four_of_five_cases():
    n, rng = lesions_for(0.05, 0.2), np.random.default_rng(0)
    gained, lost, _ = rng.multinomial(n, [0.125, 0.075, 0.8], size=2000).T
    p = [mcnemar([[0, g], [b, 0]], exact=False, correction=False).pvalue for g, b in zip(gained, lost, strict=True)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.8, abs=0.03)  # three standard errors


def test_lesions_of_one_patient_count_less():
    found = cohort_power(cohort("aab", "ab", "b", "a", "b"), folds=3, correlation=0.5)
    assert (found.lesions, found.patients, found.per_class) == (8, 5, {"a": 4, "b": 4})
    assert found.cluster == 2  # (9 + 4 + 1 + 1 + 1) / 8
    assert found.design_effect == 1.5
    assert imagined_power(182, 101).cluster == pytest.approx(182 / 101 + 81 / 182)


def test_a_correlation_in_the_data_is_what_the_design_effect_allows_for():
    # gains of lesions that copy their patient's first with probability sqrt(.3): correlation .3 within patients
    rng, sizes = np.random.default_rng(0), np.array([1, 1, 2, 3, 5] * 20)
    lesions = cohort(*("ab"[i % 2] * size for i, size in enumerate(sizes)))
    patient = np.repeat(np.arange(len(sizes)), sizes)
    shape = (4000, len(patient))
    own = rng.choice([1, -1, 0], shape, p=[0.1, 0.1, 0.8])
    shared = rng.choice([1, -1, 0], (4000, len(sizes)), p=[0.1, 0.1, 0.8])[:, patient]
    means = np.where(rng.random(shape) < 0.3**0.5, shared, own).mean(1)
    measured = means.var() / (0.2 / len(patient))
    assert cohort_power(lesions, folds=3, correlation=0.3).design_effect == pytest.approx(measured, rel=0.07)


@pytest.mark.parametrize(
    ("lesions", "folds", "sentence"),
    [
        (cohort("a", "a", "a", "bbb"), 3, "All lesions of the class 'b' are of one patient: of training and test side"),
        (cohort("a", "a", "a", "b", "b"), 3, "Class 'b' has 2 patients, too few for 3 folds: a fold would lack the"),
        (cohort("a", "b"), 1, "--folds 1: two or more are needed, one to test and the others to train on."),
    ],
)
def test_a_cohort_that_cannot_be_split(lesions, folds, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        cohort_power(lesions, folds=folds)


def test_a_handful_shows_nothing_and_the_table_says_so():
    assert [row.detectable for row in imagined_power(20, 20).rows] == [None, None, None]
