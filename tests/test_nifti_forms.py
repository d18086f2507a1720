import struct

import numpy as np
import pytest
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.image_file import ImageFile

# places in the header, nifti1.h
QFORM_CODE, SFORM_CODE, QUATERN_B, OFFSET_X, SROW_X = 252, 254, 256, 268, 280


@pytest.fixture
def read(tmp_path):
    """Reads an oblique image of 4 x 3 x 2 voxels after numbers (place, format, values) were put into its header."""

    def read(*edits, suffix=".nii"):
        image = SimpleITK.GetImageFromArray(np.zeros((2, 3, 4), dtype=np.int16))
        image.SetSpacing((0.5, 0.75, 3.0))
        image.SetOrigin((10, 20, 30))
        image.SetDirection((0.6, 0, -0.8, 0, -1, 0, -0.8, 0, -0.6))
        path = tmp_path / f"image{suffix}"
        SimpleITK.WriteImage(image, str(path))
        if edits:
            content = bytearray(path.read_bytes())
            for place, code, values in edits:
                struct.pack_into(f"<{code}", content, place, *values)
            path.write_bytes(content)
        return ImageFile(path).volume().warnings

    return read


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_two_forms_that_agree(read, suffix):
    assert read(suffix=suffix) == ()


def test_forms_that_disagree(read):
    (warning,) = read((OFFSET_X, "f", [-10 + 7.5]))
    assert warning.startswith("W-GEO-05 sform and qform of the NIfTI file place the image up to 7.5 mm apart")
    assert read((OFFSET_X, "f", [-10 + 0.2])) == ()  # less than half a voxel
    assert read((OFFSET_X, "f", [-10 + 7.5]), (QFORM_CODE, "h", [0])) == ()  # not to be used


def test_no_form_at_all(read):
    (warning,) = read((QFORM_CODE, "hh", [0, 0]))
    assert warning.startswith("W-GEO-06 the NIfTI file has neither sform nor qform")


@pytest.mark.parametrize("qform_code", [0, 1])
def test_a_sheared_form_is_refused_even_where_itk_would_use_the_other(read, qform_code):
    with pytest.raises(CaseError, match=r"E-GEO-05 .*sheared"):
        read((SROW_X, "3f", (-0.3, 0.5, 2.4)), (QFORM_CODE, "h", [qform_code]))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", [QUATERN_B, OFFSET_X])
def test_a_qform_without_numbers_is_refused_even_where_the_sform_counts(read, place, value):
    with pytest.raises(CaseError, match="E-GEO-01 the NIfTI file's qform holds values that are no finite numbers"):
        read((place, "f", [value]))
