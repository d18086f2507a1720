import numpy as np
import pytest
from dicom_examples import NAME, PATIENT, row, write_manifest, write_patient

from data_modules.cohort import Cohort
from data_modules.ingest import ingest


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
    # an upright ellipse with half-axes of 6.5 and 4.5 pixels of .8 mm, within half a pixel
    np.testing.assert_allclose([x.diameter_mm for x in cohort.lesions], [13 * 0.8, 9 * 0.8], atol=0.4)
    assert cohort.patches[:, 128, 128].tolist() == [-20, 40]
    assert cohort.patches[0, 128, 250] == 100


def test_nothing_written_or_printed_names_the_patient(manifest, tmp_path):
    (tmp_path / "erika" / "empty").mkdir()
    rows = [row("one"), row("two", **{"class": "metastasis"}), row("three"), row("four", image="erika/empty")]
    write_manifest(manifest, rows)
    cohort, report = ingest(manifest, salt_file=tmp_path / "salt")
    assert [(s.row, s.code) for s in report.skipped] == [(4, "E-SEG-04"), (5, "E-DCM-02")]
    cohort.save(tmp_path / "out")
    report.write(tmp_path / "out")
    assert Cohort.load(tmp_path / "out").fingerprint == cohort.fingerprint
    written = (tmp_path / "out" / "cohort.json").read_text() + (tmp_path / "out" / "ingest.json").read_text()
    written += report.text()
    for secret in (
        *NAME.split("^"),
        PATIENT,
        "4711",
        "erika",
        "1950",
        "2019",
        "ACC99",
        "Klinikum",
        str(tmp_path),
        "1.2.8",
    ):
        assert secret.lower() not in written.lower()
