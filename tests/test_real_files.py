"""Files of other people's scanners and software, in the folder that LIVERLAB_REAL_DATA names."""

import os
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK
from matplotlib.path import Path as Polygon

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.dicom_seg import DicomSeg
from data_modules.readers.image_file import open_image
from data_modules.readers.rtstruct import RTStruct
from data_modules.readers.segmentation import lesion_mask, mask_warnings, open_mask

pytestmark = pytest.mark.skipif("LIVERLAB_REAL_DATA" not in os.environ, reason="LIVERLAB_REAL_DATA is not set")
REAL = Path(os.environ.get("LIVERLAB_REAL_DATA", "."))
SEGS, RT, AWKWARD = REAL / "ct_seg_3slice", REAL / "rtstruct_phantom", REAL / "awkward"
SYNTAXES = REAL / "transfer_syntaxes"


def nrrd(name):
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(SEGS / name)))


# CT and DICOM SEG


def test_the_liver_of_a_ct_whose_frames_run_against_the_files():
    volume = CTFolder(SEGS / "ct-3slice").volume()
    seg = DicomSeg(SEGS / "liver.dcm")
    mask = seg.mask(volume, "Liver")
    np.testing.assert_allclose(volume.spacing_mm, (1.0, 0.810547, 0.810547))
    heights = [np.array([-235.2, -226.8, z]) for z in (-128.69, -127.69, -126.69)]
    assert [mask[round(volume.index_of(at)[0])].sum() for at in heights] == [36233, 35645, 35220]
    np.testing.assert_array_equal(mask, nrrd("liver_seg.nrrd") > 0)
    assert mask_warnings(seg, volume, mask) == ()


def test_one_frame_with_the_positions_of_three_is_refused():
    volume = CTFolder(SEGS / "ct-3slice").volume()
    with pytest.raises(CaseError, match="E-SEG-01 the frames of the DICOM SEG cannot be decoded, or are not as many"):
        DicomSeg(AWKWARD / "liver_1frame.dcm").mask(volume, None)


def test_overlapping_segments_agree_with_highdicom():
    volume = CTFolder(SEGS / "ct-3slice").volume()
    seg = DicomSeg(SEGS / "partial_overlaps.dcm")
    theirs = hd.seg.segread(SEGS / "partial_overlaps.dcm").get_pixels_by_source_instance(
        volume.instance_uids, ignore_spatial_locations=True, assert_missing_frames_are_empty=True
    )
    for number, _ in seg.segments:
        np.testing.assert_array_equal(seg.mask(volume, str(number)), theirs[..., number - 1] == 1)
    assert (theirs.sum(axis=-1) > 1).any()  # they do overlap


@pytest.mark.parametrize("padding", ["noppv", "ppv5"])
def test_a_label_map_without_its_empty_frame(padding):
    volume = CTFolder(SEGS / "24x38x3" / "image").volume()
    mask = DicomSeg(SEGS / f"sparse-labelmap-{padding}.dcm").mask(volume, "Liver")
    np.testing.assert_array_equal(mask, nrrd(f"sparse_labelmap_{padding}_seg.nrrd") == 1)


@pytest.mark.parametrize("size", ["23x38x3", "24x38x3"])
def test_an_odd_width_and_a_legacy_multi_frame(size):
    single, multi = CTFolder(SEGS / size / "image").volume(), CTFolder(SEGS / size / "multiframe").volume()
    np.testing.assert_array_equal(single.hu(), multi.hu())
    np.testing.assert_allclose(single.spacing_mm, multi.spacing_mm)
    np.testing.assert_allclose(single.origin_mm, multi.origin_mm)
    expected = nrrd(f"{size}/nrrd/label.nrrd") > 0
    seg = DicomSeg(SEGS / size / "seg" / "label.seg")
    for volume in (single, multi):
        np.testing.assert_array_equal(seg.mask(volume, None), expected)


# NIfTI


def test_an_abdomen_has_its_liver_on_the_patients_right():
    folder = REAL / "nifti_abdomen"
    volume = open_image(folder / "example_ct_sm.nii.gz").volume()
    liver = lesion_mask(open_mask(folder / "liver.nii.gz"), volume, None)
    body_x = np.argwhere(volume.hu() > -300)[:, 2].mean()
    assert np.argwhere(liver)[:, 2].mean() < body_x - 10  # index x grows to the patient's left, 3 mm a step
    # soft tissue throughout: a mask mirrored along any axis reaches lung or fat
    low, high = np.percentile(volume.hu()[liver], [5, 95])
    assert 0 < low < high < 100


def test_an_abdomen_with_many_labels():
    folder = REAL / "nifti_abdomen"
    volume = open_image(folder / "example_ct.nii.gz").volume()
    assert sorted(volume.shape) == [101, 112, 122]
    np.testing.assert_allclose(volume.spacing_mm, 3, atol=1e-3)
    source = open_mask(folder / "example_seg.nii.gz")
    assert len(source.labels) == 41  # and the background
    with pytest.raises(CaseError, match=r"E-SEG-04 the mask holds several labels: 1, .* and 21 more"):
        lesion_mask(source, volume, None)
    spleen, liver = (np.argwhere(source.mask(volume, label))[:, 2].mean() for label in ("1", "5"))  # theirs
    assert liver < spleen


# RTSTRUCT


def test_contours_of_a_phantom():
    volume = CTFolder(RT / "mock_data").volume()
    seg = RTStruct(RT / "mock_data" / "rt.dcm")
    mask = seg.mask(volume, "ROI-1")
    # a square of 24 mm with, drawn in a keyhole of its own, one of 15 mm inside: on the slice at z = 60
    assert not mask[1].any()
    contours = pydicom.dcmread(RT / "mock_data" / "rt.dcm").ROIContourSequence[0].ContourSequence
    rows, columns = np.indices(volume.shape[1:])
    centres = np.column_stack([columns.ravel(), rows.ravel()]) * 0.488281 - 125
    inside = [Polygon(np.reshape(c.ContourData, (-1, 3))[:, :2]).contains_points(centres) for c in contours]
    np.testing.assert_array_equal(mask[0].ravel(), inside[0] ^ inside[1])


@pytest.mark.parametrize("name", ["invalid_reference_rt.dcm", "non_existent_reference_rt.dcm"])
def test_contours_of_absent_slices_are_named(name):
    volume = CTFolder(RT / "mock_data").volume()
    text = (
        r"E-SEG-06 1 of 3 contours of the region of interest refer to slices that the image does not hold \(z=70\.0 mm"
    )
    with pytest.raises(CaseError, match=text):
        RTStruct(RT / "mock_data" / name).mask(volume, "ROI-2")


def test_oblique_slices():
    volume = CTFolder(RT / "oriented_data").volume()
    assert volume.shape == (3, 50, 100)
    np.testing.assert_allclose(volume.spacing_mm, (4.5, 3.5, 2.5), atol=1e-3)
    first = pydicom.dcmread(RT / "oriented_data" / "0.dcm")
    at = volume.index_of(np.array(first.ImagePositionPatient, dtype=float))
    np.testing.assert_allclose(at, [round(at[0]), 0, 0], atol=0.01)
    expected = np.maximum(first.pixel_array * 0.001, -1024)
    np.testing.assert_allclose(volume.read_slice(round(at[0])), expected, atol=1e-3)
    assert CTFolder(RT / "one_slice_data").volume().shape == (1, 50, 100)


# Transfer syntaxes


@pytest.mark.parametrize(
    ("code", "tolerance_hu"),
    [
        *[(code, 0) for code in ("", ".1", ".2", ".1.99", ".5", ".4.57", ".4.70", ".4.80", ".4.90")],
        *[(".4.81", 5), (".4.91", 5)],
    ],
)
def test_encodings_of_one_slice_agree(code, tolerance_hu):
    plain = pydicom.dcmread(SYNTAXES / "CTImage.dcm")
    expected = np.maximum(plain.pixel_array.astype(int) - 1024, -1024)
    (path,) = SYNTAXES.glob(f"*_1.2.840.10008.1.2{code}.dcm")
    assert np.abs(CTFolder(path).volume().read_slice(0) - expected).max() <= tolerance_hu


@pytest.mark.parametrize("code", ["50", "51", "53", "55"])
def test_lossy_jpeg_is_refused_by_name(code):
    (path,) = SYNTAXES.glob(f"*.4.{code}.dcm")
    with pytest.raises(CaseError, match=rf"E-DCM-05 the slices are stored as JPEG .*\(4\.{code}\)"):
        CTFolder(path).volume()


# Awkward files


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("transfer_syntaxes/no-pixel-spacing.dcm", "E-DCM-02 .*1 x Ultrasound Image Storage"),
        ("awkward/MR_truncated.dcm", "E-DCM-02 .*1 x MR Image Storage"),
        ("awkward/emri_small.dcm", "E-DCM-02 .*1 x Enhanced MR Image Storage"),
        ("awkward/badVR.dcm", "E-DCM-02 .*1 x RT Dose Storage"),
        ("awkward/image_dfl.dcm", "E-DCM-02 .*1 x Secondary Capture Image Storage"),
        ("awkward/JPEG2000.dcm", "E-DCM-02 .*1 x Secondary Capture Image Storage"),
        ("awkward/meta_missing_tsyntax.dcm", "E-DCM-01 a file is not readable as DICOM"),
        ("awkward/no_meta.dcm", "E-DCM-01 a file is not readable as DICOM"),
        ("awkward/dicomdirtests/77654033", "E-GEO-03 .* missing between z=-99.5 and 103.0 mm"),
        ("awkward/dicomdirtests/98892001/CT2N", "E-DCM-02 .*2 x localizer"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(name, sentence):
    with pytest.raises(CaseError, match=sentence) as caught:
        CTFolder(REAL / name).volume()
    assert name not in str(caught.value)


def test_a_small_slice():
    volume = CTFolder(AWKWARD / "CT_small.dcm").volume()
    theirs = pydicom.dcmread(AWKWARD / "CT_small.dcm")
    hu = np.maximum(theirs.pixel_array - 1024.0, -1024)
    np.testing.assert_array_equal(volume.read_slice(0), hu)


def test_a_tree_with_a_directory_file_and_a_scout():
    volume = CTFolder(AWKWARD / "dicomdirtests" / "98892001").volume()
    assert volume.shape == (5, 16, 16)
    np.testing.assert_allclose(volume.spacing_mm, (2.5, 0.488281, 0.488281))
    with pytest.raises(CaseError, match="E-DCM-03 the folder holds 2 CT stacks"):
        CTFolder(AWKWARD / "dicomdirtests").volume()


@pytest.mark.parametrize("name", ["badVR.dcm", "image_dfl.dcm", "no_meta.dcm", "MR_truncated.dcm", "CT_small.dcm"])
def test_what_is_no_mask(name):
    with pytest.raises(CaseError, match="E-SEG-01 the mask is not a readable DICOM SEG"):
        open_mask(AWKWARD / name)
