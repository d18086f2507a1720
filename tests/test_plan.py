from collections import Counter

import numpy as np
import pytest
from scipy.stats import norm

from data_modules.errors import InputError
from data_modules.phantom.plan import CLASS_NAMES, plan_cohort


def lesions_of(plan, name=None):
    return [x for patient in plan for x in patient.lesions if name in (None, x.class_name)]


def test_full_cohort_has_the_papers_numbers():
    plan = plan_cohort(182, 0)
    assert [len(lesions_of(plan, name)) for name in CLASS_NAMES] == [53, 64, 65]  # arXiv:1803.01229, sec. 4
    diameters = [x.diameter_mm for x in lesions_of(plan)]
    assert min(diameters) == 10
    assert max(diameters) == 102
    assert 94 <= len(plan) <= 101
    assert 6 <= sum(len({x.class_name for x in patient.lesions}) == 2 for patient in plan) <= 8


@pytest.mark.parametrize("seed", range(4))
def test_sizes_tell_nothing_about_the_class(seed):
    plan = plan_cohort(182, seed)
    for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
        values = [np.quantile([x.diameter_mm for x in lesions_of(plan, name)], quantile) for name in CLASS_NAMES]
        assert max(values) / min(values) < 1.12


def test_median_diameter_is_that_of_the_lognormal():
    # truncation to 10-102 mm moves the median of exp(N(3.20, .55)) from 24.5 to 25.5
    assert np.median([x.diameter_mm for x in lesions_of(plan_cohort(182, 0))]) == pytest.approx(25.5, abs=0.8)


def test_realistic_sizes_differ_by_class_within_the_same_ends():
    plan = plan_cohort(2000, 0, realistic_sizes=True)
    diameters = {name: [x.diameter_mm for x in lesions_of(plan, name)] for name in CLASS_NAMES}
    for name, median in (("cyst", 17), ("metastasis", 24), ("hemangioma", 32)):
        # medians of lognormals that are cut off at 10 and 102 mm
        low, high = norm.cdf(np.log(np.array([10, 102]) / median) / 0.55)
        expected = median * np.exp(0.55 * norm.ppf((low + high) / 2))
        assert np.median(diameters[name]) == pytest.approx(expected, rel=0.01)
    assert (min(map(min, diameters.values())), max(map(max, diameters.values()))) == (10, 102)


def test_the_prefix_names_patients_and_lesions_and_draws_nothing():
    plain, test = plan_cohort(12, 0), plan_cohort(12, 0, prefix="T")
    assert (test[0].patient_id, test[0].lesions[0].lesion_id) == ("T0001", "T0001-L1")
    assert [x.diameter_mm for x in lesions_of(plain)] == [x.diameter_mm for x in lesions_of(test)]


@pytest.mark.parametrize("lesions", [9, 12, 30, 60, 400])
def test_any_number_of_lesions_can_be_split_three_ways(lesions):
    plan = plan_cohort(lesions, 1)
    assert len(lesions_of(plan)) == lesions
    for name in CLASS_NAMES:
        assert sum(any(x.class_name == name for x in patient.lesions) for patient in plan) >= 3


def test_twelve_lesions_are_four_of_each_class():
    assert set(Counter(x.class_name for x in lesions_of(plan_cohort(12, 0))).values()) == {4}


def test_slice_thickness_is_dealt_alike_to_the_classes():
    plan = plan_cohort(182, 0)
    for name in CLASS_NAMES:
        own = [patient.thickness_mm for patient in plan if patient.lesions[0].class_name == name]
        assert np.mean(np.array(own) == 5.0) == pytest.approx(0.35, abs=0.10)


def test_plan_depends_on_the_seed_alone():
    assert plan_cohort(30, 5) == plan_cohort(30, 5)
    assert plan_cohort(30, 5) != plan_cohort(30, 6)


@pytest.mark.parametrize(("lesions", "seed", "words"), [(2, 0, "at least 3"), (12, -1, "0 or more")])
def test_impossible_wishes_get_a_sentence(lesions, seed, words):
    with pytest.raises(InputError, match=words):
        plan_cohort(lesions, seed)
