import dataclasses

import numpy as np
import pytest

from data_modules.cohort import Cohort
from data_modules.errors import InputError


def test_save_then_load_gives_the_same_cohort(tiny_cohort, tmp_path):
    tiny_cohort.save(tmp_path)
    loaded = Cohort.load(tmp_path)
    assert loaded.lesions == tiny_cohort.lesions
    assert loaded.class_names == tiny_cohort.class_names
    np.testing.assert_array_equal(loaded.patches, tiny_cohort.patches)
    assert loaded.fingerprint == tiny_cohort.fingerprint


def test_fingerprint_sees_one_pixel_and_the_grouping_but_not_the_pseudonyms(tiny_cohort):
    patches = tiny_cohort.patches.copy()
    patches[3, 5, 7] += 1
    assert dataclasses.replace(tiny_cohort, patches=patches).fingerprint != tiny_cohort.fingerprint

    renamed = tuple(dataclasses.replace(x, patient_id="salted" + x.patient_id) for x in tiny_cohort.lesions)
    assert dataclasses.replace(tiny_cohort, lesions=renamed).fingerprint == tiny_cohort.fingerprint

    regrouped = (dataclasses.replace(tiny_cohort.lesions[0], patient_id="other"), *tiny_cohort.lesions[1:])
    assert dataclasses.replace(tiny_cohort, lesions=regrouped).fingerprint != tiny_cohort.fingerprint


def test_labels_and_patients(tiny_cohort):
    assert tiny_cohort.labels[:8].tolist() == [0, 0, 1, 1, 2, 2, 0, 0]
    assert tiny_cohort.patients[:6].tolist() == [0, 0, 1, 1, 2, 2]
    assert tiny_cohort.patient_ids[1] == "P01"


def test_a_duplicate_lesion_and_an_unknown_class_are_refused(tiny_cohort):
    twice = (tiny_cohort.lesions[0], tiny_cohort.lesions[0])
    with pytest.raises(InputError, match=r"Lesion 'L00' is listed twice"):
        Cohort(tiny_cohort.class_names, twice, tiny_cohort.patches[:2])
    odd = (dataclasses.replace(tiny_cohort.lesions[0], class_name="abscess"),)
    with pytest.raises(InputError, match="Unknown class 'abscess'; the classes are cyst, metastasis, hemangioma"):
        Cohort(tiny_cohort.class_names, odd, tiny_cohort.patches[:1])


def test_a_table_beside_other_patches_is_refused(tiny_cohort, tmp_path):
    tiny_cohort.save(tmp_path)
    np.save(tmp_path / "patches.npy", tiny_cohort.patches[::-1])
    with pytest.raises(InputError, match="is damaged"):
        Cohort.load(tmp_path)


def test_no_cohort_in_the_folder(tmp_path):
    with pytest.raises(InputError, match=r"cohort\.json is missing"):
        Cohort.load(tmp_path)
