"""`liverlab manifest`, as users type it."""

import pytest
from dataset_trees import rows_of, write_volume
from dicom_examples import body

from data_modules.adapters.dataset_formats import FORMATS
from liverlab.__main__ import main


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hu, masks = body(lesions=[(4, 20, 24, 6, 40), (3, 40, 44, 4, -10)])
    write_volume(tmp_path / "data" / "imagesTr" / "a_0000.nii.gz", hu)
    write_volume(tmp_path / "data" / "labelsTr" / "a.nii.gz", masks[0] * 3 + masks[1] * 6)


def test_a_manifest_that_ingest_takes(tree, capsys):
    command = ["manifest", "mswal", "data", "--out", "lists/mine.csv", "--label", "3=metastasis", "--source", "site_A"]
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines()[0] == "2 lesions of 1 patients: 1 metastasis, 1 cyst."
    assert main(["ingest", "lists/mine.csv", "--out", "cohort"]) == 0
    assert "1  cyst, under 10 mm, source site_A" in capsys.readouterr().out
    assert main(command) == 2
    assert capsys.readouterr().err.strip() == "mine.csv exists already. Name a new file."


def test_files_of_a_renamed_manifest_are_not_written_over(tree, tmp_path, capsys):
    assert main(["manifest", "mswal", "data", "--out", "mine.csv"]) == 0
    (tmp_path / "mine.csv").rename(tmp_path / "a.csv")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "mine_files").iterdir()}
    assert main(["manifest", "mswal", "data", "--out", "mine.csv"]) == 2
    assert capsys.readouterr().err.startswith(
        "mine_files exists already, and a manifest under another name may need it."
    )
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "mine_files").iterdir()} == before


def test_a_stopped_listing_leaves_no_files(tree, tmp_path, monkeypatch, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("data_modules.adapters.dataset_formats.write_manifest", stop)
    assert main(["manifest", "mswal", "data", "--out", "mine.csv"]) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_help_names_every_format(capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["manifest", "--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in FORMATS)


def test_manifests_of_two_sources_can_be_joined(tree, tmp_path):
    for name, labels in (("one", ["3=metastasis"]), ("two", ["3=hemangioma", "6="])):
        rules = [word for label in labels for word in ("--label", label)]
        assert main(["manifest", "mswal", "data", "--out", f"{name}.csv", "--source", name, *rules]) == 0
    joined = tmp_path / "all.csv"
    joined.write_text((tmp_path / "one.csv").read_text() + (tmp_path / "two.csv").read_text().split("\n", 1)[1])
    assert len({mask for (mask,) in rows_of(joined, "mask")}) == 3  # neither wrote over the other's masks
    assert rows_of(joined, "class", "source") == [("metastasis", "one"), ("cyst", "one"), ("hemangioma", "two")]
