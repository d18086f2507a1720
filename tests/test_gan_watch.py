import csv
import json
from contextlib import contextmanager
from types import SimpleNamespace

import torch
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import CSVLogger
from small_gans import acgan, dcgan, same_state
from torch.utils.data import DataLoader, TensorDataset

from callbacks.gan_findings import Finding
from callbacks.gan_log import GANLog
from callbacks.gan_watch import GANWatch
from callbacks.sample_grid import SampleGrid
from liverlab.models.dcgan import DCGAN

LABELS = torch.arange(32) % 3
NAMES = ("cyst", "metastasis", "hemangioma")


def images():
    """Disks of a brightness by class, on noise."""
    noise = torch.randn(32, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    x, y = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    return (x**2 + y**2 < 0.4) * (LABELS - 1).view(-1, 1, 1, 1) * 0.4 + noise * 0.1


def watch_of(folder, log, real, **changes):
    settings = {
        "path": folder / "watch.json", "images": real, "labels": LABELS, "class_names": NAMES, "every_n_epochs": 2,
        "seed": 5, "stop_on": (), "saturated_epochs": 2, "saturated_gap": 0.9, "collapsed_spread": 0.1,
        "ignored_label": 0.02, "vanished_gradient": 1e-6,
    }  # fmt: skip
    return GANWatch(log, **(settings | changes))


def fit(folder, model, *, real=None, epochs=4, before=(), after=(), checkpoint=None, **changes):
    """Four batches an epoch, an interval for every two."""
    folder.mkdir(exist_ok=True)
    data = images() if real is None else real
    log = GANLog(every_n_batches=2)
    watch = watch_of(folder, log, images(), **changes)
    trainer = Trainer(
        max_epochs=epochs, accelerator="cpu", callbacks=[*before, log, watch, *after], enable_progress_bar=False,
        logger=CSVLogger(folder, name="", version="log"), enable_checkpointing=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, DataLoader(TensorDataset(data, LABELS), batch_size=8), ckpt_path=checkpoint, weights_only=True)
    return watch


def settled(model):
    """Sampling as in a longer fit: batch norm's running statistics, far off for fifty batches, follow at once."""
    for module in model.generator.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.9
    return model


def kinds(watch):
    return [(finding.kind, finding.label) for finding in watch.findings]


def test_a_healthy_fit_has_nothing_to_find_and_says_so(tmp_path):
    watch = fit(tmp_path, settled(acgan()))
    assert kinds(watch) == []
    assert not watch.stopped
    assert json.loads((tmp_path / "watch.json").read_text()) == []
    with (tmp_path / "log" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["label_effect"]]
    assert [row["step"] for row in rows] == ["8", "16"]
    for row, check in zip(rows, watch.checks, strict=True):
        for name in ("kid_0", "kid_1", "kid_2", "spread_0", "spread_1", "spread_2", "label_effect"):
            assert float(row[name]) == check[name]


def test_a_nan_in_a_batch_ends_the_fit_at_the_end_of_its_interval(tmp_path):
    broken = images()
    broken[17] = torch.nan  # third batch
    watch = fit(tmp_path, acgan(), real=broken)
    [found] = json.loads((tmp_path / "watch.json").read_text())
    sentence = found.pop("sentence")
    expected = {"kind": "non_finite", "epoch": 1, "batches_seen": 4, "label": None, "value": None, "stopped": True}
    assert found == expected
    assert "discriminator's loss" in sentence
    assert watch.stopped
    assert watch.epochs == []


class Break(Callback):
    """A weight that is lost with the last batch of the second epoch: no loss shows it before the epoch is over."""

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if pl_module.batches_seen == 8:
            next(pl_module.generator.parameters()).data[0] = torch.nan


def test_a_lost_weight_is_found_before_the_epoch_is_saved(tmp_path):
    asked_to_stop = []

    class Saver(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            asked_to_stop.append(trainer.should_stop)

    watch = fit(tmp_path, dcgan(), before=[Break()], after=[Saver()])
    assert kinds(watch) == [("non_finite", None)]
    assert "generator's weights" in watch.findings[0].sentence
    assert asked_to_stop == [False, True]


def test_a_frozen_generator(tmp_path):
    watch = fit(tmp_path, settled(acgan(lr=0.0, discriminator_lr=1e-3)))
    assert kinds(watch) == [("frozen", None)]  # once, though in all epochs
    assert watch.findings[0].epoch == 1


def test_a_finding_ends_the_fit_where_that_is_asked_for(tmp_path):
    watch = fit(tmp_path, acgan(lr=0.0, discriminator_lr=1e-3), stop_on={"frozen"})
    assert len(watch.epochs) == 1
    assert watch.findings[0].stopped


def test_a_generator_that_ignores_its_label(tmp_path):
    model = acgan()
    torch.nn.init.zeros_(model.generator.embedding.weight)
    model.generator.embedding.requires_grad_(False)
    watch = fit(tmp_path, model)
    assert ("ignored_label", None) in kinds(watch)
    assert watch.checks[-1]["label_effect"] == 0


class Noiseless(DCGAN):
    def _noise(self, count):
        return torch.ones(count, self.latent_dim)


def test_a_generator_that_ignores_its_noise_has_collapsed(tmp_path):
    watch = fit(tmp_path, Noiseless(**dcgan().hparams))
    assert [label for kind, label in kinds(watch) if kind == "collapsed"] == [0, 1, 2]
    assert watch.checks[-1]["spread_0"] < 1e-3


def test_a_saturated_discriminator(tmp_path):
    model = dcgan(lr=1e-5, discriminator_lr=5e-3)
    watch = fit(tmp_path, model, real=images() * 5, epochs=10)
    assert ("saturated", None) in kinds(watch)


def test_a_discriminator_that_says_nothing_gives_no_gradient(tmp_path):
    model = dcgan()
    torch.nn.init.zeros_(model.discriminator.body[-1].weight)
    model.discriminator.body[-1].weight.requires_grad_(False)
    watch = fit(tmp_path, model, epochs=1)
    found = {finding.kind: finding.value for finding in watch.findings}
    assert found["vanished_gradient"] == 0
    assert "frozen" in found


def test_all_callbacks_together_do_not_change_the_fit(tmp_path):
    watched, plain = acgan(), acgan()
    grid = SampleGrid(tmp_path / "grids", labels=[0, 1, 2], columns=4, every_n_epochs=1, seed=0)
    fit(tmp_path, watched, after=[grid], every_n_epochs=1)
    trainer = Trainer(max_epochs=4, accelerator="cpu", logger=False, enable_progress_bar=False,
                      enable_checkpointing=False, enable_model_summary=False)  # fmt: skip
    trainer.fit(plain, DataLoader(TensorDataset(images(), LABELS), batch_size=8))
    assert same_state(watched, plain)
    assert watched.training == plain.training


class SaveThenStop(Callback):
    """As a fit that is killed after its second epoch's state was saved."""

    def __init__(self, path):
        self.path = path

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch == 1:
            trainer.save_checkpoint(self.path)
            trainer.should_stop = True


def test_a_resumed_fit_has_the_same_history_and_findings(tmp_path):
    def model():
        return acgan(lr=0.0, discriminator_lr=1e-3)

    whole = fit(tmp_path / "whole", model(), every_n_epochs=1)
    fit(tmp_path / "killed", model(), after=[SaveThenStop(tmp_path / "state.ckpt")], every_n_epochs=1)
    resumed = fit(tmp_path / "resumed", model(), checkpoint=tmp_path / "state.ckpt", every_n_epochs=1)
    assert [row["epoch"] for row in resumed.epochs] == [1, 2, 3, 4]
    assert resumed.state_dict() == whole.state_dict()
    # one from before the state was saved, the others from the second check that counts
    assert {(finding.kind, finding.epoch) for finding in whole.findings} == {
        ("frozen", 1), ("collapsed", 3), ("ignored_label", 3)
    }  # fmt: skip
    written = [(tmp_path / name / "watch.json").read_text() for name in ("whole", "resumed")]
    assert written[0] == written[1]


def test_samples_are_drawn_in_the_context_of_the_weights(tmp_path):
    calls = []

    @contextmanager
    def weights(pl_module):
        calls.append("in")
        yield
        calls.append("out")

    fit(tmp_path, acgan(), epochs=1, weights=weights)
    assert calls == ["in", "out"] * 3  # classes


def test_every_device_stops_with_the_first(tmp_path):
    # what rank 1 does where rank 0 sent this
    sent = Finding("non_finite", 1, 2, None, None, "A loss.", stopped=True)
    log = GANLog(every_n_batches=1)
    log.closing = True
    trainer = SimpleNamespace(
        is_global_zero=False, should_stop=False, current_epoch=0, strategy=SimpleNamespace(broadcast=lambda _: [sent])
    )
    watch = watch_of(tmp_path, log, images())
    watch.on_train_batch_end(trainer, SimpleNamespace(batches_seen=torch.tensor(2)), None, None, 0)
    assert trainer.should_stop
    assert watch.findings == [sent]
    assert not (tmp_path / "watch.json").exists()
