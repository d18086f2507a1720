import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_examples import body, write_ct

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder

REAL = os.environ.get("LIVERLAB_REAL_DATA")
needs_real_files = pytest.mark.skipif(REAL is None, reason="LIVERLAB_REAL_DATA is not set")


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


def real_encoding(code):
    (path,) = Path(REAL, "transfer_syntaxes").glob(f"*_1.2.840.10008.1.2{code}.dcm")
    return CTFolder(path)


@needs_real_files
@pytest.mark.parametrize(
    ("code", "tolerance_hu"),
    [
        *[(code, 0) for code in ("", ".1", ".2", ".1.99", ".5", ".4.57", ".4.70", ".4.80", ".4.90")],
        *[(".4.81", 5), (".4.91", 5)],
    ],
)
def test_encodings_of_one_slice_agree(code, tolerance_hu):
    plain = pydicom.dcmread(Path(REAL, "transfer_syntaxes", "CTImage.dcm"))
    expected = np.maximum(plain.pixel_array.astype(int) - 1024, -1024)
    assert np.abs(real_encoding(code).volume().read_slice(0) - expected).max() <= tolerance_hu


@needs_real_files
@pytest.mark.parametrize("code", ["50", "51", "53", "55"])
def test_lossy_jpeg_is_refused_by_name(code):
    with pytest.raises(CaseError, match=rf"E-DCM-05 the slices are stored as JPEG .*\(4\.{code}\)"):
        real_encoding(f".4.{code}").volume()
