"""`liverlab ingest`, as users type it."""

import json
import shutil

import pytest
from dicom_examples import row, write_manifest, write_patient

from data_modules.cohort import Cohort
from liverlab.__main__ import main


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Two lesions of one patient."""
    monkeypatch.chdir(tmp_path)
    write_patient(tmp_path / "source")
    rows = [row("one"), row("two", **{"class": "b"})]
    return ["ingest", str(write_manifest(tmp_path / "source" / "manifest.csv", rows)), "--jobs", "1", "--out"]


@pytest.fixture
def twenty(tmp_path, monkeypatch):
    """Twenty lesions of twenty patients, of which the seventh (row 8) has a truncated slice."""
    monkeypatch.chdir(tmp_path)
    write_patient(tmp_path / "source")
    rows = [row("one", patient_id=f"P{k}", image=f"{k}/CT", mask=f"{k}/SEG.dcm") for k in range(20)]
    for k in range(20):
        rows[k]["class"] = "ab"[k % 2]
        shutil.copytree(tmp_path / "source" / "erika", tmp_path / "source" / str(k))
    slice_ = tmp_path / "source" / "6" / "CT" / "004.dcm"
    slice_.write_bytes(slice_.read_bytes()[:-3000])
    return write_manifest(tmp_path / "source" / "manifest.csv", rows)


def test_one_bad_case_of_twenty(twenty, tmp_path, capsys):
    assert main(["ingest", str(twenty.parent), "--out", "data/mine"]) == 1
    printed = capsys.readouterr().out
    assert "19 lesions kept, 1 skipped." in printed
    assert "E-DCM-01 row 8 (L-" in printed
    assert len(Cohort.load(tmp_path / "data" / "mine")) == 19
    names = sorted(path.name for path in (tmp_path / "data" / "mine").iterdir())
    assert names == ["cohort.json", "ingest.html", "ingest.json", "patches.npy"]
    assert [s["row"] for s in json.loads((tmp_path / "data" / "mine" / "ingest.json").read_text())["skipped"]] == [8]


def test_strict_stops_at_it_and_writes_no_cohort(twenty, tmp_path, capsys):
    assert main(["ingest", str(twenty), "--out", "data/mine", "--strict"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("E-DCM-01 row 8 (L-")
    assert "no cohort was written" in error
    assert not (tmp_path / "data" / "mine").exists()


def test_another_ingest_takes_the_place_of_an_earlier_one_or_leaves_it_as_it_was(two, tmp_path, monkeypatch, capsys):
    out = tmp_path / "data" / "mine"
    assert main([*two, "data/mine"]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def stop(self, folder):
        (folder / "patches.npy.part").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Cohort, "save", stop)
        assert main([*two, "data/mine", "--classes", "b", "cyst"]) == 130
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert main([*two, "data/mine", "--classes", "b", "cyst"]) == 0
    assert Cohort.load(out).class_names == ("b", "cyst")
    assert sorted(path.name for path in out.parent.iterdir()) == [".salt", "mine"]


@pytest.mark.parametrize("held", [["notes.txt"], ["ingest.json", "notes.txt"], ["cohort.json"]])
def test_nothing_but_an_earlier_ingest_is_replaced(two, tmp_path, capsys, held):
    (tmp_path / "mine").mkdir()
    for name in held:
        (tmp_path / "mine" / name).touch()
    assert main([*two, "mine"]) == 2
    assert capsys.readouterr().err == "mine holds something else than an earlier ingest. Name a new folder.\n"
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == sorted(held)


def test_an_empty_folder_is_filled_unless_it_is_the_one_that_one_is_in(two, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").mkdir()
    assert main([*two, "mine"]) == 0
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert main([*two, "."]) == 2
    assert capsys.readouterr().err == ". cannot be replaced by the finished cohort. Name a new folder inside it.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["source"], "The folder holds no manifest.csv."),
        (["absent.csv"], "No manifest absent.csv"),
        (["m.csv", "--jobs", "0"], "--jobs 0: at least 1 is needed."),
        (["m.csv", "--hu-window", "240", "-160"], "--hu-window 240 -160: the first must be the lower"),
    ],
)
def test_a_wrong_call_is_a_sentence_and_2(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "source").mkdir()
    assert main(["ingest", *arguments, "--out", "data/mine"]) == 2
    assert capsys.readouterr().err.strip().startswith(sentence)
    assert not (tmp_path / "data").exists()
