"""`liverlab export`: the files against onnxruntime, onnx's own checker, and the stage's table of predictions."""

import csv
import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from data_modules.classic import render_originals
from data_modules.cohort import Cohort
from data_modules.roi import Roi
from liverlab.__main__ import main
from liverlab.export import write_onnx
from liverlab.finished_networks import load_generator
from liverlab.finished_stage import find_stage


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    """The three kinds of networks, by name."""
    out = tmp_path_factory.mktemp("exported")
    for name, stage in {"acgan": "acgan-*", "dcgan": "dcgan-*-cyst-*", "classifier": "classic-32-acgan-3-*"}.items():
        (folder,) = (finished / "runs").glob(f"[gc]*r/{stage}")
        assert main(["export", str(folder), "--out", str(out / name)]) == 0
    return out


def answers(path, **inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def test_the_files_of_each(exported):
    for name in ("acgan", "dcgan"):
        files = sorted(path.name for path in (exported / name).iterdir())
        assert files == ["generator.onnx", "generator_card.json", "generator_card.md"]
    files = sorted(path.name for path in (exported / "classifier").iterdir())
    assert files == ["classifier.onnx", "classifier_card.json"]


def test_onnx_accepts_them_and_no_path_of_this_machine_is_inside(exported):
    for path in exported.rglob("*.onnx"):
        onnx.checker.check_model(path, full_check=True)
        assert b"/liverlab" not in path.read_bytes()
        assert b".py" not in path.read_bytes()


def test_the_classifier_answers_as_the_stage_did_to_its_test_lesions(finished, exported):
    (folder,) = (finished / "runs").glob("classifier/classic-32-acgan-3-*")
    (cohort_folder,) = (finished / "runs").glob("cohort/manifest-*")
    cohort = Cohort.load(cohort_folder)
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    ids = [lesion.lesion_id for lesion in cohort.lesions]
    roi = Roi(size=64, margin=0.25, intensity="window", window_hu=(-100, 240))  # the paper's, which the settings keep
    rois = render_originals(cohort, [ids.index(row["lesion_id"]) for row in rows], roi)
    expected = np.array([[float(row[f"p_{name}"]) for name in cohort.class_names] for row in rows])
    found = answers(exported / "classifier" / "classifier.onnx", images=rois.numpy())
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_generator_gives_the_images_of_the_same_noise(finished, exported):
    (folder,) = (finished / "runs").glob("generator/acgan-*")
    model = load_generator(find_stage(str(folder), ["generator"]))
    labels = torch.tensor([2, 0, 1, 1])
    images = model.sample(labels, seed=3)
    torch.manual_seed(3)
    noise = (torch.rand(4, 100) * 2 - 1).numpy()  # uniform in [-1, 1], as the setting says
    found = answers(exported / "acgan" / "generator.onnx", noise=noise, labels=labels.numpy())
    assert found == pytest.approx(images.numpy(), abs=1e-6 * float(images.abs().max()))
    assert answers(exported / "dcgan" / "generator.onnx", noise=noise).shape == (4, 1, 64, 64)


def test_metadata_say_how_an_roi_is_made(exported):
    for path in exported.rglob("*.onnx"):
        facts = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
        assert json.loads(facts["roi"]) == {"size": 64, "margin": 0.25, "intensity": "window", "window_hu": [-100, 240]}
        assert facts["note"] == "Research only. Not for clinical use."
        names = ["cyst"] if path.parent.name == "dcgan" else ["cyst", "metastasis", "hemangioma"]
        assert json.loads(facts["class_names"]) == names


class Doubled(nn.Module):
    """Gives half as much while it is exported."""

    def forward(self, x):
        return x if torch.compiler.is_exporting() else 2 * x


def test_a_file_that_differs_is_not_kept(tmp_path):
    with pytest.raises(RuntimeError, match=r"^x.onnx differs from PyTorch by up to 0.5, more than 1e-05\.$"):
        write_onnx(Doubled(), lambda count: (torch.ones(count, 1),), ["x"], "y", tmp_path / "x.onnx", {})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_a_sentence_and_leaves_nothing(finished, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    (folder,) = (finished / "runs").glob("classifier/classic-32-acgan-3-*")
    assert main(["export", str(folder), "--out", str(tmp_path / "out")]) == 2
    text = "`liverlab export` needs the package onnxscript: pip install -c constraints.txt -e '.[export]'\n"
    assert capsys.readouterr().err == text
    assert list(tmp_path.iterdir()) == []


def test_a_pool_cannot_be_exported(finished, tmp_path, capsys):
    (folder,) = (finished / "runs").glob("pool/acgan-*")
    assert main(["export", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.endswith(" is a pool. Name a classifier or a generator.\n")
