import numpy as np
import pytest
import SimpleITK
import torch
from dicom_examples import body, row, write_ct, write_manifest, write_patient

from data_modules.cohort import PATCH_HALF_WIDTH, Cohort, Lesion
from data_modules.lesion_measure import MeasuredLesion, Reading, measure_lesions
from data_modules.manifest import read_manifest
from data_modules.roi import Roi, lesion_patches, sample_rois

SPACING, ORIGIN = (2.5, 0.8, 0.7), (-20.0, -30.0, -50.0)  # of `write_ct`


def measured(manifest, **reading):
    rows = read_manifest(manifest)
    groups = {}
    for each in rows:
        groups.setdefault(each.image, []).append(each)
    results = {
        r.row: one for g in groups.values() for r, one in zip(g, measure_lesions(g, Reading(**reading)), strict=True)
    }
    return [results[each.row] for each in rows]


def roi_64(lesion):
    """The published ROI in HU, 64 x 64 pixels."""
    facts = Lesion("L", "P", "a", lesion.diameter_mm, lesion.spacing_mm, lesion.thickness_mm, "s")
    cohort = Cohort(("a",), (facts,), lesion.patch[None])
    roi = Roi(size=64, margin=0.25, intensity="window", window_hu=(-100, 240))
    matrix = torch.eye(2, 3)[None] * (0.5 + roi.margin) / PATCH_HALF_WIDTH
    return sample_rois(lesion_patches(cohort, [0], roi), matrix, size=64)[0, 0].numpy()


def test_dicom_nifti_and_nrrd_of_one_series_give_one_patch(tmp_path):
    hu, _ = body((8, 64, 64), [(4, 30, 34, 6, -20)])
    hu = (hu + np.random.default_rng(0).normal(0, 15, hu.shape)).astype(np.int16)
    write_ct(tmp_path / "CT", hu)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in sorted((tmp_path / "CT").glob("*.dcm"))])
    image = reader.Execute()
    for name in ("ct.nii.gz", "ct.nrrd", "ct.mha"):
        SimpleITK.WriteImage(image, str(tmp_path / name))
    centre = {"center_x_mm": 3.8, "center_y_mm": -6.0, "center_z_mm": -40.0, "diameter_mm": 10.0}
    rows = [
        row(name, image=name, mask="", **centre, **{"class": "ab"[k % 2]})
        for k, name in enumerate(("CT", "ct.nii.gz", "ct.nrrd", "ct.mha"))
    ]
    dicom, *others = measured(write_manifest(tmp_path / "manifest.csv", rows))
    for other in others:
        assert np.abs(roi_64(other) - roi_64(dicom)).max() < 1
        np.testing.assert_allclose(other.centre_mm, dicom.centre_mm, atol=1e-4)
        assert other.diameter_mm == dicom.diameter_mm
        assert other.key == dicom.key == 4


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, -0.4)])
def test_mask_and_centre_of_a_lesion_meet_within_half_a_pixel(tmp_path, shift):
    hu, _ = body()
    z, y, x = np.indices(hu.shape)
    centre = (30 + shift[0], 34 + shift[1])
    in_mm = ((z - 4) * 2.5, (y - centre[0]) * 0.8, (x - centre[1]) * 0.7)
    mask = sum(axis**2 for axis in in_mm) <= 7.0**2
    hu[mask] = -20
    write_ct(tmp_path / "CT", hu)
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(SPACING[::-1])
    image.SetOrigin(ORIGIN)
    SimpleITK.WriteImage(image, str(tmp_path / "mask.nii.gz"))
    given = {"center_x_mm": -20 + 0.7 * centre[1], "center_y_mm": -30 + 0.8 * centre[0], "center_z_mm": -40.0}
    rows = [
        row("a", image="CT", mask="mask.nii.gz", mask_label="") | dict.fromkeys([*given, "diameter_mm"], ""),
        row("b", image="CT", mask="", mask_label="", **{"class": "b"}) | given | {"diameter_mm": 14.0},
    ]
    by_mask, by_centre = measured(write_manifest(tmp_path / "manifest.csv", rows))
    assert by_mask.key == by_centre.key == 4
    assert abs(by_mask.centre_mm[0] - by_centre.centre_mm[0]) <= 0.7 / 2
    assert abs(by_mask.centre_mm[1] - by_centre.centre_mm[1]) <= 0.8 / 2
    assert by_mask.diameter_mm == pytest.approx(14, abs=0.8)
    assert (by_mask.median_hu, by_centre.median_hu) == (-20, -20)
    either = by_mask.inside | by_centre.inside
    assert (by_mask.inside & by_centre.inside).sum() > 0.85 * either.sum()


def test_what_is_measured_on_two_lesions(tmp_path):
    write_patient(tmp_path)
    rows = [row("one"), row("two", **{"class": "b"})]
    one, two = measured(write_manifest(tmp_path / "manifest.csv", rows))
    assert (one.key, two.key, one.slices) == (4, 3, 8)
    # voxel (4, 20, 24) of a series that starts at (-20, -30, -50)
    np.testing.assert_allclose(one.centre_mm, (-20 + 24 * 0.7, -30 + 20 * 0.8, -50 + 4 * 2.5), atol=1e-6)
    assert (one.mean_hu, one.median_hu, two.median_hu) == (-20, -20, 40)
    assert one.ring[0] == 100
    # the mask on the wide patch: an ellipse of 12.5 x .8 by 12.5 x .7 mm within 3.4 diameters
    assert one.inside.mean() == pytest.approx(np.pi / 4 * (0.7 / 0.8) / 3.4**2, rel=0.1)
    assert "W-GEO-11" in [doubt.code for doubt in one.doubts]


def test_left_is_the_patients_left_however_columns_run(tmp_path):
    hu, _ = body()
    write_ct(tmp_path / "as usual", hu)
    write_ct(tmp_path / "mirrored", hu, orientation=(-1.0, 0, 0, 0, 1.0, 0), origin_mm=(-20 + 0.7 * 63, -30.0, -50.0))
    centre = {"center_x_mm": -8.0, "center_y_mm": -6.0, "center_z_mm": -50.0, "diameter_mm": 6.0}
    rows = [row(name, image=name, mask="", **centre, **{"class": name}) for name in ("as usual", "mirrored")]
    usual, mirrored = measured(write_manifest(tmp_path / "manifest.csv", rows))
    middle = -20 + 0.7 * 31.5
    assert usual.left_mm == pytest.approx(-8.0 - middle, abs=0.01)
    assert mirrored.left_mm == pytest.approx(usual.left_mm, abs=0.01)


def test_an_8_bit_image_needs_its_window(tmp_path):
    stored = np.random.default_rng(0).integers(0, 256, (3, 40, 40)).astype(np.int16)
    write_ct(tmp_path / "CT", stored)
    centre = {"center_x_mm": -8.0, "center_y_mm": -15.0, "center_z_mm": -47.5, "diameter_mm": 6.0}
    rows = [row(name, image="CT", mask="", **centre, **{"class": name}) for name in "ab"]
    manifest = write_manifest(tmp_path / "manifest.csv", rows)
    refused, _ = measured(manifest)
    assert refused.code == "E-HU-02"
    plain, _ = measured(manifest, hu_window=(0.0, 255.0))
    shown, _ = measured(manifest, hu_window=(-160.0, 240.0))
    assert isinstance(plain, MeasuredLesion)
    assert shown.mean_hu == pytest.approx(-160 + plain.mean_hu / 255 * 400, abs=0.01)


def test_a_file_of_8_bit_needs_its_window_even_without_0_and_255(tmp_path):
    stored = np.random.default_rng(0).integers(60, 200, (3, 40, 40)).astype(np.uint8)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stored), str(tmp_path / "image.nii"))
    centre = {"center_x_mm": 20.0, "center_y_mm": 20.0, "center_z_mm": 1.0, "diameter_mm": 6.0}
    rows = [row(name, image="image.nii", mask="", **centre, **{"class": name}) for name in "ab"]
    manifest = write_manifest(tmp_path / "manifest.csv", rows)
    refused, _ = measured(manifest)
    assert refused.code == "E-HU-02"
