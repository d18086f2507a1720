import numpy as np
import pytest
import SimpleITK
from dicom_examples import body, write_ct

from data_modules.readers.case_error import CaseError
from data_modules.readers.image_file import ImageFile, open_image


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
    (tmp_path / "CT").mkdir()
    with pytest.raises(CaseError, match="E-DCM-02"):
        open_image(tmp_path / "CT")


@pytest.fixture
def grey():
    return np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_picture_needs_its_spacing(tmp_path, grey, suffix):
    path = tmp_path / f"lesion{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(grey), str(path))
    with pytest.raises(CaseError, match=r"E-GEO-07 the image is a picture, which states no size in mm.*spacing_mm"):
        open_image(path)
    volume = open_image(path, spacing_mm=0.8).volume()
    assert (volume.shape, volume.spacing_mm, volume.placed) == ((1, 3, 4), (0, 0.8, 0.8), False)
    np.testing.assert_allclose(volume.read_slice(0), grey, atol=0 if suffix != ".jpg" else 12)  # JPEG loses some
    np.testing.assert_allclose(volume.index_of(np.array([1.6, 0.8, 0])), (0, 1, 2))
    assert volume.eight_bit


@pytest.mark.parametrize(("kind", "eight_bit"), [(np.uint8, True), (np.int16, False), (np.float32, False)])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_how_many_bits_a_file_stores(tmp_path, grey, suffix, kind, eight_bit):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(grey[None].astype(kind)), str(tmp_path / f"image{suffix}"))
    assert open_image(tmp_path / f"image{suffix}").volume().eight_bit is eight_bit


def test_colour_is_refused_unless_it_is_grey(tmp_path, grey):
    path = tmp_path / "lesion.png"
    colours = np.stack([grey, grey, grey, 255 - grey], axis=-1)  # the last one is transparency
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(colours, isVector=True), str(path))
    np.testing.assert_array_equal(open_image(path, spacing_mm=1).volume().read_slice(0), grey)
    colours[1, 1, 2] += 1
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(colours, isVector=True), str(path))
    with pytest.raises(CaseError, match="E-HU-04 the picture is in colour"):
        open_image(path, spacing_mm=1)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_single_slice_of_two_dimensions(tmp_path, grey, suffix):
    image = SimpleITK.GetImageFromArray(grey.astype(np.int16) - 1000)
    image.SetSpacing((0.5, 0.75))
    SimpleITK.WriteImage(image, str(tmp_path / f"slice{suffix}"))
    volume = open_image(tmp_path / f"slice{suffix}").volume()
    assert (volume.shape, volume.spacing_mm) == ((1, 3, 4), (0, 0.75, 0.5))
    np.testing.assert_array_equal(volume.read_slice(0), grey - 1000.0)
    with pytest.raises(CaseError, match="E-GEO-07 spacing_mm is given for an image that states its own"):
        open_image(tmp_path / f"slice{suffix}", spacing_mm=0.8)


def test_gaps_are_allowed_for_a_series(tmp_path):
    write_ct(tmp_path, body((6, 8, 8))[0])
    (tmp_path / "002.dcm").unlink()
    with pytest.raises(CaseError, match="E-GEO-03"):
        open_image(tmp_path).volume()
    assert open_image(tmp_path, allow_gaps=True).volume().shape[0] == 6
