"""The baseline's stage, its place in the plan, and what evaluation and report make of an arm without steps."""

import csv
import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from data_modules.errors import InputError
from liverlab.arm_data import find_split
from liverlab.arms import baseline_of
from liverlab.bovw_stage import fit_bovw
from liverlab.pipeline import plan_arm
from liverlab.place import Place
from liverlab.settings import load_experiment

QUICK = ["profile=smoke", "tracking=none", "bovw.words=30", "bovw.stride_px=6", "classic.size=32"]


def load(*more):
    return load_experiment("paper/bovw", [*QUICK, *more])


def keys(config):
    return [stage.key for stage in plan_arm(config, experiment="e")]


def rows_of(cohort, folder, config, fold=0):
    (folder / "cohort").mkdir(parents=True)
    cohort.save(folder / "cohort")
    fit_bovw(folder, [folder / "cohort"], config=config, place=Place(0, fold), experiment="e")
    with (folder / "predictions.csv").open() as file:
        return list(csv.DictReader(file))


def test_rows_and_counts_of_a_split(tiny_cohort, tmp_path):
    split = find_split(tiny_cohort, load(), Place(0, 1))
    rows = rows_of(tiny_cohort, tmp_path, load(), fold=1)
    assert [row["lesion_id"] for row in rows] == [tiny_cohort.lesions[i].lesion_id for i in split.test]
    assert [row["predicted"] for row in rows] == [row["label"] for row in rows]  # told apart by their brightness
    for row in rows:
        assert sum(float(row[f"p_{name}"]) for name in tiny_cohort.class_names) == pytest.approx(1, abs=1e-5)
    training = json.loads((tmp_path / "training.json").read_text())
    assert training["images"] == {"real": 16, "classic": 0, "synthetic": 0}


def test_classic_images_belong_to_the_patients_of_their_lesions(tiny_cohort, tmp_path, monkeypatch):
    seen = {}

    def fit(model, images, labels, patients):
        seen.update(labels=labels, patients=patients)
        raise InterruptedError

    monkeypatch.setattr("liverlab.models.bovw.BagOfVisualWords.fit", fit)
    with pytest.raises(InterruptedError):
        rows_of(tiny_cohort, tmp_path, load("augmentation=classic"))
    assert len(seen["patients"]) == 64  # 32 per fold, 2 folds
    # a patient of the tiny cohort has lesions of one class
    assert all(seen["labels"] == seen["patients"] % 3)


def stamped(cohort, lesion):
    patches = cohort.patches.copy()
    patches[lesion] = np.random.default_rng(1).normal(60, 60, patches[lesion].shape)
    return replace(cohort, patches=patches)


def test_canary_no_test_pixel_reaches_the_fit(tiny_cohort, tmp_path):
    split = find_split(tiny_cohort, load(), Place(0, 0))
    clean = rows_of(tiny_cohort, tmp_path / "clean", load())
    canary = rows_of(stamped(tiny_cohort, split.test[0]), tmp_path / "canary", load())
    assert clean[0] != canary[0]
    assert clean[1:] == canary[1:]
    control = rows_of(stamped(tiny_cohort, split.train[0]), tmp_path / "control", load())
    assert clean[1:] != control[1:]


def test_the_baseline_is_the_cnn_and_its_stages_are_shared():
    mine = load("method=bovw", "augmentation=classic")
    cnn = baseline_of(mine, [*QUICK, "method=bovw", "augmentation=classic"])
    assert (mine.method, cnn.method, cnn.augmentation) == ("bovw", "cnn", "classic")
    assert keys(cnn) == keys(load_experiment("classic_aug", QUICK))


@pytest.mark.parametrize(
    ("setting", "same"), [("bovw.words=31", False), ("seed=1", False), ("classifier.lr=1", True), ("acgan.lr=1", True)]
)
def test_what_changes_the_stage(setting, same):
    assert (keys(load()) == keys(load(setting))) is same


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["generator=dcgan", "augmentation=classic"], "set generator=none"),
        (["bovw.components=122"], "a patch of bovw.patch_px=11 has 121 pixels"),
        (["bovw.penalty=0"], "bovw.penalty: 0.0 fits nothing"),
    ],
)
def test_impossible_settings_are_named(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        load(*settings)


def test_its_scores_are_tracked(tiny_cohort, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("liverlab.bovw_stage.track_scores", lambda *given: told.append(given))
    rows_of(tiny_cohort, tmp_path, load())
    assert told == [(load(), tmp_path, Place(0, 0), "e", asdict(load().bovw))]
