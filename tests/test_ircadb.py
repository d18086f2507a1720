import numpy as np
import pydicom
import pytest
import SimpleITK
from dataset_trees import ingested, make, rows_of
from dicom_examples import body, write_ct

from data_modules.errors import InputError

SPHERES = [(4, 20, 24, 6, 40), (3, 40, 44, 4, -10), (5, 44, 16, 4, 0)]


def as_mask(k, ds):
    """A mask slice says the truth about z alone."""
    ds.ImagePositionPatient = [0, 0, ds.ImagePositionPatient[2]]
    ds.ImageOrientationPatient, ds.PixelSpacing = [-1, 0, 0, 0, 1, 0], [1, 1]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = ds.PixelData[::2]


def write_mask(folder, mask):
    # numbered from the head, the CT from the feet: order and names do not match
    write_ct(folder, mask * np.int16(255), intercept=0, names=lambda k: f"image_{9 - k}", change=as_mask)


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "3Dircadb1"
    hu, masks = body(lesions=SPHERES)
    structures = {
        "1": {"liver": hu > -500, "livertumor01": masks[0], "livertumor02": masks[1], "liverkyste": masks[2]},
        "2": {"livertumors": np.any(masks[:2], axis=0), "livercyst": masks[2]},
        "7": {"tumor": masks[0], "metastasectomie": masks[1]},  # adrenal; resected
    }
    for number, own in structures.items():
        write_ct(folder / f"3Dircadb1.{number}" / "PATIENT_DICOM", hu, names=lambda k: f"image_{k}")
        for name, mask in own.items():
            write_mask(folder / f"3Dircadb1.{number}" / "MASKS_DICOM" / name, mask)
    return folder


def test_one_row_per_part_of_the_liver_lesions(tree):
    manifest, text = make("ircadb", tree)
    assert rows_of(manifest, "patient_id", "lesion_id", "class", "image", "mask", "mask_label") == [
        (f"3Dircadb1.{p}", f"{name}-{k}", kind, f"../3Dircadb1/3Dircadb1.{p}/PATIENT_DICOM", mask, f"{k}")
        for p, name, k, kind in (
            (1, "liverkyste", 1, "cyst"),
            (1, "livertumor01", 1, "tumor"),
            (1, "livertumor02", 1, "tumor"),
            (2, "livercyst", 1, "cyst"),
            (2, "livertumors", 1, "tumor"),
            (2, "livertumors", 2, "tumor"),
        )
        for mask in [f"ircadb_files/3Dircadb1.{p}/{name}.nrrd"]
    ]
    assert text.splitlines()[:2] == [
        "6 lesions of 2 patients: 2 cyst, 4 tumor.",
        "      1  left out: patients without such a structure",
    ]
    cohort = ingested(manifest)
    assert cohort.patches[:, 128, 128].tolist() == [0, 40, -10, 0, 40, -10]
    assert cohort.lesions[0].source == "3D-IRCADb-01"
    written = SimpleITK.ReadImage(str(manifest.parent / "ircadb_files" / "3Dircadb1.1" / "livertumor02.nrrd"))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(written), body(lesions=SPHERES)[1][1])
    np.testing.assert_allclose([*written.GetSpacing(), *written.GetOrigin()], [0.7, 0.8, 2.5, -20, -30, -50])


def test_the_tumours_class_comes_from_the_user(tree):
    manifest, _ = make("ircadb", tree, ["livertumor.*=metastasis"])
    assert [row[0] for row in rows_of(manifest, "class")].count("metastasis") == 4


def edit(path, change):
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)


def test_masks_and_cts_that_do_not_fit_are_left_out(tree):
    masks = tree / "3Dircadb1.1" / "MASKS_DICOM"
    edit(masks / "livertumor01" / "image_5", lambda ds: setattr(ds, "ImagePositionPatient", [0, 0, -46.25]))  # half-way
    edit(masks / "livertumor02" / "image_5", lambda ds: delattr(ds, "ImagePositionPatient"))
    (tree / "3Dircadb1.2" / "PATIENT_DICOM" / "image_4").unlink()
    manifest, text = make("ircadb", tree)
    assert [row[0] for row in rows_of(manifest, "lesion_id")] == ["liverkyste-1"]
    for why in (
        "structures: a mask slice lies on no slice of the CT, or has another size.",
        "structures: a mask slice lacks pixels or a position.",
        "patients: 1 slice missing between z=",
    ):
        assert f"    1  left out: {why}" in text
    assert "One class only: join this manifest with another" in text


def test_a_wrong_tree_is_a_sentence(tree):
    with pytest.raises(InputError, match=r"No 3Dircadb1\.N/PATIENT_DICOM and .*zip archives .* must be unpacked first"):
        make("ircadb", tree / "3Dircadb1.1")
