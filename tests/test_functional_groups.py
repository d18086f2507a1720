import numpy as np
import pydicom
import pytest
from dicom_examples import body, write_ct, write_enhanced_ct, write_seg

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.dicom_seg import DicomSeg
from data_modules.readers.functional_groups import flat_frames


@pytest.fixture
def case(tmp_path):
    """The HU of a series, its folder, and the path of the multi-frame CT to be made of it."""
    hu, masks = body((5, 16, 20), [(2, 8, 9, 3, 0)])
    hu += np.arange(5, dtype=np.int16)[:, None, None]
    write_ct(tmp_path / "CT", hu)
    return hu, masks, tmp_path / "CT", tmp_path / "MF.dcm"


def enhanced(ds):
    """As a scanner writes it: no trace of single slices, and a rescale for each frame."""
    ds.SOPClassUID = pydicom.uid.EnhancedCTImageStorage
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.SharedFunctionalGroupsSequence[0].pop("PixelValueTransformationSequence", None)
    for k, item in enumerate(ds.PerFrameFunctionalGroupsSequence):
        del item.ConversionSourceAttributesSequence
        rescale = pydicom.Dataset()
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 2, -1000 - k, "HU"
        item.PixelValueTransformationSequence = [rescale]


def test_frames_of_any_order_are_slices(case):
    hu, _, folder, path = case
    write_enhanced_ct(path, folder, order=[3, 0, 4, 1, 2])
    volume, single = CTFolder(path).volume(), CTFolder(folder).volume()
    np.testing.assert_array_equal(volume.hu(), hu)
    np.testing.assert_allclose(volume.spacing_mm, (2.5, 0.8, 0.7))
    np.testing.assert_allclose(volume.origin_mm, single.origin_mm)
    assert volume.instance_uids == single.instance_uids  # those of the slices before the conversion


def test_each_frame_has_its_own_rescale(case):
    hu, _, folder, path = case
    order = [3, 0, 4, 1, 2]
    write_enhanced_ct(path, folder, order=order, change=enhanced)
    expected = [np.maximum(2 * (hu[k] + 1024.0) - 1000 - order.index(k), -1024) for k in range(5)]
    np.testing.assert_array_equal(CTFolder(path).volume().hu(), expected)


def test_a_segmentation_of_the_single_slices_or_of_the_frames(case):
    _, masks, folder, path = case
    write_enhanced_ct(path, folder, order=[3, 0, 4, 1, 2])
    write_seg(path.with_name("SEG.dcm"), folder, masks, ["lesion"])
    seg = DicomSeg(path.with_name("SEG.dcm"))
    np.testing.assert_array_equal(seg.mask(CTFolder(path).volume(seg.referenced), None), masks[0])

    write_enhanced_ct(path, folder, order=[3, 0, 4, 1, 2], change=enhanced)
    ds, ct = pydicom.dcmread(path.with_name("SEG.dcm")), pydicom.dcmread(path)
    for item in ds.PerFrameFunctionalGroupsSequence:
        (source,) = item.DerivationImageSequence[0].SourceImageSequence
        k = round((item.PlanePositionSequence[0].ImagePositionPatient[2] + 50) / 2.5)
        source.ReferencedSOPInstanceUID = ct.SOPInstanceUID
        source.ReferencedFrameNumber = [3, 0, 4, 1, 2].index(k) + 1
        item.PlanePositionSequence[0].ImagePositionPatient[2] += 40  # the frame number has to say where
    ds.save_as(path.with_name("SEG.dcm"))
    seg = DicomSeg(path.with_name("SEG.dcm"))
    np.testing.assert_array_equal(seg.mask(CTFolder(path).volume(seg.referenced), None), masks[0])


def test_two_phases_in_one_file_are_two_stacks(case):
    _, _, folder, path = case

    def second_phase(ds):
        for k, item in enumerate(ds.PerFrameFunctionalGroupsSequence):
            item.FrameContentSequence[0].TemporalPositionIndex = 1 + (k > 4)

    write_enhanced_ct(path, folder, order=[0, 1, 2, 3, 4] * 2, change=second_phase)
    assert [len(stack) for stack in CTFolder(path).stacks] == [5, 5]


def test_a_missing_frame_is_a_gap(case):
    _, _, folder, path = case
    write_enhanced_ct(path, folder, order=[0, 1, 3, 4])
    with pytest.raises(CaseError, match="E-GEO-03 1 slice missing"):
        CTFolder(path).volume()


def test_a_frame_without_groups_or_pixels(case):
    _, _, folder, path = case
    write_enhanced_ct(path, folder, change=lambda ds: ds.PerFrameFunctionalGroupsSequence.pop())
    with pytest.raises(CaseError, match="E-GEO-01 a slice lacks a valid position"):
        CTFolder(path)
    write_enhanced_ct(path, folder, change=lambda ds: setattr(ds, "PixelData", ds.PixelData[:-700]))
    with pytest.raises(CaseError, match="E-DCM-04 multi-frame or MONOCHROME1 slices stored as Explicit VR"):
        CTFolder(path).volume().read_slice(4)


def test_what_a_frame_says_goes_before_what_all_share():
    shared, own, ds = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    for item, spacing in ((shared, [1, 1]), (own, [2, 2])):
        item.PixelMeasuresSequence = [pydicom.Dataset()]
        item.PixelMeasuresSequence[0].PixelSpacing = spacing
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [shared], [own, pydicom.Dataset()]
    assert [list(frame.PixelSpacing) for frame in flat_frames(ds)] == [[2, 2], [1, 1]]
