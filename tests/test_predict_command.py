"""`liverlab predict`, as users type it."""

import csv

import pytest
from dicom_examples import write_manifest

from data_modules.cohort import Cohort
from liverlab.__main__ import main

CLASSIFIER = "classic-32-acgan-3"
AT = ["--center-mm", "-0.4", "-6", "-40"]  # the centre of every lesion: voxel (4, 30, 28), see `write_ct`


@pytest.fixture(autouse=True)
def here(finished, tmp_path, monkeypatch):
    """A folder of one's own beside the finished runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").symlink_to(finished / "runs")


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def changed(finished, tmp_path, **columns):
    """The manifest's first two rows, the first with other values, its files by full path."""
    rows = rows_of(finished / "manifest.csv")[:2]
    for row in rows:
        row |= {key: str(finished / row[key]) for key in ("image", "mask")}
    return str(write_manifest(tmp_path / "m.csv", [rows[0] | columns, rows[1]]))


def test_a_test_lesion_of_the_fold_gets_the_probabilities_that_the_run_wrote(finished, tmp_path, capsys):
    assert main(["predict", CLASSIFIER, str(finished / "manifest.csv"), "--out", "new/p.csv"]) == 0
    (cohort,) = (finished / "runs").glob("cohort/manifest-*")
    ids = [lesion.lesion_id for lesion in Cohort.load(cohort).lesions]
    (classifier,) = (finished / "runs").glob("classifier/classic-32-acgan-3-*")
    written = rows_of(classifier / "predictions.csv")
    predicted = rows_of(tmp_path / "new" / "p.csv")
    assert [row["lesion"] for row in predicted] == [f"row {k}" for k in range(2, 14)]
    assert len(written) == 6
    for row in written:
        again = predicted[ids.index(row["lesion_id"])]
        assert again["predicted"] == row["predicted"]
        for name in ("p_cyst", "p_metastasis", "p_hemangioma"):
            assert float(again[name]) == pytest.approx(float(row[name]), abs=1.01e-6)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["lesion", "predicted", "p_cyst", "p_metastasis", "p_hemangioma"]
    assert len(printed) == 1 + 12 + 1 + 1  # a doubt about the tiny field of view
    assert printed[-1] == "Not for clinical use."


def test_an_image_with_centre_and_diameter_is_read_as_a_manifest_that_gives_them(finished, tmp_path):
    place = dict(zip(("center_x_mm", "center_y_mm", "center_z_mm", "diameter_mm"), [*AT[1:], "9"], strict=True))
    rows = rows_of(finished / "manifest.csv")[:2]
    rows = [row | place | {"mask": "", "image": str(finished / row["image"])} for row in rows]
    write_manifest(tmp_path / "m.csv", rows)
    assert main(["predict", CLASSIFIER, "m.csv", "--out", "all.csv"]) == 0
    image = str(finished / "0" / "CT")
    assert main(["predict", CLASSIFIER, image, *AT, "--diameter-mm", "9", "--out", "one.csv"]) == 0
    (one,) = rows_of(tmp_path / "one.csv")
    first = rows_of(tmp_path / "all.csv")[0]
    assert (one["lesion"], one["predicted"]) == ("lesion", first["predicted"])
    for name in ("p_cyst", "p_metastasis", "p_hemangioma"):
        assert float(one[name]) == pytest.approx(float(first[name]), abs=1.01e-6)


def test_an_undiagnosed_lesion_may_be_asked_about(finished, tmp_path, capsys):
    assert main(["predict", CLASSIFIER, changed(finished, tmp_path, **{"class": "unknown"})]) == 0
    assert "row 2  " in capsys.readouterr().out


def test_a_refused_lesion_is_a_sentence_and_1_and_the_others_go_on(finished, tmp_path, capsys):
    (tmp_path / "broken.nii").write_text("nothing")
    manifest = changed(finished, tmp_path, image=str(tmp_path / "broken.nii"))
    assert main(["predict", CLASSIFIER, manifest]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("E-")
    assert " row 2: " in said.err
    assert said.err.count("\n") == 1
    assert "row 3  " in said.out


def test_a_lesion_outside_its_image_is_a_sentence_and_1(finished, tmp_path, capsys):
    image = str(finished / "0" / "CT")
    place = ["--center-mm", "0", "0", "900", "--diameter-mm", "9"]
    assert main(["predict", CLASSIFIER, image, *place, "--out", "p.csv"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("E-ROI-01 lesion: the centre lies outside the image. Refused.")
    assert said.out == ""
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none", "{m}"], "No finished classifier 'none' in runs/classifier/. There are: classic-32-acgan-3-r0-f0-"),
        ([CLASSIFIER, "none.csv"], "No manifest none.csv: there is no such file."),
        ([CLASSIFIER, "none"], "There is no such file or folder. Name a manifest, its folder, or an image."),
        ([CLASSIFIER, "{ct}"], "Where is the lesion in the image? Add --center-mm X Y Z and --diameter-mm D."),
        ([CLASSIFIER, "{ct}", "--diameter-mm", "9"], "Where is the lesion in the image?"),
        ([CLASSIFIER, "{m}", "--diameter-mm", "9"], "A manifest says itself where its lesions are"),
        ([CLASSIFIER, "{ct}", *AT, "--diameter-mm", "0"], "--center-mm and --diameter-mm must be numbers of"),
        ([CLASSIFIER, "{ct}", *AT, "--diameter-mm", "inf"], "--center-mm and --diameter-mm must be numbers of"),
        ([CLASSIFIER, "{m}", "--out", "runs"], "--out: runs is there already. Name a new file."),
    ],
)
def test_a_users_mistake_is_a_sentence_and_2(arguments, sentence, finished, capsys):
    places = {"{m}": str(finished / "manifest.csv"), "{ct}": str(finished / "0" / "CT")}
    assert main(["predict", *(places.get(text, text) for text in arguments)]) == 2
    assert capsys.readouterr().err.startswith(sentence)


def test_a_class_that_the_classifier_does_not_know(finished, tmp_path, capsys):
    assert main(["predict", CLASSIFIER, changed(finished, tmp_path, **{"class": "abscess"})]) == 2
    text = "m.csv row 2: unknown class 'abscess'; the classes are cyst, metastasis, hemangioma, unknown.\n"
    assert capsys.readouterr().err == text
