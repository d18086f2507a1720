import numpy as np
import pytest
from dicom_examples import body, write_ct

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder


def test_slope_and_intercept_are_those_of_each_slice(tmp_path):
    def rescale(k, ds):
        ds.RescaleSlope, ds.RescaleIntercept = k + 1, -1000 - k

    hu, _ = body((3, 16, 16))
    write_ct(tmp_path, hu, change=rescale)
    stored = hu + 1024  # what write_ct stores with its own intercept
    expected = [np.maximum((k + 1) * stored[k] - 1000 - k, -1024) for k in range(3)]
    np.testing.assert_array_equal(CTFolder(tmp_path).volume().hu(), expected)


def test_padding_becomes_air(tmp_path):
    def pad(k, ds):
        ds.PixelPaddingValue, ds.PixelPaddingRangeLimit = 3000, 3010

    hu, _ = body((1, 16, 16))
    hu[0, 8, 6:10] = (3000 - 1024, 3010 - 1024, 3011 - 1024, -3024)
    write_ct(tmp_path, hu, change=pad)
    assert CTFolder(tmp_path).volume().read_slice(0)[8, 6:10].tolist() == [-1024, -1024, 1987, -1024]


def test_a_truncated_slice_is_one_sentence_without_its_path(tmp_path):
    write_ct(tmp_path, body((1, 64, 64))[0])
    file = tmp_path / "000.dcm"
    file.write_bytes(file.read_bytes()[:-4000])
    volume = CTFolder(tmp_path).volume()
    with pytest.raises(CaseError, match="E-DCM-01 an image file cannot be decoded") as caught:
        volume.read_slice(0)
    assert str(tmp_path) not in str(caught.value)


def test_monochrome1_is_a_matter_of_display(tmp_path):
    hu, _ = body((1, 16, 16), [(0, 8, 8, 3, 40)])
    hu[0, 8, 8] = 3000
    write_ct(tmp_path, hu, change=lambda k, ds: setattr(ds, "PhotometricInterpretation", "MONOCHROME1"))
    np.testing.assert_array_equal(CTFolder(tmp_path).volume().read_slice(0), hu[0])


def test_values_that_were_inverted_are_refused(tmp_path):
    hu, _ = body((1, 16, 16))
    write_ct(tmp_path, 2047 - hu, change=lambda k, ds: setattr(ds, "PhotometricInterpretation", "MONOCHROME1"))
    with pytest.raises(CaseError, match="E-HU-04 the slices are stored as MONOCHROME1 and show no air below -900 HU"):
        CTFolder(tmp_path).volume().read_slice(0)
