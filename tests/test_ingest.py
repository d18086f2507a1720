import shutil

import numpy as np
import pytest
import SimpleITK
from dicom_examples import NAME, PATIENT, row, write_ct, write_manifest, write_patient

from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.ingest import ingest, manifest_of
from data_modules.lesion_measure import Reading
from data_modules.readers.case_error import CaseError


@pytest.fixture
def manifest(tmp_path):
    write_patient(tmp_path, names=lambda k: f"{99 - k}.dcm")
    return write_manifest(tmp_path / "manifest.csv", [row("one"), row("two", **{"class": "metastasis"})])


def test_two_lesions_of_one_patient(manifest, tmp_path):
    done = []
    cohort, report = ingest(manifest, salt_file=tmp_path / "salt", progress=lambda n, total: done.append((n, total)))
    assert done == [(1, 2), (2, 2)]
    assert report.skipped == ()
    assert report.kept == 2
    assert cohort.class_names == ("cyst", "metastasis")
    assert cohort.patients.tolist() == [0, 0]
    assert [x.thickness_mm for x in cohort.lesions] == [2.5, 2.5]
    np.testing.assert_allclose([x.spacing_mm for x in cohort.lesions], np.sqrt(0.7 * 0.8), atol=1e-4)
    # longest along y: centres 12 and 8 pixels of .8 mm apart, and a quarter of a pixel at each end
    np.testing.assert_allclose([x.diameter_mm for x in cohort.lesions], [12.5 * 0.8, 8.5 * 0.8], atol=1e-3)
    assert cohort.patches[:, 128, 128].tolist() == [-20, 40]
    assert cohort.patches[0, 128, 250] == 100


def test_nothing_written_or_printed_names_the_patient(manifest, tmp_path):
    (tmp_path / "erika" / "empty").mkdir()
    rows = [
        row("one"),
        row("two", **{"class": "metastasis"}),
        row("Mustermann lesion 3"),
        row("four", image="erika/empty"),
    ]
    write_manifest(manifest, rows)
    cohort, report = ingest(manifest, salt_file=tmp_path / "salt")
    assert [(s.row, s.code) for s in report.skipped] == [(4, "E-SEG-04"), (5, "E-DCM-02")]
    cohort.save(tmp_path / "out")
    report.write(tmp_path / "out")
    assert Cohort.load(tmp_path / "out").fingerprint == cohort.fingerprint
    written = (tmp_path / "out" / "cohort.json").read_text() + (tmp_path / "out" / "ingest.json").read_text()
    written += report.text()
    secrets = (*NAME.split("^"), PATIENT, "19500713", "20190304", "ACC99", "Klinikum", str(tmp_path), "1.2.826")
    for secret in secrets:
        assert secret.lower() not in written.lower()


def test_centre_and_diameter_serve_without_a_mask(manifest, tmp_path):
    # voxel (4, 20, 24) of the series that starts at (-20, -30, -50) with a spacing of 2.5, .8, .7 mm
    centre = {"center_x_mm": -20 + 24 * 0.7, "center_y_mm": -30 + 20 * 0.8, "center_z_mm": -40, "diameter_mm": 9}
    rows = [row("one", **centre, mask=""), row("far", **(centre | {"center_z_mm": 900}), mask="", **{"class": "x"})]
    write_manifest(manifest, rows)
    cohort, report = ingest(manifest, salt_file=tmp_path / "salt")
    assert [x.diameter_mm for x in cohort.lesions] == [9.0]
    assert cohort.patches[0, 128, 128] == -20
    # -20 HU up to 6.5 pixels of .7 mm to the right, 100 beyond
    edge = 128 + 6.5 * 0.7 / 9 / 3.4 * 256
    assert cohort.patches[0, 128, round(edge - 8)] < 0 < 80 < cohort.patches[0, 128, round(edge + 8)]
    assert report.skipped[0].message.startswith("E-ROI-01 row 3 (L-")
    assert "W-DES-02 no lesion of class 'x' was kept." in report.warnings


def test_one_bad_case_does_not_stop_the_others_and_the_order_is_the_manifests(manifest, tmp_path):
    for name, scale, shift in (("eight", 1, 0), ("mask", 0, 1), ("gap", 1, -1000)):
        hu = np.arange(6 * 20 * 20, dtype=np.int16).reshape(6, 20, 20) % 100 * scale + shift
        write_ct(tmp_path / name, hu)
    (tmp_path / "gap" / "003.dcm").unlink()
    centre = {"center_x_mm": -10, "center_y_mm": -20, "center_z_mm": -45, "diameter_mm": 5}
    bad = [row(name, image=name, mask="", **centre) for name in ("eight", "mask", "gap")]
    shutil.copytree(tmp_path / "erika", tmp_path / "zoe")
    good = [
        row("two", patient_id="zoe", image="zoe/CT", mask="zoe/SEG.dcm") | dict.fromkeys(centre, ""),
        row("one", **{"class": "b"}) | dict.fromkeys(centre, ""),
    ]
    write_manifest(manifest, [bad[0], good[0], bad[1], good[1], bad[2]])
    cohort, report = ingest(manifest, salt_file=tmp_path / "salt", classes=["b", "cyst"])
    assert [(s.row, s.code) for s in report.skipped] == [(2, "E-HU-02"), (4, "E-HU-11"), (6, "E-GEO-03")]
    assert cohort.class_names == ("b", "cyst")
    assert cohort.labels.tolist() == [1, 0]
    assert cohort.patches[:, 128, 128].tolist() == [40, -20]
    assert cohort.patients.tolist() == [0, 1]


def test_nothing_that_can_be_read_gives_an_empty_cohort(manifest, tmp_path):
    write_manifest(manifest, [row("three"), row("four", **{"class": "b"})])
    cohort, report = ingest(manifest, salt_file=tmp_path / "salt")
    assert cohort.patches.shape == (0, 256, 256)
    assert (report.kept, len(report.skipped)) == (0, 2)


def test_physics_are_noted(manifest, tmp_path):
    _, report = ingest(manifest, salt_file=tmp_path / "salt")
    assert report.notes == (
        "air below -900 HU on every key slice.",
        "tissue around the lesions: median 100 HU; liver at portal phase has 60 to 150.",
    )
    (warning,) = report.warnings
    assert warning.startswith("W-GEO-11 all 2 rows: the field of view is 51 mm")  # 64 x .8
    assert [case.doubts for case in report.cases] == [("W-GEO-11",)] * 2
    centre = {"center_x_mm": -10, "center_y_mm": -20, "center_z_mm": -50, "diameter_mm": 4}
    hu_kept = np.full((3, 30, 30), 20)
    hu_kept[:, 0] = -100
    write_ct(tmp_path / "cropped", hu_kept)
    rows = [row(name, image="cropped", mask="", **centre, **{"class": name}) for name in "ab"]
    _, report = ingest(write_manifest(manifest, rows), salt_file=tmp_path / "salt")
    assert [text[:20] for text in report.warnings] == [
        f"W-{code} all 2 rows: "[:20] for code in ("GEO-11", "HU-01", "HU-02", "SEG-01")
    ]
    assert report.notes == ("tissue around the lesions: median 20 HU; liver at portal phase has 60 to 150.",)


def test_numbers_and_bytes_do_not_depend_on_the_processes(manifest, tmp_path, monkeypatch):
    monkeypatch.setattr("data_modules.case_pool.POOL_PAYS_SECONDS", 0.0)  # a pool from the first image on
    rows = [row("one", patient_id=f"p{k}", image=f"{k}/CT", mask=f"{k}/SEG.dcm") for k in range(4)]
    rows[1]["class"] = rows[3]["class"] = "metastasis"
    for k in range(3):
        shutil.copytree(tmp_path / "erika", tmp_path / str(k))
    (tmp_path / "3" / "CT").mkdir(parents=True)
    (tmp_path / "3" / "SEG.dcm").touch()
    write_manifest(manifest, rows)
    results = [ingest(manifest, salt_file=tmp_path / "salt", jobs=jobs) for jobs in (1, 2)]
    assert results[0][1].to_json() == results[1][1].to_json()
    assert [skipped.code for skipped in results[0][1].skipped] == ["E-DCM-02"]
    for number, (cohort, _) in enumerate(results):
        cohort.save(tmp_path / f"out{number}")
    for name in ("cohort.json", "patches.npy"):
        assert (tmp_path / "out0" / name).read_bytes() == (tmp_path / "out1" / name).read_bytes()


def test_strict_stops_at_the_first_refusal_and_names_the_row(manifest, tmp_path):
    write_manifest(manifest, [row("one"), row("three", **{"class": "b"}), row("four")])
    with pytest.raises(CaseError, match=r"^E-SEG-04 row 3 \(L-[0-9a-f]{10}\): mask_label is not in the mask"):
        ingest(manifest, salt_file=tmp_path / "salt", strict=True)


def test_a_folder_stands_for_its_manifest(tmp_path):
    assert len(str(manifest_of(tmp_path / ("x" * 300)).name)) == 300  # left to the sentence of `read_manifest`
    with pytest.raises(InputError, match=r"holds no manifest\.csv\. `liverlab manifest` writes one"):
        manifest_of(tmp_path)
    (tmp_path / "manifest.csv").touch()
    assert manifest_of(tmp_path) == manifest_of(tmp_path / "manifest.csv") == tmp_path / "manifest.csv"


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("hu_window", [None, (-160.0, 240.0)])
def test_values_that_are_not_finite_refuse_the_case(manifest, tmp_path, value, hu_window):
    hu = np.random.default_rng(0).uniform(0, 255, (3, 40, 40)).astype(np.float32)
    hu[1, 5, 5] = value
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(hu), str(tmp_path / "image.mha"))
    centre = {"center_x_mm": 20, "center_y_mm": 20, "center_z_mm": 1, "diameter_mm": 9}
    rows = [row(name, image="image.mha", mask="", **centre, **{"class": name}) for name in "ab"]
    write_manifest(manifest, rows)
    _, report = ingest(manifest, salt_file=tmp_path / "salt", reading=Reading(hu_window=hu_window))
    assert [skipped.code for skipped in report.skipped] == ["E-HU-05"] * 2
