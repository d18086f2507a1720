from dataclasses import replace

import numpy as np
import pytest

from data_modules.errors import InputError
from data_modules.folds import Split, make_splits
from data_modules.twins import expect_no_copies, expect_no_twins, find_twins, fine_structure

SPLIT = Split(0, 1, tuple(range(2, 24)), (0, 1))  # of the tiny cohort: patient 0 is tested on


def with_patch(cohort, position, patch):
    patches = cohort.patches.copy()
    patches[position] = patch
    return replace(cohort, patches=patches)


def saved_again(cohort, *, source=0, target=9, turns=1, flip=False, noise_hu=3.0):
    """A lesion's image under another patient, with a third of its grain as noise on top."""
    patch = np.rot90(cohort.patches[source], turns)
    patch = patch[:, ::-1] if flip else patch
    noisy = patch + np.random.default_rng(5).normal(0, noise_hu, patch.shape)
    return with_patch(cohort, target, noisy.round())


def everyone(cohort):
    return find_twins(cohort, range(len(cohort)), range(len(cohort)))


def test_a_cohort_of_different_images_has_no_twins(tiny_cohort):
    expect_no_copies(tiny_cohort)
    for split in make_splits(tiny_cohort, folds=3):
        expect_no_twins(tiny_cohort, split)
    pairs, largest = everyone(tiny_cohort)
    assert pairs == []
    assert largest < 0.5  # noise


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("flip", [False, True])
def test_a_copy_is_found_however_it_is_turned(tiny_cohort, turns, flip):
    cohort = saved_again(tiny_cohort, turns=turns, flip=flip)
    (pair,), largest = everyone(cohort)
    assert (pair.first, pair.second) == (0, 9)
    assert 0.8 < pair.correlation < 1
    assert pair.correlation == pytest.approx(largest, abs=1e-3)
    with pytest.raises(InputError, match="fold 1 trains on one and tests on the other") as refused:
        expect_no_twins(cohort, SPLIT)
    assert "lesion L00 of patient P00 and lesion L09 of patient P04. Give both the same" in str(refused.value)


def test_within_one_side_it_is_found_and_not_refused(tiny_cohort):
    cohort = saved_again(tiny_cohort, source=4)
    expect_no_twins(cohort, SPLIT)
    assert [(pair.first, pair.second) for pair in everyone(cohort)[0]] == [(4, 9)]


def test_two_images_of_one_patient_are_no_twins(tiny_cohort):
    cohort = saved_again(tiny_cohort, target=1, noise_hu=0)
    assert everyone(cohort)[0] == []
    expect_no_copies(cohort)


def test_the_same_pixels_under_two_patients_are_refused(tiny_cohort):
    cohort = with_patch(tiny_cohort, 9, tiny_cohort.patches[0])
    sentence = "The same pixels are in lesion L00 of patient P00 and lesion L09 of patient P04. Give both"
    with pytest.raises(InputError, match=sentence):
        expect_no_copies(cohort)
    with pytest.raises(InputError, match=r"P04 \(rows 2 and 11 of the manifest\)\. Give"):
        expect_no_copies(cohort, range(2, 26))
    assert everyone(cohort)[0][0].correlation == 1


def test_correlations_are_those_of_numpy(tiny_cohort):
    fine = fine_structure(tiny_cohort.patches[[0, 9]])
    turned = [np.rot90(image, k) for image in (fine[0], fine[0].T) for k in range(4)]
    expected = max(np.corrcoef(turn.ravel(), fine[1].ravel())[0, 1] for turn in turned)
    assert find_twins(tiny_cohort, [0], [9])[1] == pytest.approx(expected, abs=1e-5)


def test_discs_and_gradients_have_no_structure_in_common(tiny_cohort):
    """Two dark lesions at the same place on two grounds: equal to the eye, and not one image."""
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    disc = -80.0 * (np.hypot(x, y) < 0.3) + 40 * x
    cohort = tiny_cohort
    for position, ground in ((0, 20), (9, 60)):
        grain = np.random.default_rng(position + 1).normal(0, 20, x.shape)
        cohort = with_patch(cohort, position, (disc + ground + grain).round())
    assert find_twins(cohort, [0], [9])[0] == []


def test_blocks_change_nothing(tiny_cohort, monkeypatch):
    cohort = saved_again(tiny_cohort)
    whole = everyone(cohort)
    monkeypatch.setattr("data_modules.twins.BLOCK", 5)
    pairs, largest = everyone(cohort)
    assert pairs == whole[0]
    assert largest == pytest.approx(whole[1], abs=1e-5)


def test_an_image_without_structure_is_like_no_other(tiny_cohort):
    cohort = with_patch(with_patch(tiny_cohort, 0, 3071), 9, 3071)
    assert everyone(cohort)[0] == []
