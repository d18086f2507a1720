"""Fits as stages do them; with two devices in two real processes."""

import csv

import pytest
import torch
from pytorch_lightning import Callback
from resumed_fits import BATCHES, CutAt, fit_gan
from small_gans import PLAIN
from small_gans import dcgan as small_dcgan

from data_modules.folds import make_splits
from liverlab.arm_data import classifier_data, generator_data
from liverlab.config import TrainerConfig
from liverlab.models.acgan import ACGAN
from liverlab.models.classifier import LesionClassifier
from liverlab.models.dcgan import DCGAN
from liverlab.settings import load_experiment
from liverlab.training import CHECKPOINT, fit, predict

ONE, TWO = TrainerConfig(accelerator="cpu"), TrainerConfig(accelerator="cpu", devices=2)
GAN = PLAIN | {
    "size": 64, "latent_dim": 4, "latent": "uniform", "generator_channels": 16, "lr": 1e-3, "betas": (0.5, 0.999),
    "generator_steps": 1, "seed": 0, "discriminator_channels": 2,
}  # fmt: skip


@pytest.fixture
def split(tiny_cohort):
    return make_splits(tiny_cohort, folds=3)[0]


def config(name="acgan_aug", *more):
    return load_experiment(name, ["profile=smoke", "classic.size=32", *more])


def cnn(seed=0):
    torch.manual_seed(seed)
    return LesionClassifier(
        num_classes=3, size=64, channels=[2, 4, 8], hidden=8, dropout=0.5, lr=1e-3, momentum=0.9, seed=seed
    )


def acgan():
    torch.manual_seed(0)
    return ACGAN(num_classes=3, embedding_dim=4, discriminator="odena", **GAN)


def dcgan():
    torch.manual_seed(0)
    return DCGAN(**GAN)


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
    assert all(map(torch.equal, first.state_dict().values(), again.state_dict().values()))
    assert (tmp_path / CHECKPOINT).exists()


class RankReport(Callback):
    """Each rank writes its state at the end, and a draw of noise at the start of its first batch."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if batch_idx == 0:
            torch.save(torch.rand(4), self.folder / f"noise-{trainer.global_rank}.pt")

    def teardown(self, trainer, pl_module, stage):
        torch.save(pl_module.state_dict(), self.folder / f"state-{trainer.global_rank}.pt")


def on_ranks(name, folder):
    return [torch.load(folder / f"{name}-{rank}.pt", weights_only=True) for rank in (0, 1)]


def fit_on_two(model, cohort, split, folder):
    data = generator_data(config("acgan_aug", "acgan.batch_size=16"), cohort, split, None)
    fit(model, data, TWO, folder=folder, epochs=1, callbacks=[RankReport(folder)])
    return len(data.labels) // 16


@pytest.mark.parametrize("make", [acgan, dcgan])
def test_gans_train_on_two_devices(make, tiny_cohort, split, tmp_path):
    before, model = make(), make()
    batches = fit_on_two(model, tiny_cohort, split, tmp_path)
    loaded = type(model).load_from_checkpoint(tmp_path / CHECKPOINT, weights_only=True)
    assert loaded.batches_seen == batches
    assert not torch.equal(*(next(m.generator.parameters()) for m in (loaded, before)))
    states = on_ranks("state", tmp_path)
    assert all(map(torch.equal, states[0].values(), states[1].values()))
    assert all(map(torch.equal, states[0].values(), loaded.state_dict().values()))
    assert not torch.equal(*on_ranks("noise", tmp_path))


def test_without_the_callback_batch_norm_drifts_apart(monkeypatch, tiny_cohort, split, tmp_path):
    monkeypatch.setattr("liverlab.training.BufferSync", Callback)
    fit_on_two(acgan(), tiny_cohort, split, tmp_path)
    states = on_ranks("state", tmp_path)
    drifted = {name for name in states[0] if not torch.equal(states[0][name], states[1][name])}
    assert any(name.endswith("running_mean") for name in drifted)
    assert not any(name.endswith("weight") for name in drifted)


def test_a_classifier_on_two_devices_takes_the_steps_of_one(tiny_cohort, split, tmp_path):
    """Without dropout a step over two halves is the step over the whole; the control has other batches."""
    weights = {}
    for name, trainer, batch in (("two", TWO, 16), ("one", ONE, 16), ("control", ONE, 8)):
        data = classifier_data(config("classic_aug", f"classifier.batch_size={batch}"), tiny_cohort, split)
        model = cnn()
        model.network[-2].p = 0.0
        fit(model, data, trainer, folder=tmp_path / name, epochs=2)
        weights[name] = torch.cat([p.flatten() for p in model.network.parameters()])
    torch.testing.assert_close(weights["two"], weights["one"], atol=1e-6, rtol=0)
    assert (weights["control"] - weights["one"]).abs().max() > 1e-5
