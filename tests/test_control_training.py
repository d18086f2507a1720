import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from test_pipeline import load, same_weights

from data_modules.folds import Split
from liverlab.arm_data import classifier_data, find_split
from liverlab.arms import arms_of
from liverlab.config import ControlConfig
from liverlab.control_training import shown_labels
from liverlab.pipeline import plan_classifier
from liverlab.place import Place
from liverlab.settings import EXPERIMENTS
from liverlab.stages import Stage, complete, in_order

PLACE = Place(0, 0)
# 100, 55 and 45 training lesions of the classes, and as many test lesions behind them
COUNTS = (100, 55, 45)
LABELS = np.tile(np.repeat([0, 1, 2], COUNTS), 2)
COHORT = SimpleNamespace(labels=LABELS, class_names=("a", "b", "c"))
SPLIT = Split(0, 0, tuple(range(200)), tuple(range(200, 400)))
ARMS = sorted(path.stem for path in (EXPERIMENTS / "controls").glob("*.yaml") if "\narms:" not in path.read_text())


def shown(**control):
    return shown_labels(COHORT, SPLIT, ControlConfig(**control), 0)


def test_an_ordinary_arm_shows_every_lesion_as_it_is():
    assert shown(reseed=1, real_images=False) is None


def test_of_each_class_the_share_is_shown_under_another_and_no_test_lesion_is():
    labels = shown(corrupted_labels=0.3)
    wrong = Counter(LABELS[:200][(labels != LABELS)[:200]].tolist())
    assert wrong == {0: 30, 1: 16, 2: 14}  # 30, 16.5 and 13.5, rounded to even halves
    assert (labels[200:] == LABELS[200:]).all()
    assert set(labels.tolist()) == {0, 1, 2}
    fewer = shown(corrupted_labels=0.1)
    assert ((fewer == LABELS) | (fewer == labels)).all()


def test_the_other_classes_are_equally_likely():
    labels = shown(corrupted_labels=1.0)
    assert (labels[:200] != LABELS[:200]).all()
    to_b = (labels[:100] == 1).sum()
    assert abs(to_b - 50) < 4 * 5  # binomial of 100 and a half: standard deviation 5


def test_permuted_labels_are_the_same_ones_dealt_out_anew():
    labels = shown(permuted_labels=True)
    assert np.bincount(labels[:200]).tolist() == list(COUNTS)
    assert (labels[200:] == LABELS[200:]).all()
    # as often right as two draws agree: (100^2 + 55^2 + 45^2) / 200^2 = .376, and .034 is one standard deviation
    assert abs((labels == LABELS)[:200].mean() - 0.376) < 4 * 0.034


def test_all_classic_images_of_a_lesion_are_shown_alike_and_the_test_side_as_it_is(tiny_cohort):
    config = load("controls/corrupted_labels")
    split = find_split(tiny_cohort, config, PLACE)
    data = classifier_data(config, tiny_cohort, split)
    data.setup()
    rounds = data.train_labels.reshape(4, 16)  # the original and three transforms of 16 lesions
    assert (rounds == rounds[0]).all()
    own = tiny_cohort.labels[list(split.train)]
    counts = np.bincount(own)
    assert (rounds[0].numpy() != own).sum() == sum(round(0.3 * n) for n in counts.tolist())
    assert data.test_labels.tolist() == tiny_cohort.labels[list(split.test)].tolist()
    plain = classifier_data(load("classic_aug"), tiny_cohort, split)
    plain.setup()
    assert (plain.train_images == data.train_images).all()


def fit_arm(cohort, folder, name):
    """The finished classifier stage of fold 0."""
    stage = Stage("cohort", "tiny", {}, lambda path, _: cohort.save(path))
    arm = plan_classifier(load(name), stage, PLACE, "e")
    for each in in_order([arm]):
        complete(each, folder)
    return arm.folder(folder)


NOTES = {
    "a_a": ["other seeds than its twin's (control.reseed=1)"],
    "corrupted_labels": ["5 of 16 training lesions shown under another class"],
    "synthetic_only": ["no real image in training, though the subtracted mean is that of the real ones"],
}

NAMES = {
    "a_a": "classic-32-reseed-r0-f0",
    "placebo": "classic-32-placebo-2-r0-f0",
    "synthetic_only": "classic-32-acgan-2-real_images-r0-f0",
}


@pytest.mark.parametrize("name", ARMS)
def test_every_control_runs_and_notes_what_it_did(name, tiny_cohort, tmp_path):
    folder = fit_arm(tiny_cohort, tmp_path, f"controls/{name}")
    assert folder.name.startswith(NAMES.get(name, "classic-32"))
    assert len((folder / "predictions.csv").read_text().splitlines()) == 1 + 8
    training = json.loads((folder / "training.json").read_text())
    real = {"real": 0, "classic": 0} if name == "synthetic_only" else {"real": 16, "classic": 48}
    pooled = name in ("classic_more", "duplicate_real", "placebo", "synthetic_only")
    if name in NOTES or pooled:
        assert training == {"images": real | {"synthetic": 12 * pooled}, "control": NOTES.get(name, [])}


def test_a_a_is_the_same_arm_with_other_weights(tiny_cohort, tmp_path):
    plain, again = (fit_arm(tiny_cohort, tmp_path, name) for name in ("classic_aug", "controls/a_a"))
    assert not same_weights(plain, again)
    rows = [[line.split(",")[:5] for line in (f / "predictions.csv").read_text().splitlines()] for f in (plain, again)]
    assert rows[0] == rows[1]  # the same lesions are tested


def test_the_check_holds_every_control_that_needs_no_generator():
    names = [arm.name for arm in arms_of("controls/check", ["profile=smoke"])]
    without = {"synthetic_only", "leak_demo"}
    assert names[0] == "classic_aug"
    assert sorted(names[1:]) == [f"controls-{name}" for name in ARMS if name not in without]
