"""`liverlab inspect`, as users type it."""

import os
from pathlib import Path

import numpy as np
import pytest
from dicom_examples import row, write_ct, write_manifest, write_patient
from matplotlib.image import imread

from data_modules.privacy import Pseudonyms
from liverlab.__main__ import main

REAL = Path(os.environ.get("LIVERLAB_REAL_DATA", "/absent"))


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_patient(tmp_path)
    rows = [
        row("one", diameter_mm="11.5"),
        row("two", diameter_mm="", **{"class": "met"}),
        row("three", diameter_mm=""),
    ]
    return write_manifest(tmp_path / "manifest.csv", rows)


def test_a_case_with_its_lesions(manifest, tmp_path, capsys):
    assert main(["inspect", str(manifest), "two"]) == 1  # row 4 of the same image is refused
    printed = capsys.readouterr().out
    for line in (
        "1 series, 1 stack",
        "  stack 1: 8 slices of 64 x 64, axial, from -50.0 to -32.5 mm, thickness 2.5 mm, Explicit VR Little Endian",
        "geometry     64 x 64 x 8 voxels of 0.7 x 0.8 x 2.5 mm, axial",
        "  W-GEO-11 the field of view is 51 mm",
        "lesion of row 2, class cyst",
        "  key slice  5 of 8",
        "  diameter   10.0 mm, listed 11.5 mm",
        "  centre     -3.2, -14.0, -40.0 mm (LPS)",
        "  inside     mean -20, median -20 HU",
        "  around     100 HU",
        "lesion of row 3, class met",
        "  diameter   6.8 mm\n",
        "lesion of row 4, class cyst\n  E-SEG-04 mask_label is not in the mask",
    ):
        assert line in printed
    pictures = sorted((tmp_path / "inspect").iterdir())
    assert [path.name for path in pictures] == ["row-2.png", "row-3.png"]
    assert imread(pictures[0]).shape[:2] == (512, 512)


def test_a_case_by_row_or_pseudonym(manifest, capsys):
    assert main(["inspect", str(manifest.parent), "--row", "3", "--out", "shown"]) == 1
    assert "L-" not in capsys.readouterr().out  # no salt, no pseudonym, and none is made
    assert not Path("data").exists()
    pseudonym = Pseudonyms(Path("data/.salt")).lesion(row("two")["patient_id"], "two")
    assert main(["inspect", str(manifest), pseudonym]) == 1
    assert f"lesion of row 3 ({pseudonym}), class met" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["manifest.csv"], "Which case? Add --row N, or a lesion_id."),
        (["manifest.csv", "--row", "9"], "row 9: no row has it. The manifest's rows are 2 to 4; add --row N."),
        (["manifest.csv", "four"], "that lesion_id or pseudonym: no row has it."),
        (["absent"], "There is no such file or folder."),
        (["x" * 300], "There is no such file or folder."),
    ],
)
def test_a_wrong_call_is_a_sentence_and_2(arguments, sentence, manifest, capsys):
    assert main(["inspect", *arguments]) == 2
    assert capsys.readouterr().err.startswith(sentence)


def test_stacks_are_shown_where_none_can_be_chosen(tmp_path, capsys):
    for name in "ab":
        write_ct(tmp_path / "CT" / name, np.full((3, 9, 9), 50))
    assert main(["inspect", str(tmp_path / "CT")]) == 1
    printed = capsys.readouterr().out
    assert "2 series, 2 stacks" in printed
    assert "E-DCM-03" in printed


@pytest.mark.skipif(not REAL.is_dir(), reason="LIVERLAB_REAL_DATA is not set")
def test_real_files(capsys):
    assert main(["inspect", str(REAL / "ct_seg_3slice" / "ct-3slice")]) == 0
    assert "512 x 512 x 3 voxels of 0.8105 x 0.8105 x 1 mm, axial" in capsys.readouterr().out
    assert main(["inspect", str(REAL / "awkward" / "dicomdirtests")]) == 1
    assert "2 series, 2 stacks" in capsys.readouterr().out
    assert main(["inspect", str(REAL / "nifti_abdomen" / "example_ct.nii.gz")]) == 0
    assert "122 x 101 x 112 voxels of 3 x 3 x 3 mm" in capsys.readouterr().out
