import phantom_examples
import pytest

from data_modules.errors import InputError
from data_modules.phantom.phantom_files import open_phantom


@pytest.mark.parametrize("roi_only", [False, True])
def test_series_hold_what_was_written(tmp_path, roi_only):
    phantom = open_phantom(phantom_examples.write_cohort(tmp_path, patients=1, roi_only=roi_only))
    hu, liver, masks = phantom_examples.slices(1)
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
    assert phantom.plan("P0001")["noise_sd_hu"] == phantom_examples.NOISE_HU


@pytest.mark.parametrize(
    "name", ["manifest.csv", "cohort.json", "patients/P0001/LIVER.dcm", "patients/P0001/truth.json"]
)
def test_an_incomplete_phantom_is_refused_by_the_name_of_what_lacks(tmp_path, name):
    phantom_examples.write_cohort(tmp_path, patients=1)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"no complete phantom: {name} is missing"):
        open_phantom(tmp_path)
