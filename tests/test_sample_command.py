"""`liverlab sample`, as users type it."""

import json
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from PIL import Image

from data_modules.pool import SamplePool
from liverlab.__main__ import main


@pytest.fixture(autouse=True)
def here(finished, tmp_path, monkeypatch):
    """A folder of one's own beside the finished runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").symlink_to(finished / "runs")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_all_formats_hold_the_same_images(tmp_path, capsys):
    formats = ["--format", "png", "npz", "dicom"]
    assert main(["sample", "acgan", "--class", "metastasis", "--n", "9", "--out", "s", "--seed", "5", *formats]) == 0
    assert "9 synthetic images of metastasis: s\nNot for clinical use." in capsys.readouterr().out
    stems = [f"metastasis-000{i}" for i in range(1, 10)]
    extra = ["contact-sheet-metastasis.png", "samples.json", "samples.npz"]
    assert names(tmp_path / "s") == sorted([*(f"{s}.png" for s in stems), *(f"{s}.dcm" for s in stems), *extra])
    with np.load(tmp_path / "s" / "samples.npz") as arrays:
        images = arrays["images"]
        assert images.shape == (9, 1, 64, 64)
        assert arrays["labels"].tolist() == [1] * 9
        assert arrays["class_names"].tolist() == ["cyst", "metastasis", "hemangioma"]
    for stem, image in zip(stems, images[:, 0], strict=True):
        png = Image.open(tmp_path / "s" / f"{stem}.png")
        assert np.abs(np.array(png) / 255 - (image + 1) / 2).max() <= 0.5 / 255 + 1e-6
        assert "Not a patient. Not for clinical use." in png.text["Description"]
        dicom = pydicom.dcmread(tmp_path / "s" / f"{stem}.dcm")
        assert np.abs(dicom.pixel_array / 4095 - (image + 1) / 2).max() <= 0.5 / 4095 + 1e-6
        assert " with seed 5." in dicom.DerivationDescription
    assert Image.open(tmp_path / "s" / "contact-sheet-metastasis.png").size == (8 * 64, 64)
    assert json.loads((tmp_path / "s" / "samples.json").read_text())["images"] == {"metastasis": 9}


def test_the_seed_of_a_pool_gives_the_pool(tmp_path):
    (folder,) = (tmp_path / "runs" / "pool").glob("acgan-*")
    pool = SamplePool.load(folder)
    seed = str(pool.provenance.seed)
    assert main(["sample", "acgan", "--n", "6", "--seed", seed, "--out", "s", "--format", "npz"]) == 0
    with np.load(tmp_path / "s" / "samples.npz") as arrays:
        assert np.array_equal(arrays["labels"], np.repeat([0, 1, 2], 6))
        # 3 of each class and training fold, of which there is one
        first = arrays["images"].reshape(3, 6, 1, 64, 64)[:, :3].reshape(-1, 1, 64, 64)
    assert np.abs(first - pool.images.numpy()).max() <= 2**-11


def test_a_generator_of_one_class_needs_no_class_and_the_same_seed_gives_the_same_bytes(tmp_path):
    for out in ("one", "two"):
        assert main(["sample", "dcgan-r0-f0-hemangioma", "--n", "2", "--out", out, "--format", "png", "dicom"]) == 0
    assert names(tmp_path / "one") == names(tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["acgan", "--n", "0"], "--n 0: at least 1 is needed."),
        (["acgan", "--seed", "-1"], "--seed -1: a number from 0 to 2147483647 is needed."),
        (["acgan", "--class", "cist"], "knows no class 'cist'. Did you mean 'cyst'?"),
        (["dcgan-r0-f0-cyst", "--class", "metastasis"], "knows no class 'metastasis'. There are: cyst."),
        (["acgan_aug"], "No finished generator 'acgan_aug' in runs/generator/. There are: acgan-r0-f0-"),
        (["acgan", "--out", "full"], "full is not empty. Name a new folder."),
        (["acgan", "--out", "full/file"], "full/file is a file. Name a new folder."),
        (["acgan", "--out", "full/file/deep"], "--out: file is a file, and nothing can be made below it."),
    ],
)
def test_a_users_mistake_is_a_sentence_and_leaves_nothing(arguments, sentence, tmp_path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert main(["sample", "--out", "out", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert names(tmp_path) == ["full", "runs"]


def test_help_loads_nothing_heavy():
    check = "import sys, liverlab.__main__ as m; m._parser(); print({'torch', 'pydicom', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout == "set()\n"
