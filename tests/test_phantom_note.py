from dataclasses import replace

import pytest

from data_modules.phantom.phantom_cohort import PhantomCohort
from data_modules.phantom.phantom_note import note
from data_modules.phantom.phantom_truth import COLUMNS

CLASSES = (("cyst", "simple"), ("cyst", "simple"), ("metastasis", "solid"), ("hemangioma", "typical"))
ROWS = [{"patient_id": f"P{i // 2}", "class": name, "subtype": subtype} for i, (name, subtype) in enumerate(CLASSES)]
COHORT = PhantomCohort(4, 7)


@pytest.fixture(scope="module")
def page():
    return note(COHORT, ROWS)


def test_the_page_opens_with_what_this_is_not(page):
    assert page.startswith("# A digital phantom, not patients\n")
    assert "4 lesions of 2 synthetic patients, seed 7" in page


def test_lesions_are_counted_by_class_and_subtype(page):
    for line in (
        "| cyst | simple | 2 | - |",
        "| metastasis | solid | 1 | hemangioma |",
        "| metastasis | rim | 0 | - |",
    ):
        assert line in page.splitlines()
    assert "In all: 2 cyst, 1 metastasis, 1 hemangioma." in page


def test_every_column_is_explained(page):
    assert all(f"| `{name}` |" in page for name in COLUMNS)


def test_realistic_sizes_are_said_to_leak_the_class(page):
    realistic = note(replace(COHORT, realistic_sizes=True), ROWS)
    assert "medians cyst 17, metastasis 24, hemangioma 32; 10 to 102 mm" in realistic
    assert "leaks the class" in realistic
    assert "leaks" not in page
    assert "median 24.5" in page


def test_the_page_names_the_files_that_are_there(page):
    assert "LIVER.dcm" in page
    assert "test/" not in page
    small = note(replace(COHORT, roi_only=True, test_lesions=30), ROWS)
    assert "LIVER.dcm" not in small
    assert "`test/`: an independent cohort of 30 lesions" in small


def test_lines_are_short_enough_to_read(page):
    assert max(map(len, page.splitlines())) <= 125
