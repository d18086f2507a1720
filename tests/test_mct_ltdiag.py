import numpy as np
import pytest
from dataset_trees import ingested, make, rows_of, write_volume
from dicom_examples import body

from data_modules.errors import InputError

SPHERES = [(4, 20, 24, 6, 40), (4, 40, 44, 4, 60), (1, 55, 10, 0, 60)]  # the third is a single voxel
TABLE = '"ID"\t"type"\n"c1"\t"HH"\n"c2"\t"CRLM"\n"c3"\t"HCC"\n"c4"\t"BCLM"\n"c6"\t"HH"\n'


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "MCT"
    hu, masks = body(lesions=SPHERES)
    for case in ("c1", "c2", "c3", "c4", "c5", "c6"):
        for phase in ("nc", "pvp"):
            write_volume(folder / case / "NIFTI" / f"{phase}.nii.gz", hu)
        mask = masks[0] if case == "c1" else np.any(masks, axis=0)
        write_volume(folder / case / "mask_pvp.nii.gz", mask)
    (folder / "c4" / "mask_pvp.nii.gz").unlink()
    (folder / "c6" / "mask_pvp.nii.gz").write_bytes(b"no image")
    (folder / "meta_info_patient.tab").write_text(TABLE)
    return folder


def test_one_row_per_part_of_the_cases_with_a_class(tree):
    manifest, text = make("mct-ltdiag", tree)
    columns = ("patient_id", "lesion_id", "class", "image", "mask", "mask_label", "phase", "source")
    rest = ("pvp", "MCT-LTDiag")
    assert rows_of(manifest, *columns) == [
        ("c1", "1", "hemangioma", "../MCT/c1/NIFTI/pvp.nii.gz", "mct-ltdiag_files/c1.nrrd", "1", *rest),
        ("c2", "1", "metastasis", "../MCT/c2/NIFTI/pvp.nii.gz", "mct-ltdiag_files/c2.nrrd", "1", *rest),
        ("c2", "2", "metastasis", "../MCT/c2/NIFTI/pvp.nii.gz", "mct-ltdiag_files/c2.nrrd", "2", *rest),
    ]
    lines = text.splitlines()
    assert lines[0] == "3 lesions of 2 patients: 1 hemangioma, 2 metastasis."
    assert sorted(line.split("left out: ")[1] for line in lines[1:-1]) == [
        "cases of type HCC",
        "cases whose type is not in the table or not known",
        "cases without mask_pvp.nii.gz",
        "cases: an image file cannot be decoded: it is truncated, damaged or of another format than its name says.",
        "parts under 5 mm",
    ]
    assert all(line.startswith("      1  left out") for line in lines[1:-1])
    assert "median 105 mm, against 33 mm of the metastases. Size alone tells the class" in lines[-1]
    cohort = ingested(manifest)
    assert cohort.patches[:, 128, 128].tolist() == [40, 40, 60]
    # as in test_ingest: 12 pixels of .8 mm between the outermost centres, and a quarter of a pixel at each end
    np.testing.assert_allclose([x.diameter_mm for x in cohort.lesions], [10, 10, 6.8], atol=1e-3)


def test_a_further_type_and_the_tables_original_form(tree):
    (tree / "meta_info_patient.csv").write_text(TABLE.replace('"', "").replace("\t", ","))
    (tree / "meta_info_patient.tab").unlink()
    manifest, _ = make("mct-ltdiag", tree, ["HCC=carcinoma", "HH="])
    assert [row[0] for row in rows_of(manifest, "class")] == ["metastasis"] * 2 + ["carcinoma"] * 2


def test_a_wrong_tree_is_a_sentence(tree):
    for table, sentence in (
        (b"ID\tdiagnosis\n1\tHH", "is empty, or lacks the column ID or type"),
        (b"\xff", "is not a"),
    ):
        (tree / "meta_info_patient.tab").write_bytes(table)
        with pytest.raises(InputError, match=rf"meta_info_patient\.tab {sentence}"):
            make("mct-ltdiag", tree)
    (tree / "meta_info_patient.tab").unlink()
    with pytest.raises(InputError, match=r"No meta_info_patient\.tab in the given folder"):
        make("mct-ltdiag", tree)
    (tree / "c1" / "meta_info_patient.tab").write_text(TABLE)
    with pytest.raises(InputError, match=r"No <ID>/NIFTI/pvp\.nii\.gz below the given folder: .*archives <ID>\.tar"):
        make("mct-ltdiag", tree / "c1")
