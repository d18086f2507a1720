import os
from pathlib import Path

import pytest
from dicom_examples import row, write_manifest, write_patient

from data_modules.errors import InputError
from liverlab.__main__ import main
from liverlab.commands.out_folder import expect_writable, written_as_one


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("file/mine", "--out: file is a file, and nothing can be made below it. Name another."),
        ("file/deep/mine", "--out: file is a file, and nothing can be made below it. Name another."),
        ("x" * 300 + "/mine", "--out cannot be made there (File name too long). Name another."),
    ],
)
@pytest.mark.parametrize("verb", ["ingest", "inspect", "manifest"])
def test_what_cannot_be_made_is_a_sentence_and_2(verb, out, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_patient(tmp_path)
    write_manifest(tmp_path / "m.csv", [row("one"), row("two", **{"class": "b"})])
    Path("file").touch()
    arguments = {"ingest": ["m.csv"], "inspect": ["m.csv", "--row", "2"], "manifest": ["dicom-seg", "erika"]}[verb]
    assert main([verb, *arguments, "--out", out]) == 2
    assert capsys.readouterr().err == sentence + "\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["erika", "file", "m.csv"]


def test_the_hidden_part_has_a_name_that_can_be_made(tmp_path):
    expect_writable(tmp_path / ("x" * 249))  # and .xxx.temp has the 255 bytes that file systems take
    with pytest.raises(InputError, match=r"--out cannot be made there \(File name too long\)"):
        expect_writable(tmp_path / ("x" * 250))


def test_a_folder_that_may_not_be_written_to(tmp_path, monkeypatch):
    expect_writable(tmp_path / "new" / "mine")
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # root may write everywhere
    with pytest.raises(InputError, match=r"nothing may be written to .*\. Name another\."):
        expect_writable(tmp_path / "new" / "mine")


def test_what_was_there_stays_if_the_last_step_fails(tmp_path, monkeypatch):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "old").touch()
    real = Path.replace

    def replace(self, target):
        if self.name == ".mine.temp":
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt), written_as_one(out) as part:
        (part / "new").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "old"]
