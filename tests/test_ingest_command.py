"""`liverlab ingest`, as users type it."""

import json
import shutil

import pytest
from dicom_examples import row, write_manifest, write_patient

from data_modules.cohort import Cohort
from liverlab.__main__ import main


@pytest.fixture
def twenty(tmp_path, monkeypatch):
    """Twenty lesions of twenty patients, of which the seventh (row 8) has a truncated slice."""
    monkeypatch.chdir(tmp_path)
    write_patient(tmp_path / "source")
    rows = [row("one", patient_id=f"P{k}", image=f"{k}/CT", mask=f"{k}/SEG.dcm") for k in range(20)]
    for k in range(20):
        rows[k]["class"] = "ab"[k % 2]
        (tmp_path / "source" / str(k)).symlink_to("erika")
    bad = tmp_path / "source" / "6"
    bad.unlink()
    shutil.copytree(tmp_path / "source" / "erika", bad)
    slice_ = bad / "CT" / "004.dcm"
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
