import pytest
from dataset_trees import ingested, make, rows_of, write_volume
from dicom_examples import body

from data_modules.errors import InputError

SPHERES = [(4, 20, 24, 6, 40), (3, 40, 44, 4, -10), (5, 44, 16, 4, 0)]


@pytest.fixture
def tree(tmp_path):
    """Case 1: a tumour, two cysts and a kidney stone; 2, for testing: a tumour; 3: stones; 4: no image."""
    folder = tmp_path / "MSWAL"
    hu, masks = body(lesions=SPHERES)
    one = masks[0] * 3 + masks[1] * 6 + masks[2] * 6
    one[0, 5, 5] = 2
    for part, case, labels in (
        ("Tr", "1", one),
        ("Ts", "2", masks[0] * 3),
        ("Tr", "3", masks[0] * 2),
        ("Tr", "4", one),
    ):
        write_volume(folder / f"images{part}" / f"MSWAL_{case}_0000.nii.gz", hu)
        write_volume(folder / f"labels{part}" / f"MSWAL_{case}.nii.gz", labels)
    (folder / "imagesTr" / "MSWAL_4_0000.nii.gz").unlink()
    return folder


def test_one_row_per_part_of_the_liver_lesions(tree):
    manifest, text = make("mswal", tree)
    assert rows_of(manifest, "patient_id", "lesion_id", "class", "image", "mask", "mask_label", "source") == [
        (f"MSWAL_{c}", f"{n}-{k}", name, f"../MSWAL/images{part}/MSWAL_{c}_0000.nii.gz", mask, f"{k}", "MSWAL")
        for c, part, n, k, name in (
            (1, "Tr", 3, 1, "tumor"),
            (1, "Tr", 6, 1, "cyst"),
            (1, "Tr", 6, 2, "cyst"),
            (2, "Ts", 3, 1, "tumor"),
        )
        for mask in [f"mswal_files/MSWAL_{c}-{n}.nrrd"]
    ]
    assert text.splitlines()[:3] == [
        "4 lesions of 2 patients: 2 tumor, 2 cyst.",
        "      1  left out: cases without such a lesion",
        "      1  left out: label files without an image",
    ]
    assert "does not say whether a liver tumour is a metastasis" in text
    cohort = ingested(manifest)
    assert cohort.patches[:, 128, 128].tolist()[0] == 40
    assert sorted(cohort.patches[1:3, 128, 128].tolist()) == [-10, 0]


def test_a_label_of_the_user_comes_first(tree):
    manifest, _ = make("mswal", tree, ["3=metastasis", "2=stone", "6="])
    assert [row[0] for row in rows_of(manifest, "class")] == ["metastasis", "stone", "metastasis"]


def test_a_wrong_tree_is_a_sentence(tree):
    with pytest.raises(InputError, match=r"No labelsTr/<case>\.nii\.gz below the given folder, and beside it imagesTr"):
        make("mswal", tree / "labelsTr")
