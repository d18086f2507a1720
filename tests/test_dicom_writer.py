import shutil
import subprocess

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK
from phantom_examples import ORIGIN_MM, ball, patient, tiny_scans

from data_modules.phantom.dicom_writer import SeriesName, write_series


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A whole scan of patient 1 in `whole`, two small series of patient 2 in `L1` and `L2`; and the scans."""
    out = tmp_path_factory.mktemp("series")
    scans = {"whole": tiny_scans(patient(1), 0, roi_only=False)[0]}
    scans |= {f"L{i}": scan for i, scan in enumerate(tiny_scans(patient(2), 0, roi_only=True), start=1)}
    for name, scan in scans.items():
        (out / name).mkdir()
        who, number = (patient(1), 1) if name == "whole" else (patient(2), int(name[1]))
        write_series(out / name, scan, SeriesName(who, "cohort", number))
    return out, scans


def slices(folder):
    return sorted(map(pydicom.dcmread, (folder / "CT").iterdir()), key=lambda d: d.ImagePositionPatient[2])


@pytest.mark.parametrize("name", ["whole", "L1", "L2"])
def test_simpleitk_and_pydicom_read_the_hu_and_the_geometry(name, written):
    out, scans = written
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(out / name / "CT")))
    image = reader.Execute()
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), scans[name].hu)
    assert image.GetOrigin() == pytest.approx(ORIGIN_MM)
    assert image.GetSpacing() == pytest.approx((0.75, 0.75, 2.5))
    assert image.GetDirection() == pytest.approx(np.eye(3).ravel())
    hu = [d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in slices(out / name)]
    assert np.array_equal(hu, scans[name].hu)


def test_both_usual_intercepts_occur(written):
    out, _ = written
    assert [slices(out / name)[0].RescaleIntercept for name in ("whole", "L1")] == [-1024, 0]


def test_instances_count_from_the_head(written):
    out, _ = written
    top = pydicom.dcmread(out / "whole" / "CT" / "IM0001.dcm")
    assert top.InstanceNumber == 1
    assert top.ImagePositionPatient[2] == -600 + 4 * 2.5


@pytest.mark.parametrize("name", ["whole", "L1", "L2"])
def test_each_segment_covers_its_lesion_slice_by_slice(name, written):
    out, scans = written
    seg = hd.seg.segread(out / name / "SEG.dcm")
    pixels = seg.get_pixels_by_source_instance(
        [d.SOPInstanceUID for d in slices(out / name)], assert_missing_frames_are_empty=True
    )
    assert [s.SegmentLabel for s in seg.SegmentSequence] == [x.plan.lesion_id for x in scans[name].lesions]
    assert np.array_equal(np.moveaxis(pixels, -1, 0), scans[name].masks)


@pytest.mark.parametrize(("name", "i"), [("whole", 0), ("whole", 1), ("L2", 1)])
def test_a_segment_lies_where_its_lesion_is_in_the_world(name, i, written):
    out, _ = written
    seg = hd.seg.segread(out / name / "SEG.dcm")
    volume = seg.get_volume(segment_numbers=[1 if name == "L2" else i + 1], combine_segments=True)
    centre = volume.affine @ [*np.argwhere(volume.array).mean(axis=0), 1]
    # ball i is centred on slice 2, row 12 + 8 i, column 10 of pixels of .75 mm in slices of 2.5 mm
    expected = np.add(ORIGIN_MM, (10 * 0.75, (12 + 8 * i) * 0.75, 2 * 2.5))
    assert centre[:3] == pytest.approx(expected)
    assert np.count_nonzero(volume.array) == ball(i).sum()


def test_segments_are_coded_and_tracked(written):
    out, _ = written
    first, second = hd.seg.segread(out / "whole" / "SEG.dcm").SegmentSequence
    # SNOMED CT, as printed in DICOM PS3.16 CID 7159 and CID 6030
    assert first.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Neoplasm, Secondary"
    assert second.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Cyst"
    assert (first.TrackingID, second.TrackingID) == ("P0001-L1", "P0001-L2")
    assert first.TrackingUID != second.TrackingUID


def test_the_liver_is_a_file_of_its_own_in_whole_scans_only(written):
    out, scans = written
    seg = hd.seg.segread(out / "whole" / "LIVER.dcm")
    (segment,) = seg.SegmentSequence
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"  # SNOMED CT: Liver
    pixels = seg.get_pixels_by_source_instance([d.SOPInstanceUID for d in slices(out / "whole")])
    assert np.array_equal(pixels[..., 0], scans["whole"].liver)
    assert not (out / "L1" / "LIVER.dcm").exists()


def test_series_of_a_patient_share_the_study_and_nothing_else(written):
    out, _ = written
    first, second = (slices(out / name)[0] for name in ("L1", "L2"))
    segs = [pydicom.dcmread(out / name / "SEG.dcm") for name in ("L1", "L2")]
    assert len({d.StudyInstanceUID for d in (first, second, *segs)}) == 1
    assert len({d.SeriesInstanceUID for d in (first, second, *segs)}) == 4
    assert len({d.SeriesNumber for d in (first, second, *segs)}) == 4
    assert first.FrameOfReferenceUID != second.FrameOfReferenceUID
    files = [pydicom.dcmread(path) for path in out.rglob("*.dcm")]
    assert len({d.SOPInstanceUID for d in files}) == len(files) == 3 * 5 + 3 + 1


def test_headers_say_that_this_is_no_patient(written):
    out, _ = written
    for path in out.rglob("*.dcm"):
        d = pydicom.dcmread(path)
        assert d.PatientName in ("LIVERLAB^PHANTOM^0001", "LIVERLAB^PHANTOM^0002")
        assert d.SeriesDescription == "SYNTHETIC DIGITAL PHANTOM - NOT A PATIENT"
        assert d.ImageType[:2] == (["DERIVED", "SECONDARY"] if d.Modality == "CT" else ["DERIVED", "PRIMARY"])
        assert d.QualityControlImage == "YES"
        assert d.SOPInstanceUID.is_valid
        assert d.SOPInstanceUID.startswith("2.25.")


def test_test_patients_are_told_apart_by_name(tmp_path):
    who = patient(7, prefix="T")
    write_series(tmp_path, tiny_scans(who, 0, roi_only=True)[0], SeriesName(who, "cohort", 1))
    d = slices(tmp_path)[0]
    assert (d.PatientID, str(d.PatientName)) == ("T0007", "LIVERLAB^PHANTOM^T0007")


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dicom3tools")
def test_a_validator_finds_neither_errors_nor_warnings(written):
    out, _ = written
    paths = sorted(out.rglob("*.dcm"))
    for path in paths:
        printed = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=True).stderr
        assert printed.split() in (["CTImage"], ["Segmentation"]), path.name
    entities = subprocess.run(["dcentvfy", *paths], capture_output=True, text=True, check=True)
    assert entities.stdout + entities.stderr == ""
