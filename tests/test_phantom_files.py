import pytest
import written_phantoms

from data_modules.errors import InputError
from data_modules.phantom_check.phantom_files import open_phantom


@pytest.mark.parametrize("roi_only", [False, True])
def test_series_hold_what_was_written(tmp_path, roi_only):
    phantom = open_phantom(written_phantoms.write_cohort(tmp_path, patients=1, roi_only=roi_only))
    hu, liver, masks = written_phantoms.slices(1)
    series = list(phantom.series("P0001"))
    assert [row["lesion_id"] for s in series for row in s.rows] == ["P0001-L1", "P0001-L2"]
    assert [int(m.sum()) for s in series for m in s.masks] == [int(m.sum()) for m in masks]
    if roi_only:
        assert [s.liver for s in series] == [None, None]
        assert (series[0].hu == hu[:, 70:150, 50:130]).all()
    else:
        assert len(series) == 1
        assert (series[0].hu == hu).all()
        assert (series[0].liver == liver).all()
    assert phantom.plan("P0001")["noise_sd_hu"] == written_phantoms.NOISE_HU


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("manifest.csv", "holds no complete phantom"),
        ("phantom.json", "holds no complete phantom"),
        ("patients/P0001/LIVER.dcm", "no complete phantom: patients/P0001/LIVER.dcm is missing"),
        ("patients/P0001/truth.json", "no complete phantom: patients/P0001/truth.json is missing"),
    ],
)
def test_an_incomplete_phantom_is_refused_with_what_lacks(tmp_path, name, sentence):
    written_phantoms.write_cohort(tmp_path, patients=1)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=sentence):
        open_phantom(tmp_path)
