import dataclasses

import numpy as np
import pytest

from data_modules.cohort import PATCH_SIZE, Cohort, Lesion
from data_modules.errors import InputError
from data_modules.folds import Split, inner_split, make_splits


@pytest.fixture(scope="module")
def published_composition() -> Cohort:
    """53 cysts, 64 metastases, 65 hemangiomas, one to four lesions a patient."""
    rng = np.random.default_rng(1)
    lesions = []
    for name, count in (("cyst", 53), ("metastasis", 64), ("hemangioma", 65)):
        patient = 0
        while count:
            size = min(count, int(rng.integers(1, 5)))
            patient += 1
            lesions += [
                Lesion(f"{name}{patient}.{i}", f"{name}{patient}", name, 30, 0.7, 2.5, "test") for i in range(size)
            ]
            count -= size
    patches = np.zeros((len(lesions), PATCH_SIZE, PATCH_SIZE), np.int16)
    return Cohort(("cyst", "metastasis", "hemangioma"), tuple(lesions), patches)


def two_repeats(cohort):
    return [split for repeat in (0, 1) for split in make_splits(cohort, folds=3, repeat=repeat, seed=5)]


def test_every_lesion_is_tested_once_a_repeat_and_patients_stay_apart(published_composition):
    cohort = published_composition
    splits = two_repeats(cohort)
    assert [(s.repeat, s.fold) for s in splits] == [(r, f) for r in (0, 1) for f in (0, 1, 2)]
    for repeat in (0, 1):
        tested = [i for s in splits if s.repeat == repeat for i in s.test]
        assert sorted(tested) == list(range(182))
    for split in splits:
        assert sorted(split.train + split.test) == list(range(182))
        assert not set(cohort.patients[list(split.train)]) & set(cohort.patients[list(split.test)])


def test_folds_are_balanced_by_class(published_composition):
    for split in make_splits(published_composition, folds=3, seed=0):
        assert abs(len(split.test) - 182 / 3) <= 4
        counts = np.bincount(published_composition.labels[list(split.test)])
        np.testing.assert_allclose(counts, [53 / 3, 64 / 3, 65 / 3], atol=3)


def test_same_seed_same_folds_other_seed_other_folds(published_composition):
    first, again, other = (make_splits(published_composition, folds=3, seed=s) for s in (0, 0, 1))
    assert first == again
    assert first != other


def test_pseudonyms_do_not_move_a_lesion(published_composition):
    cohort = published_composition
    renamed = tuple(dataclasses.replace(x, patient_id=x.patient_id[::-1]) for x in cohort.lesions)
    assert make_splits(dataclasses.replace(cohort, lesions=renamed), folds=3) == make_splits(cohort, folds=3)


def test_a_class_of_too_few_patients_is_named(tiny_cohort):
    with pytest.raises(InputError, match=r"Class 'cyst' has 4 patients, too few for 5 folds.*n_folds"):
        make_splits(tiny_cohort, folds=5)
    with pytest.raises(InputError, match="1 fold cannot be split"):
        make_splits(tiny_cohort, folds=1)


def test_the_inner_split_parts_the_training_side_by_patients(published_composition):
    cohort = published_composition
    for split in two_repeats(cohort):
        inner = inner_split(cohort, split, folds=3, seed=5)
        assert (inner.repeat, inner.fold) == (split.repeat, split.fold)
        assert sorted(inner.train + inner.test) == list(split.train)
        assert not set(cohort.patients[list(inner.train)]) & set(cohort.patients[list(inner.test)])
        # a ninth of 182 for each of two folds, by class of 53, 64 and 65
        counts = np.bincount(cohort.labels[list(inner.test)])
        np.testing.assert_allclose(counts, [2 * 53 / 9, 2 * 64 / 9, 2 * 65 / 9], atol=4)


def test_the_inner_split_is_a_pure_function_and_does_not_look_at_the_test_side(published_composition):
    cohort, split = published_composition, make_splits(published_composition, folds=3)[1]
    first = inner_split(cohort, split, folds=3, seed=1)
    assert inner_split(cohort, split, folds=3, seed=1) == first
    assert inner_split(cohort, dataclasses.replace(split, test=()), folds=3, seed=1) == first
    for other in (inner_split(cohort, split, folds=3, seed=2), inner_split(cohort, split, folds=4, seed=1)):
        assert set(other.test) != set(first.test)


def test_two_patients_of_a_class_are_on_both_sides_and_one_cannot_be(tiny_cohort):
    # patients 0, 3, 6, 9 are cysts, 1, 4, 7, 10 metastases, 2, 5, 8, 11 hemangiomas, of two lesions each
    def of(patients):
        return Split(0, 1, tuple(i for i in range(24) if i // 2 in patients), ())

    for seed in range(5):
        inner = inner_split(tiny_cohort, of({0, 3, 1, 4, 7, 2, 5, 8}), folds=5, seed=seed)
        assert set(tiny_cohort.labels[list(inner.train)]) == set(tiny_cohort.labels[list(inner.test)]) == {0, 1, 2}
    with pytest.raises(InputError, match=r"Repeat 0, fold 1: class 'cyst' has 1 patient on the training side, so none"):
        inner_split(tiny_cohort, of({0, 1, 4, 2, 5}), folds=3)
