"""Fits on two devices, in two real processes on a CPU, each beside a control in which it goes wrong."""

from dataclasses import replace

import pytest
import torch
from pytorch_lightning import Callback
from small_gans import SHARED, acgan, dcgan
from torch import nn
from torch.multiprocessing import ProcessRaisedException

from data_modules.folds import make_splits
from liverlab import training
from liverlab.arm_data import classifier_data, generator_data
from liverlab.config import TrainerConfig
from liverlab.models.acgan import ACGAN
from liverlab.models.classifier import LesionClassifier
from liverlab.models.dcgan import DCGAN
from liverlab.settings import load_experiment
from liverlab.training import CHECKPOINT, fit, predict

FORK = "ddp_fork_find_unused_parameters_true"  # starts in a second; spawned processes import everything again
ONE = TrainerConfig(accelerator="cpu")
TWO = replace(ONE, devices=2, strategy=FORK)


@pytest.fixture
def split(tiny_cohort):
    return make_splits(tiny_cohort, folds=3)[0]


def config(name, *more):
    return load_experiment(name, ["profile=smoke", "classic.size=32", *more])


def fit_gan(model, cohort, split, folder, trainer=TWO, callbacks=()):
    """Two epochs of four batches of 16."""
    data = generator_data(config("acgan_aug", "acgan.batch_size=16"), cohort, split, None)
    fit(model, data, trainer, folder=folder, epochs=2, callbacks=callbacks)
    return model


class RankReport(Callback):
    """Each rank writes its weights at the end, and the noise of its first batch."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_start(self, trainer, pl_module):
        self.noise = []
        pl_module.generator.register_forward_pre_hook(lambda module, inputs: self.noise.append(inputs[0]))

    def teardown(self, trainer, pl_module, stage):
        torch.save(self.noise[0], self.folder / f"noise-{trainer.global_rank}.pt")
        torch.save(pl_module.state_dict(), self.folder / f"state-{trainer.global_rank}.pt")


def on_ranks(name, folder):
    return [torch.load(folder / f"{name}-{rank}.pt", weights_only=True) for rank in (0, 1)]


def differing(states):
    return {name for name in states[0] if not torch.equal(states[0][name], states[1][name])}


@pytest.mark.parametrize("make", [acgan, dcgan])
def test_all_ranks_end_with_the_weights_and_statistics_that_are_saved(make, tiny_cohort, split, tmp_path):
    fit_gan(make(), tiny_cohort, split, tmp_path, callbacks=[RankReport(tmp_path)])
    states = on_ranks("state", tmp_path)
    saved = torch.load(tmp_path / CHECKPOINT, weights_only=True)["state_dict"]
    assert not differing(states)
    assert not differing([states[0], saved])
    assert saved["batches_seen"] == 8
    assert differing([saved, make().state_dict()]) >= {name for name in saved if name.endswith("weight")}


def test_without_the_callback_the_statistics_drift_apart(monkeypatch, tiny_cohort, split, tmp_path):
    monkeypatch.setattr(training, "BufferSync", Callback)
    fit_gan(acgan(), tiny_cohort, split, tmp_path, callbacks=[RankReport(tmp_path)])
    drifted = differing(on_ranks("state", tmp_path))
    assert {name.rpartition(".")[2] for name in drifted} == {"running_mean", "running_var"}


@pytest.mark.parametrize("keyed", [True, False])
def test_every_rank_draws_noise_of_its_own(keyed, monkeypatch, tiny_cohort, split, tmp_path):
    """The control seeds every rank alike, as `seed_everything` does."""
    if not keyed:
        monkeypatch.setattr("liverlab.models.dcgan.seed_batch", lambda seed, *key, phase=0: torch.manual_seed(seed))
    fit_gan(dcgan(), tiny_cohort, split, tmp_path, callbacks=[RankReport(tmp_path)])
    first, second = on_ranks("noise", tmp_path)
    assert len(first) == 8  # half a batch
    assert torch.equal(first, second) != keyed


def test_plain_ddp_does_not_survive_two_networks(monkeypatch, tiny_cohort, split, tmp_path):
    monkeypatch.setattr(training, "choose_strategy", lambda config, manual: "ddp_fork")
    with pytest.raises(ProcessRaisedException, match="parameters that were not used in producing"):
        fit_gan(acgan(), tiny_cohort, split, tmp_path)


class Tied:
    """Noise, and the class asked for, are those of the real sample beside it, whichever device has it."""

    def training_step(self, batch, batch_idx):
        self.real = batch
        return super().training_step(batch, batch_idx)

    def _noise(self, count):
        return self.real[0].flatten(1)[:, : self.latent_dim]


class TiedDCGAN(Tied, DCGAN):
    pass


class TiedACGAN(Tied, ACGAN):
    def _generate(self, count):
        return self(self._noise(count), self.real[1]), self.real[1]


class BackwardAlone:
    """Lightning's `manual_backward` is what lets the devices average their gradients."""

    def manual_backward(self, loss):
        loss.backward()


def without_batch_statistics(network):
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm2d | nn.Dropout | nn.Dropout2d):
            setattr(network, name, nn.Identity())
        without_batch_statistics(child)


def weights_after(kind, trainer, cohort, split, folder):
    torch.manual_seed(0)
    more = {"num_classes": 3, "embedding_dim": 8, "discriminator": "odena"} if issubclass(kind, ACGAN) else {}
    model = kind(**SHARED, **more, discriminator_channels=2)
    without_batch_statistics(model)
    fit_gan(model, cohort, split, folder, trainer)
    return torch.cat([weights.flatten() for weights in model.parameters()])


@pytest.mark.parametrize("kind", [TiedACGAN, TiedDCGAN])
def test_two_devices_take_the_steps_of_one_on_whole_batches(kind, tiny_cohort, split, tmp_path):
    one = weights_after(kind, ONE, tiny_cohort, split, tmp_path / "one")
    two = weights_after(kind, TWO, tiny_cohort, split, tmp_path / "two")
    torch.testing.assert_close(two, one, atol=1e-6, rtol=0)
    control = weights_after(type("Alone", (BackwardAlone, kind), {}), TWO, tiny_cohort, split, tmp_path / "control")
    assert (control - one).abs().max() > 1e-4


def test_a_classifier_on_two_devices_takes_the_steps_of_one(tiny_cohort, split, tmp_path):
    """Without dropout a step over two halves is the step over the whole; the control has other batches.

    An odd number of test lesions: two devices would predict one of them twice.
    """
    split = replace(split, test=split.test[:-1])
    weights, rows = {}, {}
    for name, trainer, batch in (("two", TWO, 16), ("one", ONE, 16), ("control", ONE, 8)):
        data = classifier_data(config("classic_aug", f"classifier.batch_size={batch}"), tiny_cohort, split)
        torch.manual_seed(0)
        model = LesionClassifier(
            num_classes=3, size=64, channels=[2, 4, 8], hidden=8, dropout=0.0, lr=1e-3, momentum=0.9, seed=0
        )
        fit(model, data, trainer, folder=tmp_path / name, epochs=2)
        weights[name] = torch.cat([p.flatten() for p in model.network.parameters()])
        rows[name] = predict(model, data, trainer)
    torch.testing.assert_close(weights["two"], weights["one"], atol=1e-6, rtol=0)
    assert (weights["control"] - weights["one"]).abs().max() > 1e-5
    assert len(split.test) == len(rows["two"]) == 7
    torch.testing.assert_close(rows["two"], rows["one"], atol=1e-5, rtol=0)


def test_a_stage_spawns_its_second_process(tiny_cohort, split, tmp_path):
    model = fit_gan(dcgan(), tiny_cohort, split, tmp_path, replace(TWO, strategy="auto"))
    assert model.batches_seen == 8
