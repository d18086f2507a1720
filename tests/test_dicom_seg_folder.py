import numpy as np
import pydicom
import pytest
from dataset_trees import ingested, make, rows_of
from dicom_examples import NAME, PATIENT, body, write_ct, write_seg

from data_modules.errors import InputError

LABELS = ("Tumor_.*=metastasis", "Cyst=cyst")
SPHERES = [(4, 20, 24, 6, -20), (3, 40, 44, 4, 40)]
COLUMNS = ("patient_id", "lesion_id", "class", "image", "mask", "mask_label", "source")


def named(patient, change=lambda k, ds: None):
    def edit(k, ds):
        ds.PatientID = patient
        change(k, ds)

    return edit


def write_case(folder, patient, labels=("Tumor_1", "Cyst", "Liver"), **changes):
    """CT with the spheres, and a SEG with a segment for each and for the whole body."""
    hu, masks = body(lesions=SPHERES)
    write_ct(folder / "ct", hu, change=named(patient), **changes)
    write_seg(folder / "seg" / "1.dcm", folder / "ct", [*masks, hu > -500][: len(labels)], labels)


@pytest.fixture
def tree(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "export" / name / "seg").mkdir(parents=True)
        write_case(tmp_path / "export" / name, f"PAT-{name}")
    return tmp_path / "export"


def test_one_row_per_segment_that_a_rule_fits(tree):
    manifest, text = make("dicom-seg", tree, LABELS)
    assert rows_of(manifest, *COLUMNS) == [
        (f"PAT-{p}", f"1-{k}", name, f"../export/{p}/ct", f"../export/{p}/seg/1.dcm", f"{k}", "dicom-seg")
        for p in "ab"
        for k, name in ((1, "metastasis"), (2, "cyst"))
    ]
    assert text == (
        "4 lesions of 2 patients: 2 metastasis, 2 cyst.\n      2  left out: segments whose label fits no --label"
    )
    assert ingested(manifest).patches[:, 128, 128].tolist() == [-20, 40, -20, 40]


def test_a_second_seg_without_lesions_is_passed_over_and_one_with_them_refuses_the_patient(tree):
    hu, masks = body(lesions=SPHERES)
    write_seg(tree / "a" / "seg" / "2.dcm", tree / "a" / "ct", [hu > -500], ["Liver"])
    write_seg(tree / "b" / "seg" / "2.dcm", tree / "b" / "ct", masks[:1], ["Tumor_9"])
    manifest, text = make("dicom-seg", tree, LABELS)
    assert [row[0] for row in rows_of(manifest, "patient_id")] == ["PAT-a", "PAT-a"]
    assert "    1  left out: patients with several DICOM SEGs of one CT that hold lesions: which one counts?" in text


def test_two_acquisitions_in_one_series_the_one_that_was_segmented_counts(tmp_path):
    uid, folder = pydicom.uid.generate_uid(), tmp_path / "export" / "a"
    (folder / "seg").mkdir(parents=True)
    write_case(folder, "PAT-a", ("Tumor_1", "Cyst"), series_uid=uid)
    other = body(lesions=[(*sphere[:4], 90) for sphere in SPHERES])[0]
    second = named("PAT-a", lambda k, ds: setattr(ds, "AcquisitionNumber", 2))
    write_ct(folder / "ct", other, series_uid=uid, change=second, names=lambda k: f"second-{k}.dcm")
    manifest, _ = make("dicom-seg", tmp_path / "export", LABELS)
    assert ingested(manifest).patches[:, 128, 128].tolist() == [-20, 40]


def test_a_seg_is_matched_by_its_slices_where_its_series_is_not_there(tree):
    for name in "ab":
        path = tree / name / "seg" / "1.dcm"
        seg = pydicom.dcmread(path)
        seg.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"
        if name == "b":
            del seg.PerFrameFunctionalGroupsSequence[:]
            seg.NumberOfFrames = 0
        seg.save_as(path)
    manifest, text = make("dicom-seg", tree, LABELS)
    assert [row[0] for row in rows_of(manifest, "patient_id")] == ["PAT-a", "PAT-a"]
    assert "    1  left out: DICOM SEGs that do not refer to exactly one CT series below the folder" in text


def test_two_scans_of_one_patient_and_what_cannot_be_listed(tree):
    for name, patient in (("c", "PAT-a"), ("d", "")):
        (tree / name / "seg").mkdir(parents=True)
        write_case(tree / name, patient)
    (tree / "b" / "ct" / "more").mkdir()
    (tree / "b" / "ct" / "000.dcm").rename(tree / "b" / "ct" / "more" / "000.dcm")
    (tree / "a" / "notes.txt").write_text("nothing")
    broken = pydicom.dcmread(tree / "a" / "seg" / "1.dcm")
    del broken.SegmentSequence
    broken.save_as(tree / "a" / "seg" / "2.dcm")
    manifest, text = make("dicom-seg", tree, LABELS)
    assert rows_of(manifest, "patient_id", "lesion_id") == [("PAT-a", f"{scan}-{k}") for scan in (1, 2) for k in (1, 2)]
    for why in (
        "CT series without a PatientID",
        "CT series whose slices lie in several folders: put them into one",
        "DICOM SEGs: the DICOM SEG lacks segments, or positions of its frames. Refused. Export it again.",
    ):
        assert f"    1  left out: {why}" in text


def test_a_segment_whose_number_is_anothers_label_is_left_out(tmp_path):
    folder = tmp_path / "export" / "a"
    (folder / "seg").mkdir(parents=True)
    write_case(folder, "PAT-a", ("2", "1"))
    with pytest.raises(InputError, match=r"No lesion found, .*\n +2  left out: segments whose number is the label"):
        make("dicom-seg", tmp_path / "export", ["[12]=metastasis"])


def test_nothing_printed_names_the_patient(tree):
    write_ct(tree / "e" / "ct", np.zeros((2, 8, 8), np.int16))
    text = make("dicom-seg", tree, LABELS)[1].lower()
    for secret in (*NAME.split("^"), PATIENT, "PAT-a", "export", "1.2.826"):
        assert secret.lower() not in text


def test_what_is_missing_is_a_sentence(tree, tmp_path):
    with pytest.raises(InputError, match="dicom-seg needs --label PATTERN=CLASS: which segments are lesions"):
        make("dicom-seg", tree)
    with pytest.raises(InputError, match=r"No lesion found, nothing written\..*\n +6  left out: segments whose label"):
        make("dicom-seg", tree, ["Metastasis=metastasis"])
    with pytest.raises(InputError, match="No DICOM SEG below the given folder"):
        make("dicom-seg", tree / "a" / "ct", LABELS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="No CT slice below the given folder: CT series and the DICOM SEGs"):
        make("dicom-seg", tmp_path / "empty", LABELS)
    assert not (tmp_path / "lists").exists()
