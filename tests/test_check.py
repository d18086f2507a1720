import pytest
import written_phantoms

from data_modules.errors import InputError
from data_modules.phantom_check.check import check_phantom


def test_whole_abdomens(tmp_path):
    lines = check_phantom(written_phantoms.write_cohort(tmp_path, patients=2), jobs=2)
    found = {line.what.split(",")[0]: line for line in lines}
    assert len(found) >= 15
    for what in ("liver noise SD against plan", "edge", "subcutaneous fat", "liver median", "cyst interior"):
        assert found[what].ok is True, found[what]
    assert found["cyst"].measured
    assert found["cyst"].ok is None  # of two cysts
    assert found["metastasis"].measured == ""
    assert found["accuracy by diameter alone"].ok is None
    assert found["same seed"].measured.startswith("0 of")  # this project's drawing code did not write it
    assert found["same seed"].ok is False


def test_slabs(tmp_path):
    lines = check_phantom(written_phantoms.write_cohort(tmp_path, patients=1, roi_only=True), jobs=1)
    assert sum(line.note == "not measured: lesion slabs only" for line in lines) == 8
    cyst = next(line for line in lines if line.what.startswith("cyst interior"))
    assert cyst.measured == "1 of 1"


def test_a_folder_without_a_phantom_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no complete phantom"):
        check_phantom(tmp_path)
