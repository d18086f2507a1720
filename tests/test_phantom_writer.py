import csv
import hashlib

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK
from scipy import ndimage
from scipy.spatial.distance import pdist

from data_modules.errors import InputError
from data_modules.phantom import write_phantom
from data_modules.phantom.plan import plan_cohort
from data_modules.phantom.scan import make_scan


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Twelve lesions, written by two processes."""
    out, steps = tmp_path_factory.mktemp("phantom"), []
    manifest = write_phantom(out, lesions=12, seed=3, jobs=2, progress=lambda done, total: steps.append((done, total)))
    with manifest.open(newline="") as file:
        return out, list(csv.DictReader(file)), steps


def slices_of(out, row):
    datasets = [pydicom.dcmread(path) for path in (out / row["image"]).iterdir()]
    return sorted(datasets, key=lambda d: d.ImagePositionPatient[2])


def hu_of(datasets):
    return np.stack([d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in datasets])


def mask_of(out, row, datasets):
    seg = hd.seg.segread(out / row["mask"])
    numbers = [s.SegmentNumber for s in seg.SegmentSequence if s.SegmentLabel == row["mask_label"]]
    uids = [d.SOPInstanceUID for d in datasets]
    return seg.get_pixels_by_source_instance(uids, segment_numbers=numbers, assert_missing_frames_are_empty=True)[
        ..., 0
    ].astype(bool)


def key_slice(out, row):
    """HU and mask of the slice of largest area, with spacing and the world position of its first pixel."""
    datasets = slices_of(out, row)
    mask = mask_of(out, row, datasets)
    k = int(mask.sum(axis=(1, 2)).argmax())
    d = datasets[k]
    return hu_of(datasets)[k], mask[k], float(d.PixelSpacing[0]), [float(v) for v in d.ImagePositionPatient]


def test_manifest_lists_the_plan_and_progress_ends_at_all(cohort):
    _, rows, steps = cohort
    plan = plan_cohort(12, 3)
    planned = [(x.lesion_id, x.class_name, x.subtype) for patient in plan for x in patient.lesions]
    assert [(row["lesion_id"], row["class"], row["subtype"]) for row in rows] == planned
    assert steps == [(i + 1, len(plan)) for i in range(len(plan))]


def test_same_seed_same_bytes_whatever_the_number_of_jobs(tmp_path):
    for name, seed, jobs in (("one", 7, 1), ("two", 7, 2), ("other", 8, 1)):
        write_phantom(tmp_path / name, lesions=3, seed=seed, jobs=jobs)
    one, two, other = (digests(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert not set(one.values()) & set(other.values())


def test_geometry_read_by_simpleitk_agrees_with_the_manifest(cohort):
    out, rows, _ = cohort
    for row in rows:
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(out / row["image"])))
        image = reader.Execute()
        centre = [float(row[f"center_{axis}_mm"]) for axis in "xyz"]
        i, j, k = image.TransformPhysicalPointToIndex(centre)
        mask = mask_of(out, row, slices_of(out, row))
        assert k == mask.sum(axis=(1, 2)).argmax()
        rows_, columns = np.nonzero(mask[k])
        assert (i, j) == pytest.approx((columns.mean(), rows_.mean()), abs=0.51)


def test_slices_are_even_and_enough(cohort):
    out, rows, _ = cohort
    for row in rows:
        datasets = slices_of(out, row)
        steps = np.diff([float(d.ImagePositionPatient[2]) for d in datasets])
        assert len(datasets) >= 5
        assert steps == pytest.approx(float(datasets[0].SliceThickness), abs=1e-6)


def test_diameter_is_the_long_diameter_of_the_mask(cohort):
    out, rows, _ = cohort
    for row in rows:
        _, mask, spacing, _ = key_slice(out, row)
        edge = np.argwhere(mask & ~ndimage.binary_erosion(mask))
        # pixel centres, so short by up to a pixel and a half; a thick slice off the centre sees a little less
        assert pdist(edge).max() * spacing == pytest.approx(float(row["diameter_mm"]), abs=0.6 + 1.5 * spacing)


def test_lesions_differ_from_liver_as_their_class_says(cohort):
    out, rows, _ = cohort
    for row in rows:
        hu, mask, _, _ = key_slice(out, row)
        inside = hu[ndimage.binary_erosion(mask, iterations=2)].mean()
        ring = hu[ndimage.binary_dilation(mask, iterations=7) & ~ndimage.binary_dilation(mask, iterations=3)]
        contrast = inside - np.median(ring[ring > 0])
        if row["class"] == "cyst":
            assert -150 < contrast < -40
            assert inside < 45
        elif row["subtype"] in ("solid", "rim", "rim_necrotic", "typical", "atypical"):
            assert -110 < contrast < 25
        elif row["subtype"] == "flash":
            assert contrast > 0


def test_liver_is_on_the_patients_right_and_air_and_fat_are_there(cohort):
    out, rows, _ = cohort
    for row in rows:
        hu = hu_of(slices_of(out, row))
        assert np.median(hu[:, 0, :]) == pytest.approx(-1000, abs=15)
        fat = hu[(hu > -170) & (hu < -40)]
        assert np.median(fat) == pytest.approx(-100, abs=8)
        body = np.nonzero((hu[0] > -300).any(axis=0))[0]
        soft = ((hu > 60) & (hu < 140)).sum(axis=(0, 1))
        middle = (body[0] + body[-1]) // 2
        assert soft[:middle].sum() > soft[middle:].sum()  # columns to the left of the image are the patient's right


def test_noise_is_as_planned(cohort):
    out, rows, _ = cohort
    for patient in plan_cohort(12, 3)[:2]:
        row = next(row for row in rows if row["patient_id"] == patient.patient_id)
        hu = hu_of(slices_of(out, row))
        # subcutaneous fat: the same in all slices, so that what varies along z is noise; air is cut off at -1024
        fat = ndimage.binary_erosion(np.abs(ndimage.uniform_filter(hu.mean(axis=0), 5) + 100) < 15, iterations=5)
        assert fat.sum() > 2000
        measured = np.sqrt(hu[:, fat].var(axis=0, ddof=1).mean())
        assert measured == pytest.approx(make_scan(patient, 3).body.noise_sd_hu, rel=0.05)


def test_headers_are_honest(cohort):
    out, rows, _ = cohort
    for row in rows:
        for d in slices_of(out, row):
            assert str(d.PatientName) == f"LIVERLAB^PHANTOM^{row['patient_id'][1:]}"
            assert d.SeriesDescription == "SYNTHETIC DIGITAL PHANTOM - NOT A PATIENT"
            assert list(d.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
            assert d.QualityControlImage == "YES"
            assert d.SOPInstanceUID.is_valid
            assert d.SOPInstanceUID.startswith("2.25.")
    assert "not patients" in (out / "PHANTOM.md").read_text()


def test_segments_are_coded_and_tracked(cohort):
    out, rows, _ = cohort
    meanings = {"cyst": "Cyst", "metastasis": "Neoplasm, Secondary", "hemangioma": "Hemangioma"}
    for row in rows:
        seg = hd.seg.segread(out / row["mask"])
        segment = next(s for s in seg.SegmentSequence if s.SegmentLabel == row["mask_label"])
        assert segment.TrackingID == row["lesion_id"]
        assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == meanings[row["class"]]


def test_a_folder_in_use_is_refused(cohort):
    out, _, _ = cohort
    with pytest.raises(InputError, match="holds a phantom already"):
        write_phantom(out, lesions=12)
