import shutil
from collections import Counter

import pydicom
import pytest
import written_phantoms

from data_modules.phantom_check import validity
from data_modules.phantom_check.phantom_files import open_phantom


@pytest.fixture(params=["dciodvfy", "pydicom"])
def tool(request, monkeypatch):
    if request.param == "pydicom":
        monkeypatch.setattr(validity.shutil, "which", lambda name: None)
    elif shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed")
    return request.param


def test_a_bad_value_is_an_error(tmp_path, tool):
    phantom = open_phantom(written_phantoms.write_cohort(tmp_path, patients=1))
    assert validity.validator() == tool
    before = validity.validate_patient(phantom, "P0001")
    assert before.files == 3  # one slice, lesions, liver
    first = min((tmp_path / "patients" / "P0001" / "CT").iterdir())
    dataset = pydicom.dcmread(first)
    dataset.add_new("StudyInstanceUID", "UI", pydicom.uid.UID("1.2.3.x", validation_mode=pydicom.config.IGNORE))
    with pydicom.config.disable_value_validation():
        dataset.save_as(first)
    after = validity.validate_patient(phantom, "P0001")
    assert after.errors.total() > before.errors.total()


def test_findings_add_up():
    one = validity.Findings(1, Counter(a=1), Counter(b=2))
    assert one + one == validity.Findings(2, Counter(a=2), Counter(b=4))
