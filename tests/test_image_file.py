import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.image_file import ImageFile, open_image
from data_modules.readers.segmentation import lesion_mask, open_mask

REAL = Path(os.environ.get("LIVERLAB_REAL_DATA", "."), "nifti_abdomen")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_axes_are_turned_to_lps_whatever_the_file_stores(tmp_path, suffix):
    values = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4) - 1000
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((0.5, 0.75, 3.0))
    image.SetOrigin((10.0, 20.0, 30.0))
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))  # RAS, as NIfTI likes it
    SimpleITK.WriteImage(image, str(tmp_path / f"image{suffix}"))
    volume = open_image(tmp_path / f"image{suffix}").volume()
    assert volume.shape == (2, 3, 4)
    np.testing.assert_allclose(volume.spacing_mm, (3.0, 0.75, 0.5))
    np.testing.assert_allclose(volume.direction, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(volume.origin_mm, (10 - 3 * 0.5, 20 - 2 * 0.75, 30), atol=1e-5)
    np.testing.assert_array_equal(volume.hu(), values[:, ::-1, ::-1])


def test_what_cannot_be_an_image(tmp_path):
    (tmp_path / "image.nii").write_bytes(b"nothing")
    with pytest.raises(CaseError, match="E-DCM-01 an image file cannot be decoded") as caught:
        ImageFile(tmp_path / "image.nii")
    assert str(tmp_path) not in str(caught.value)
    SimpleITK.WriteImage(SimpleITK.Image([4, 4, 2, 2], SimpleITK.sitkInt16), str(tmp_path / "four.nii"))
    with pytest.raises(CaseError, match="E-GEO-06 the file has 4 dimensions"):
        ImageFile(tmp_path / "four.nii")
    with pytest.raises(CaseError, match="E-HU-01 the image is a picture without HU"):
        open_image(tmp_path / "lesion.png")
    (tmp_path / "CT").mkdir()
    with pytest.raises(CaseError, match="E-DCM-02"):
        open_image(tmp_path / "CT")


@pytest.mark.skipif("LIVERLAB_REAL_DATA" not in os.environ, reason="LIVERLAB_REAL_DATA is not set")
def test_a_real_abdomen_has_its_liver_on_the_patients_right():
    volume = ImageFile(REAL / "example_ct_sm.nii.gz").volume()
    liver = lesion_mask(open_mask(REAL / "liver.nii.gz"), volume, None)
    body_x = np.argwhere(volume.hu() > -300)[:, 2].mean()
    assert np.argwhere(liver)[:, 2].mean() < body_x - 10  # index x grows to the patient's left, 3 mm a step
    # soft tissue throughout: a mask mirrored along any axis reaches lung or fat
    low, high = np.percentile(volume.hu()[liver], [5, 95])
    assert 0 < low < high < 100
