import numpy as np
import pytest
import SimpleITK
from dicom_examples import body, write_ct

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.image_file import open_image
from data_modules.readers.segmentation import lesion_mask, mask_warnings, open_mask


@pytest.fixture
def volume(tmp_path):
    write_ct(tmp_path / "CT", body((6, 24, 32))[0])
    return CTFolder(tmp_path / "CT").volume()


@pytest.fixture
def write(tmp_path):
    """Writes labels (Z, Y, X) as NIfTI, by default on the CT's grid, and opens the file."""

    def write(labels, spacing=(0.7, 0.8, 2.5), origin=(-20, -30, -50), flip=False):
        image = SimpleITK.GetImageFromArray(labels.astype(np.uint8))
        image.SetSpacing(spacing)
        image.SetOrigin(origin)
        image = SimpleITK.DICOMOrient(image, "RAS") if flip else image
        SimpleITK.WriteImage(image, str(tmp_path / "mask.nii.gz"))
        return open_mask(tmp_path / "mask.nii.gz")

    return write


@pytest.fixture
def labels():
    labels = np.zeros((6, 24, 32), dtype=np.uint8)
    labels[2:4, 5:10, 7:15] = 3
    labels[1, 15:18, 20:22] = 7
    return labels


@pytest.mark.parametrize("flip", [False, True])
def test_one_label_of_an_image_on_the_same_grid(volume, write, labels, flip):
    source = write(labels, flip=flip)
    np.testing.assert_array_equal(lesion_mask(source, volume, "3"), labels == 3)
    np.testing.assert_array_equal(lesion_mask(source, volume, "7.0"), labels == 7)


def test_a_mask_of_another_grid_goes_through_physical_space(volume, write):
    fine = np.zeros((12, 40, 60), dtype=np.uint8)
    fine[2:6, 10:20, 20:30] = 1  # half the spacing, origin moved to voxel (1, 2, 3) of the CT
    mask = lesion_mask(write(fine, (0.35, 0.4, 1.25), (-20 + 2.1, -30 + 1.6, -50 + 2.5)), volume, None)
    expected = np.zeros(volume.shape, dtype=bool)
    expected[2:4, 7:12, 13:18] = True  # 1 + 2/2 to 1 + 5/2, 2 + 10/2 to 2 + 19/2, 3 + 20/2 to 3 + 29/2
    np.testing.assert_array_equal(mask, expected)


def test_labels_that_are_missing_or_not_unique(volume, write, labels):
    with pytest.raises(CaseError, match=r"E-SEG-04 mask_label is not in the mask, which holds 3, 7"):
        lesion_mask(write(labels), volume, "5")
    with pytest.raises(CaseError, match=r"E-SEG-04 the mask holds several labels: 3, 7"):
        lesion_mask(write(labels), volume, None)


def test_empty_elsewhere_and_full_masks(volume, write, labels):
    with pytest.raises(CaseError, match=r"E-SEG-03 the mask is empty. Refused"):
        lesion_mask(write(0 * labels), volume, None)
    with pytest.raises(CaseError, match=r"E-SEG-06 80 of 80 voxels of the mask lie outside"):
        lesion_mask(write(labels, origin=(500, 0, 0)), volume, "3")
    speck = np.zeros((6, 96, 128), dtype=np.uint8)
    speck[2, 42, 41] = 1  # a quarter of the spacing: between two voxels
    with pytest.raises(CaseError, match=r"E-SEG-03 the mask is empty where the image lies"):
        lesion_mask(write(speck, spacing=(0.175, 0.2, 2.5)), volume, None)
    with pytest.raises(CaseError, match=r"E-SEG-05 the mask covers 100% of the image"):
        lesion_mask(write(0 * labels + 1), volume, "1")


def test_warnings_say_what_was_done_to_a_mask(volume, write, labels):
    assert mask_warnings(write(labels, flip=True), volume, labels == 3) == ()
    cropped = write(labels[1:, :, 2:], origin=(-20 + 1.4, -30, -47.5))  # of the same grid
    np.testing.assert_array_equal(lesion_mask(cropped, volume, "3"), labels == 3)
    assert mask_warnings(cropped, volume, labels == 3) == ()
    (moved,) = mask_warnings(write(labels, origin=(-20.3, -30, -50)), volume, labels == 3)
    assert moved.startswith("W-SEG-06 the mask has another grid than the image (voxels of 2.5 x 0.8 x 0.7 mm instead")
    at_side = np.zeros_like(labels, dtype=bool)
    at_side[3, 10:12, 30:] = True
    (cut,) = mask_warnings(write(labels), volume, at_side)
    assert cut.startswith("W-SEG-08 the lesion touches the side of the image")


@pytest.mark.parametrize("suffix", [".png", ".nii.gz"])
def test_the_mask_of_a_picture_needs_its_size_alone(tmp_path, suffix):
    values = np.full((24, 32), 100, dtype=np.uint8)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(tmp_path / "lesion.png"))
    drawn = np.zeros((24, 32), dtype=np.uint8)
    drawn[4:9, 7:15] = 255
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(drawn), str(tmp_path / f"mask{suffix}"))
    picture = open_image(tmp_path / "lesion.png", spacing_mm=0.8).volume()
    source = open_mask(tmp_path / f"mask{suffix}")
    mask = lesion_mask(source, picture, None)
    np.testing.assert_array_equal(mask, drawn[None] == 255)
    assert mask_warnings(source, picture, mask) == ()
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(drawn[:, :20]), str(tmp_path / "mask.png"))
    with pytest.raises(CaseError, match="E-SEG-06 a picture has no place in the patient, and image and mask differ"):
        lesion_mask(open_mask(tmp_path / "mask.png"), picture, None)


def test_a_mask_that_reaches_outside_is_refused_not_cut(volume, write, labels):
    # label 7 lies on slice 1, rows 15 to 17, columns 20 and 21 of 32: seven columns further, on 27 and 28
    assert np.count_nonzero(lesion_mask(write(labels, origin=(-20 + 7 * 0.7, -30, -50)), volume, "7")) == 6
    with pytest.raises(CaseError, match=r"E-SEG-06 3 of 6 voxels of the mask lie outside the image. Refused"):
        lesion_mask(write(labels, origin=(-20 + 11 * 0.7, -30, -50)), volume, "7")
    with pytest.raises(CaseError, match=r"E-SEG-06 6 of 6 voxels"):
        lesion_mask(write(labels, origin=(-20, -30, -50 - 2 * 2.5)), volume, "7")


@pytest.mark.parametrize(("beyond", "refused"), [(1, False), (8, True)])
def test_a_hundredth_of_a_finer_mask_may_lie_outside(volume, write, beyond, refused):
    fine = np.zeros((6, 48, 80), dtype=np.uint8)  # half the spacing; columns 0 to 63 lie within the image's 32
    fine[2, 10:30, 33 + beyond : 64] = 1
    fine[2, 10 : 10 + beyond, 64:66] = 1
    source = write(fine, (0.35, 0.4, 2.5), (-20 - 0.175, -30 - 0.2, -50))
    if refused:
        with pytest.raises(CaseError, match=r"E-SEG-06 16 of 476 voxels"):
            lesion_mask(source, volume, None)
    else:
        assert lesion_mask(source, volume, None).any()


def test_of_a_single_slice_only_rows_and_columns_count(tmp_path, write, labels):
    write_ct(tmp_path / "one", body((1, 24, 32))[0], origin_mm=(-20.0, -30.0, -45.0))
    mask = lesion_mask(write(labels), CTFolder(tmp_path / "one").volume(), "3")
    np.testing.assert_array_equal(mask[0], labels[2] == 3)
