import json

import pytest

from data_modules.errors import InputError
from data_modules.phantom.phantom_cohort import (
    PhantomCohort,
    finished_phantom,
    read_cohort_file,
    recipe_digest,
    refusal,
    write_cohort_file,
)

COHORT = PhantomCohort(12, 3, True, True, 9)


def test_the_file_gives_the_cohort_back_and_the_recipe_while_unfinished(tmp_path):
    write_cohort_file(tmp_path, COHORT, "abc")
    assert read_cohort_file(tmp_path) == (COHORT, "abc")
    write_cohort_file(tmp_path, COHORT)
    assert read_cohort_file(tmp_path) == (COHORT, None)
    assert json.loads((tmp_path / "phantom.json").read_text()) == {
        "lesions": 12, "seed": 3, "roi_only": True, "realistic_sizes": True, "test_lesions": 9, "prefix": "P"
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["phantom.json"]


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"classes": ["cyst"], "lesions": []}'])
def test_other_files_of_that_name_are_no_phantom(text, tmp_path):
    (tmp_path / "phantom.json").write_text(text)
    assert read_cohort_file(tmp_path) is None
    assert read_cohort_file(tmp_path / "nowhere") is None
    assert read_cohort_file(tmp_path / "phantom.json") is None


def test_a_phantom_is_finished_when_the_manifest_is_there_and_the_recipe_gone(tmp_path):
    write_cohort_file(tmp_path, COHORT)
    assert finished_phantom(tmp_path) is None
    (tmp_path / "manifest.csv").touch()
    assert finished_phantom(tmp_path) == COHORT
    write_cohort_file(tmp_path, COHORT, recipe_digest())
    assert finished_phantom(tmp_path) is None


def test_the_test_cohort_is_another_one(tmp_path):
    test = COHORT.test()
    assert (test.lesions, test.roi_only, test.realistic_sizes, test.test_lesions) == (9, True, True, 0)
    assert test.seed not in (COHORT.seed, PhantomCohort(seed=4, test_lesions=9).test().seed)
    assert test.patients()[0].patient_id == "T0001"
    assert list(COHORT.folders(tmp_path)) == [tmp_path, tmp_path / "test"]
    assert list(PhantomCohort().folders(tmp_path)) == [tmp_path]
    sizes = [{x.diameter_mm for p in cohort.patients() for x in p.lesions} for cohort in (COHORT, test)]
    assert sizes[0] & sizes[1] <= {10.0, 102.0}  # the ends, which every cohort has


def test_a_test_cohort_beside_it_does_not_rename_a_cohort():
    assert COHORT.key == PhantomCohort(12, 3, True, True).key
    others = [PhantomCohort(13, 3, True, True), PhantomCohort(12, 4, True, True), PhantomCohort(12, 3, False, True)]
    assert len({COHORT.key, COHORT.test().key, *(other.key for other in others)}) == 5


@pytest.mark.parametrize("lesions", [-4, 1, 2])
def test_a_test_cohort_that_is_too_small_is_a_sentence(lesions):
    with pytest.raises(InputError, match=f"test cohort of {lesions} lesions is too small: 0 for none, or at least 3"):
        PhantomCohort(test_lesions=lesions).test()


def test_a_refusal_names_what_differs(tmp_path):
    assert refusal(tmp_path, COHORT, {"lesions": 12}).endswith("holds this phantom already, and it is complete.")
    text = refusal(tmp_path, COHORT, {"lesions": 12, "seed": 4, "roi_only": False})
    assert "with seed=3 instead of 4, roi_only=True instead of False. Name another folder." in text
