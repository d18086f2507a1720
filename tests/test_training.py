"""Fits as stages do them, on one device."""

import csv

import pytest
import torch
from resumed_fits import BATCHES, CutAt, fit_gan
from small_gans import dcgan as small_dcgan
from small_gans import same_state

from data_modules.folds import make_splits
from liverlab.arm_data import classifier_data
from liverlab.config import TrainerConfig
from liverlab.models.classifier import LesionClassifier
from liverlab.settings import load_experiment
from liverlab.training import CHECKPOINT, fit, predict

ONE = TrainerConfig(accelerator="cpu")


@pytest.fixture
def split(tiny_cohort):
    return make_splits(tiny_cohort, folds=3)[0]


def config(name, *more):
    return load_experiment(name, ["profile=smoke", "classic.size=32", *more])


def cnn(seed=0):
    torch.manual_seed(seed)
    return LesionClassifier(
        num_classes=3, size=64, channels=[2, 4, 8], hidden=8, dropout=0.5, lr=1e-3, momentum=0.9, seed=seed
    )


def test_a_classifier_fit_writes_its_curve_and_its_weights(tiny_cohort, split, tmp_path):
    data = classifier_data(config("classic_aug"), tiny_cohort, split)
    told = []
    model = cnn()
    fit(model, data, ONE, folder=tmp_path, steps=20, report=lambda done, total: told.append((done, total)))
    with (tmp_path / "log" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["test_accuracy"]]
    assert [int(row["step"]) for row in rows] == list(range(20))  # 20 points, counted from 0
    assert all(row["train_loss"] for row in rows)
    assert told[0] == (1, 20)
    loaded = LesionClassifier.load_from_checkpoint(tmp_path / CHECKPOINT, weights_only=True)
    probabilities = predict(loaded, data, ONE)
    assert probabilities.shape == (len(split.test), 3)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(len(split.test)))
    assert torch.equal(probabilities, predict(model, data, ONE))


def test_the_same_seed_gives_the_same_classifier_whatever_came_before(tiny_cohort, split, tmp_path):
    outputs = []
    for attempt, seed in enumerate((0, 0, 1)):
        model = cnn(seed)
        torch.manual_seed(attempt + 40)
        data = classifier_data(config("classic_aug"), tiny_cohort, split)
        fit(model, data, ONE, folder=tmp_path / str(attempt), steps=5)
        outputs.append(predict(model, data, ONE))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_progress_counts_on_from_the_batches_of_the_attempt_before(tmp_path):
    told = []
    fit_gan(small_dcgan, tmp_path, epochs=2)
    fit_gan(small_dcgan, tmp_path, epochs=4, report=lambda done, total: told.append((done, total)))
    assert told[0] == (2 * BATCHES + 1, 4 * BATCHES)


def test_a_fit_that_is_complete_is_not_run_again(tmp_path):
    first = fit_gan(small_dcgan, tmp_path, epochs=2)
    again = fit_gan(small_dcgan, tmp_path, epochs=2, callbacks=[CutAt(1), CutAt(2 * BATCHES + 1)])
    assert same_state(first, again)
    assert (tmp_path / CHECKPOINT).exists()
