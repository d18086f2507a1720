import numpy as np
import pytest

from liverlab.quality.measured import ALL, Measured
from liverlab.quality_files import read_measured, write_measured


def test_what_was_written_is_read_and_what_has_no_value_stays_without(tmp_path):
    rows = [
        Measured("radiomics", "synthetic", ALL, "kid", -0.0123456789, np.array([0.5, np.nan]), 30, 20),
        Measured("pixels", "train", 'a"b,c', "ms_ssim", np.nan, np.array([np.nan, np.nan]), 1, 0),
    ]
    write_measured(tmp_path, rows)
    first, second = read_measured(tmp_path)
    assert (first.features, first.images, first.class_name, first.measure) == ("radiomics", "synthetic", ALL, "kid")
    assert first.value == pytest.approx(-0.0123456789, rel=1e-7)
    np.testing.assert_array_equal(first.draws, [0.5, np.nan])
    assert (first.count, first.reference) == (30, 20)
    assert (second.class_name, second.count, second.reference) == ('a"b,c', 1, 0)
    assert np.isnan(second.value)
    assert np.isnan(second.draws).all()
