import os
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK
from dicom_examples import body, write_ct, write_seg

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.dicom_seg import DicomSeg

REAL = Path(os.environ.get("LIVERLAB_REAL_DATA", "."), "ct_seg_3slice")
needs_real_files = pytest.mark.skipif("LIVERLAB_REAL_DATA" not in os.environ, reason="LIVERLAB_REAL_DATA is not set")


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


def test_what_is_not_a_binary_segmentation(case, tmp_path):
    _, path, _ = case
    with pytest.raises(CaseError, match="E-SEG-01 the mask is not a readable DICOM SEG"):
        DicomSeg(tmp_path / "CT" / "9.dcm")
    with pytest.raises(CaseError, match="fractional, which is not read yet"):
        edit(path, lambda ds: setattr(ds, "SegmentationType", "FRACTIONAL"))
    dataset = pydicom.dcmread(path)
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    dataset.save_as(path)
    with pytest.raises(CaseError, match=r"RTSTRUCT .* not read yet. Convert it"):
        DicomSeg(path)


def test_damaged_segmentations(case):
    volume, path, _ = case
    with pytest.raises(CaseError, match="E-SEG-01 the frames of the DICOM SEG cannot be decoded"):
        edit(path, lambda ds: ds.PerFrameFunctionalGroupsSequence.pop()).mask(volume, "1")
    with pytest.raises(CaseError, match="E-SEG-01 the DICOM SEG lacks segments"):
        edit(path, lambda ds: ds.PerFrameFunctionalGroupsSequence[0].clear())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CaseError, match="E-SEG-01 the mask is not a readable DICOM SEG"):
        DicomSeg(path)


@needs_real_files
def test_the_liver_of_a_real_ct_whose_frames_run_against_the_files():
    volume = CTFolder(REAL / "ct-3slice").volume()
    mask = DicomSeg(REAL / "liver.dcm").mask(volume, "Liver")
    np.testing.assert_allclose(volume.spacing_mm, (1.0, 0.810547, 0.810547))
    by_file = [
        mask[round(volume.index_of(np.array(position))[0])].sum()
        for position in ((-235.2, -226.8, -128.69), (-235.2, -226.8, -127.69), (-235.2, -226.8, -126.69))
    ]
    assert by_file == [36233, 35645, 35220]
    theirs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(REAL / "liver_seg.nrrd"))) > 0
    np.testing.assert_array_equal(mask, theirs)


@needs_real_files
def test_real_overlapping_segments_agree_with_highdicom():
    volume = CTFolder(REAL / "ct-3slice").volume()
    seg = DicomSeg(REAL / "partial_overlaps.dcm")
    theirs = hd.seg.segread(REAL / "partial_overlaps.dcm").get_pixels_by_source_instance(
        volume.instance_uids, ignore_spatial_locations=True, assert_missing_frames_are_empty=True
    )
    for number, _ in seg.segments:
        np.testing.assert_array_equal(seg.mask(volume, str(number)), theirs[..., number - 1] == 1)


@needs_real_files
def test_a_real_label_map_without_its_empty_frame():
    volume = CTFolder(REAL / "24x38x3" / "image").volume()
    mask = DicomSeg(REAL / "sparse-labelmap-noppv.dcm").mask(volume, "Liver")
    theirs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(REAL / "sparse_labelmap_noppv_seg.nrrd"))) == 1
    np.testing.assert_array_equal(mask, theirs)
