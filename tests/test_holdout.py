"""A training and a test side out of one cohort, counted by hand."""

import dataclasses
import itertools

import numpy as np
import pytest

from data_modules.cohort import PATCH_SIZE, Cohort, Lesion
from data_modules.errors import InputError
from data_modules.holdout import make_holdout
from data_modules.phantom.plan import plan_cohort

NAMES = ("cyst", "metastasis", "hemangioma")


def cohort_of(patients):
    """A cohort from the classes of each patient's lesions; the pixels do not matter."""
    lesions = [
        Lesion(f"P{p}.{i}", f"P{p}", name, 30, 0.7, 2.5, "test")
        for p, classes in enumerate(patients)
        for i, name in enumerate(classes)
    ]
    patches = np.broadcast_to(np.int16(0), (len(lesions), PATCH_SIZE, PATCH_SIZE))
    return Cohort(NAMES, tuple(lesions), patches)


@pytest.fixture(scope="module")
def phantom():
    """900 lesions in patients as the phantom has them: one to five lesions each, a few of two classes."""
    plans = plan_cohort(900, 0)
    return cohort_of([[lesion.class_name for lesion in plan.lesions] for plan in plans])


@pytest.fixture(scope="module")
def singles():
    """300 patients of one lesion: 60 cysts, 90 metastases, 150 hemangiomas, mixed."""
    return cohort_of([[NAMES[0] if i % 10 < 2 else NAMES[1] if i % 10 < 5 else NAMES[2]] for i in range(300)])


def sides(cohort, repeats=1, **sizes):
    return [make_holdout(cohort, repeat=repeat, **sizes) for repeat in range(repeats)]


def per_class(cohort, lesions):
    return np.bincount(cohort.labels[list(lesions)], minlength=3)


def patients(cohort, lesions):
    return set(cohort.patients[list(lesions)].tolist())


def test_patients_are_whole_and_on_one_side(phantom):
    for split in sides(phantom, 4, test_lesions=400, train_lesions=100):
        assert (split.fold, len(set(split.train)), len(set(split.test))) == (0, len(split.train), len(split.test))
        assert not patients(phantom, split.train) & patients(phantom, split.test)
        for side in (split.train, split.test):
            whole = np.flatnonzero(np.isin(phantom.patients, list(patients(phantom, side))))
            assert list(side) == whole.tolist()


def test_a_side_ends_with_the_patient_who_brings_it_to_the_asked_number(phantom):
    most = np.bincount(phantom.patients).max()
    for test, train in ((400, 100), (401, 101), (402, 7)):
        (split,) = sides(phantom, test_lesions=test, train_lesions=train)
        assert test <= len(split.test) < test + most
        assert train <= len(split.train) < train + most


def test_single_lesions_are_shared_out_to_within_one(singles):
    # 20, 30 and 50 % of 120, of the 180 that are left, and of 50
    for split in sides(singles, 3, test_lesions=120, train_lesions=50):
        assert (len(split.test), len(split.train)) == (120, 50)
        assert abs(per_class(singles, split.test) - [24, 36, 60]).max() <= 1
        assert abs(per_class(singles, split.train) - [10, 15, 25]).max() <= 2  # of what the test side left


def test_classes_keep_their_shares_in_a_cohort_of_several_lesions_a_patient(phantom):
    share = per_class(phantom, range(len(phantom))) / len(phantom)
    for split in sides(phantom, 4, test_lesions=400, train_lesions=100):
        for side in (split.train, split.test):
            # within one patient of five lesions, on a side that may be too large by four
            assert abs(per_class(phantom, side) - share * len(side)).max() <= 5


def test_a_larger_training_side_contains_the_smaller_one_and_has_the_same_test_side(phantom):
    for repeat in range(4):
        found = [
            make_holdout(phantom, test_lesions=400, train_lesions=size, repeat=repeat) for size in (50, 100, 200, 400)
        ]
        for small, large in itertools.pairwise(found):
            assert set(small.train) < set(large.train)
            assert small.test == large.test


def test_repeats_share_their_test_side_and_no_training_patient_where_there_are_enough(singles):
    for size, repeats in ((90, 2), (45, 3), (45, 4), (22, 8)):  # 180 are left
        found = sides(singles, repeats, test_lesions=120, train_lesions=size)
        assert len({split.test for split in found}) == 1
        shared = sum(len(set(a.train) & set(b.train)) for a, b in itertools.combinations(found, 2))
        assert shared <= 3 * repeats  # one of each class at every end


def test_patients_of_several_lesions_are_disjoint_with_a_little_room(phantom):
    found = sides(phantom, 4, test_lesions=400, train_lesions=100)  # about 500 are left
    assert all(not set(a.train) & set(b.train) for a, b in itertools.combinations(found, 2))


def test_where_lesions_do_not_suffice_all_are_used_equally_often(singles):
    found = sides(singles, 4, test_lesions=120, train_lesions=90)  # 360 of 180: each twice
    used = np.bincount([i for split in found for i in split.train], minlength=300)
    assert np.bincount(used)[2] >= 165
    assert used.max() <= 3


def test_a_pure_function_of_cohort_seed_and_sizes(phantom):
    first, again, other = (make_holdout(phantom, test_lesions=400, train_lesions=100, seed=s) for s in (0, 0, 1))
    assert first == again
    assert set(first.test) != set(other.test)
    renamed = tuple(dataclasses.replace(x, patient_id=x.patient_id[::-1] + "x") for x in phantom.lesions)
    assert make_holdout(dataclasses.replace(phantom, lesions=renamed), test_lesions=400, train_lesions=100) == first


def test_a_seed_moves_everybody():
    cohort = cohort_of([[NAMES[i % 3]] for i in range(30)] + [[NAMES[0], NAMES[1]]])  # the last is a stratum of one
    tested = [30 in make_holdout(cohort, test_lesions=15, train_lesions=6, seed=s).test for s in range(20)]
    assert 3 <= sum(tested) <= 17  # of 20 at even odds: 99.96 %


@pytest.mark.parametrize(
    ("patients", "test", "train", "sentence"),
    [
        (10, 6, 5, r"leaves 4 of the cohort's 10 lesions, fewer than holdout.train_lesions=5"),
        (10, 30, 5, r"holdout.test_lesions=30 leaves 0 of the cohort's 10 lesions"),
        (12, 2, 6, r"Repeat 0, fold 0: the test side lacks class '\w+'. Ask for more lesions there"),
        (12, 6, 2, r"the training side lacks class '\w+'"),
    ],
)
def test_what_cannot_be_split_is_said(patients, test, train, sentence):
    cohort = cohort_of([[NAMES[i % 3]] for i in range(patients)])
    with pytest.raises(InputError, match=sentence):
        make_holdout(cohort, test_lesions=test, train_lesions=train)


def test_a_class_in_one_patient_is_named():
    cohort = cohort_of([["cyst"]] * 5 + [["metastasis"]] * 5 + [["hemangioma"] * 4])
    with pytest.raises(InputError, match=r"Class 'hemangioma' has 1 patient, too few for a hold-out"):
        make_holdout(cohort, test_lesions=6, train_lesions=6)
