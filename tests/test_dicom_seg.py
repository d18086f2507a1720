from dataclasses import replace

import numpy as np
import pydicom
import pytest
from dicom_examples import body, write_ct, write_seg

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.dicom_seg import DicomSeg


@pytest.fixture
def case(tmp_path):
    """A CT volume, the path of its SEG, and the three overlapping masks in it, two of one label."""
    hu, masks = body((6, 24, 32), [(2, 9, 10, 3, 0), (3, 10, 12, 4, 0), (1, 16, 25, 2, 0)])
    write_ct(tmp_path / "CT", hu, names=lambda k: f"{9 - k}.dcm")
    write_seg(tmp_path / "SEG.dcm", tmp_path / "CT", masks, ["one", "two", "two"])
    return CTFolder(tmp_path / "CT").volume(), tmp_path / "SEG.dcm", masks


def edit(path, change):
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return DicomSeg(path)


def test_segments_by_label_and_by_number(case):
    volume, path, masks = case
    seg = DicomSeg(path)
    np.testing.assert_array_equal(seg.mask(volume, "one"), masks[0])
    for number in (1, 2, 3):
        np.testing.assert_array_equal(seg.mask(volume, str(number)), masks[number - 1])


def test_a_label_that_is_missing_or_not_unique(case):
    volume, path, _ = case
    with pytest.raises(CaseError, match="E-SEG-04 mask_label is not in the mask, which holds 1, 2, 3"):
        DicomSeg(path).mask(volume, "three")
    with pytest.raises(CaseError, match=r"mask_label fits several segments.* numbers instead: 2, 3"):
        DicomSeg(path).mask(volume, "two")
    with pytest.raises(CaseError, match="the mask holds several labels: 1, 2, 3"):
        DicomSeg(path).mask(volume, None)


def test_frames_are_placed_by_position_where_no_slice_is_named(case):
    volume, path, masks = case

    def forget(ds):
        for item in ds.PerFrameFunctionalGroupsSequence:
            del item.DerivationImageSequence

    np.testing.assert_array_equal(edit(path, forget).mask(volume, "1"), masks[0])


def test_frames_that_are_flipped_in_plane(case):
    volume, path, masks = case

    def flip(ds):  # rows from the back to the front
        frames = ds.pixel_array[:, ::-1]
        ds.PixelData = pydicom.pixels.pack_bits(frames.ravel())
        shared = ds.SharedFunctionalGroupsSequence[0]
        shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, -1, 0]
        for item in ds.PerFrameFunctionalGroupsSequence:
            item.PlanePositionSequence[0].ImagePositionPatient[1] += 23 * 0.8

    np.testing.assert_array_equal(edit(path, flip).mask(volume, "1"), masks[0])


def test_a_segmentation_of_something_else(case, tmp_path):
    volume, path, masks = case
    write_ct(tmp_path / "other", body((6, 24, 32))[0])
    write_seg(tmp_path / "OTHER.dcm", tmp_path / "other", masks[:1], ["one"])
    with pytest.raises(CaseError, match="E-SEG-02 the segmentation refers to another series"):
        DicomSeg(tmp_path / "OTHER.dcm").mask(volume, "one")

    def shift(ds):
        for item in ds.PerFrameFunctionalGroupsSequence:
            item.PlanePositionSequence[0].ImagePositionPatient[0] += 100

    with pytest.raises(CaseError, match="E-SEG-06 the segmentation reaches outside the image"):
        edit(path, shift).mask(volume, "1")


def test_a_segmentation_of_another_series_of_the_same_examination(case, tmp_path):
    volume, path, masks = case
    frame_uid = pydicom.dcmread(tmp_path / "CT" / "9.dcm").FrameOfReferenceUID
    write_ct(
        tmp_path / "late", body((6, 24, 32))[0], change=lambda k, ds: setattr(ds, "FrameOfReferenceUID", frame_uid)
    )
    write_seg(tmp_path / "LATE.dcm", tmp_path / "late", masks[:1], ["one"])
    seg = DicomSeg(tmp_path / "LATE.dcm")
    np.testing.assert_array_equal(seg.mask(volume, "one"), masks[0])
    (warning,) = seg.warnings(volume)
    assert warning.startswith("W-SEG-02 the segmentation was drawn on another series than the image")

    def name_the_series_alone(ds):
        for item in ds.PerFrameFunctionalGroupsSequence:
            del item.DerivationImageSequence

    assert edit(path, name_the_series_alone).warnings(volume) == ()
    assert edit(tmp_path / "LATE.dcm", name_the_series_alone).warnings(volume) == (warning,)
    assert edit(path, lambda ds: ds.pop("ReferencedSeriesSequence")).warnings(volume) == ()  # it names nothing


def test_a_fraction_counts_from_one_half(case, tmp_path):
    volume, _, masks = case
    fractions = np.select([masks[0], masks[1]], [0.6, 0.4])
    write_seg(tmp_path / "F.dcm", tmp_path / "CT", [fractions], ["one"], kind="FRACTIONAL")
    seg = DicomSeg(tmp_path / "F.dcm")
    np.testing.assert_array_equal(seg.mask(volume, None), masks[0])
    assert seg.warnings(volume) == (
        "W-SEG-07 the segmentation is fractional (probability): voxels of at least one half were taken. Kept.",
    )


def test_a_segmentation_of_a_coarser_grid_goes_through_the_patients_coordinates(case, tmp_path):
    volume, path, _ = case
    assert DicomSeg(path).warnings(volume) == ()
    coarse = np.zeros((3, 12, 16), dtype=bool)  # voxels twice as long, the first one around the first eight of the CT
    coarse[1, 3:6, 4:9] = True
    origin = np.array([-20, -30, -50]) + np.array([0.7, 0.8, 2.5]) / 2
    write_ct(tmp_path / "coarse", body((3, 12, 16))[0], (5.0, 1.6, 1.4), origin)
    write_seg(tmp_path / "C.dcm", tmp_path / "coarse", [coarse], ["one"])
    frame_uid = pydicom.dcmread(tmp_path / "CT" / "9.dcm").FrameOfReferenceUID
    seg = edit(tmp_path / "C.dcm", lambda ds: setattr(ds, "FrameOfReferenceUID", frame_uid))
    np.testing.assert_array_equal(seg.mask(volume, None), np.kron(coarse, np.ones((2, 2, 2))) == 1)
    _, warning = seg.warnings(volume)  # the first: drawn on another series
    assert warning.startswith("W-SEG-06 the mask has another grid than the image (voxels of 5 x 1.6 x 1.4 mm instead")


def test_a_finer_slice_spacing_with_pixels_of_the_same_size(case, tmp_path):
    volume, _, _ = case
    fine = np.zeros((12, 24, 32), dtype=bool)  # every second slice lies on one of the CT
    fine[4:7, 9:12, 10:14] = True
    write_ct(tmp_path / "fine", body((12, 24, 32))[0], (1.25, 0.8, 0.7))
    write_seg(tmp_path / "F.dcm", tmp_path / "fine", [fine], ["one"])
    frame_uid = pydicom.dcmread(tmp_path / "CT" / "9.dcm").FrameOfReferenceUID
    seg = edit(tmp_path / "F.dcm", lambda ds: setattr(ds, "FrameOfReferenceUID", frame_uid))
    np.testing.assert_array_equal(seg.mask(volume, None), fine[::2])


def test_frames_that_form_no_stack_are_refused(case):
    volume, path, _ = case

    def stretch(ds):
        ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [1.0, 1.0]
        ds.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0].ImagePositionPatient[2] += 0.9

    with pytest.raises(CaseError, match=r"E-SEG-06 .* its frames form no straight regular stack"):
        edit(path, stretch).mask(volume, "1")


def test_a_picture_has_no_place_for_a_segmentation(case):
    volume, path, _ = case
    with pytest.raises(CaseError, match="E-SEG-06 the image is a picture, which has no place in the patient"):
        DicomSeg(path).mask(replace(volume, placed=False), "1")


def test_what_is_not_a_segmentation(case, tmp_path):
    with pytest.raises(CaseError, match="E-SEG-01 the mask is not a readable DICOM SEG"):
        DicomSeg(tmp_path / "CT" / "9.dcm")


def test_damaged_segmentations(case):
    volume, path, _ = case
    with pytest.raises(CaseError, match="E-SEG-01 the frames of the DICOM SEG cannot be decoded"):
        edit(path, lambda ds: ds.PerFrameFunctionalGroupsSequence.pop()).mask(volume, "1")
    with pytest.raises(CaseError, match="E-SEG-01 the DICOM SEG lacks segments"):
        edit(path, lambda ds: ds.PerFrameFunctionalGroupsSequence[0].clear())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CaseError, match="E-SEG-01 the mask is not a readable DICOM SEG"):
        DicomSeg(path)
