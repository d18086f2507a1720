import json

import numpy as np
import pytest
from phantom_examples import patient, tiny_scans

from data_modules.manifest import read_manifest
from data_modules.phantom.phantom_truth import manifest_rows, write_manifest, write_truth


@pytest.fixture
def folder(tmp_path):
    """The truth of two lesions in small series, as `patients/P0001/truth.json`."""
    home = tmp_path / "patients" / "P0001"
    home.mkdir(parents=True)
    scans = tiny_scans(patient(), 0, roi_only=True)
    write_truth(home / "truth.json", patient(), [(f"patients/P0001/L{i}", scan) for i, scan in enumerate(scans, 1)])
    return tmp_path


def test_the_truth_holds_the_scan_as_planned_and_each_lesion(folder):
    truth = json.loads((folder / "patients" / "P0001" / "truth.json").read_text())
    assert truth["scan"] == {"spacing_mm": 0.75, "thickness_mm": 2.5, "noise_sd_hu": 12.0, "steatotic": False}
    assert truth["lesions"][0] == {
        "lesion_id": "P0001-L1", "class_name": "metastasis", "subtype": "solid", "diameter_mm": 11.0,
        "short_diameter_mm": 8.5, "true_contrast_hu": -50.25, "measured_contrast_hu": -40.125,
        "partial_volume": True, "subcapsular": False, "touches_vessel": True, "mimics": "hemangioma", "lobes": 1,
        "image": "patients/P0001/L1/CT", "mask": "patients/P0001/L1/SEG.dcm",
        # column 10 and row 12 of slice 2, pixels of .75 mm in slices of 2.5 mm from (-101.25, 37.5, -600)
        "center_mm": [-93.75, 46.5, -595.0],
    }  # fmt: skip


def test_numpy_numbers_are_plain_in_the_file(tmp_path):
    (scan,) = tiny_scans(patient(lesions=1), 0, roi_only=True)
    object.__setattr__(scan.lesions[0], "subcapsular", np.True_)
    object.__setattr__(scan.lesions[0], "short_diameter_mm", np.float32(2.5))
    write_truth(tmp_path / "truth.json", patient(lesions=1), [("patients/P0001", scan)])
    (lesion,) = json.loads((tmp_path / "truth.json").read_text())["lesions"]
    assert (lesion["subcapsular"], lesion["short_diameter_mm"]) == (True, 2.5)


def test_the_manifest_is_one_line_per_lesion(folder):
    write_manifest(folder / "manifest.csv", manifest_rows(folder / "patients" / "P0001"))
    header, first, second = (folder / "manifest.csv").read_text().splitlines()
    assert header == (
        "patient_id,lesion_id,class,image,mask,mask_label,center_x_mm,center_y_mm,center_z_mm,diameter_mm,phase,source,"
        "subtype,lobes,mimics,short_diameter_mm,true_contrast_hu,measured_contrast_hu,partial_volume,subcapsular,"
        "touches_vessel"
    )
    assert first == (
        "P0001,P0001-L1,metastasis,patients/P0001/L1/CT,patients/P0001/L1/SEG.dcm,P0001-L1,-93.750,46.500,-595.000,"
        "11.00,portal,phantom,solid,1,hemangioma,8.50,-50.25,-40.12,true,false,true"
    )
    assert second.startswith("P0001,P0001-L2,cyst,")
    assert second.endswith(",phantom,simple,1,,8.50,-50.25,-40.12,false,false,true")
    assert not list(folder.glob(".*"))


def test_ingest_reads_the_manifest_and_ignores_its_further_columns(folder):
    for i in (1, 2):
        (folder / f"patients/P0001/L{i}/CT").mkdir(parents=True)
        (folder / f"patients/P0001/L{i}/SEG.dcm").touch()
    write_manifest(folder / "manifest.csv", manifest_rows(folder / "patients" / "P0001"))
    rows = read_manifest(folder / "manifest.csv")
    assert [(row.lesion_id, row.class_name, row.mask_label) for row in rows] == [
        ("P0001-L1", "metastasis", "P0001-L1"), ("P0001-L2", "cyst", "P0001-L2")
    ]  # fmt: skip
