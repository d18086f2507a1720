import csv

import pytest
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import CSVLogger
from small_gans import acgan, dcgan, loader, same_state

from callbacks.gan_log import GANLog

LOSSES = ["d_loss", "g_loss", "d_real", "d_fake"]


class Witness(Callback):
    """Keeps by itself what `GANLog` should have seen; comes after it."""

    def __init__(self):
        self.outputs, self.squares = [], []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.outputs.append({name: value.item() for name, value in outputs.items()})

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        networks = {"generator": pl_module.generator, "discriminator": pl_module.discriminator}
        name = next(n for n, x in networks.items() if optimizer.param_groups[0]["params"][0] is next(x.parameters()))
        self.squares.append((name, sum(float(p.grad.square().sum()) for p in networks[name].parameters())))

    def mean(self, name, first, last):
        return sum(row[name] for row in self.outputs[first:last]) / (last - first)


def fit(folder, model, *, every, epochs=1, batches=5):
    log, witness = GANLog(every_n_batches=every), Witness()
    trainer = Trainer(
        max_epochs=epochs, accelerator="cpu", callbacks=[log, witness], enable_progress_bar=False,
        logger=CSVLogger(folder, name="", version="log"), enable_checkpointing=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, loader(8 * batches))
    with (folder / "log" / "metrics.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    return log, witness, rows


def test_rows_are_means_over_intervals_within_an_epoch(tmp_path):
    _, witness, rows = fit(tmp_path, acgan(), every=2, epochs=2)
    # of five batches the fifth is left over
    assert [row["step"] for row in rows] == [row["batches_seen"] for row in rows] == [2, 4, 7, 9]
    assert [row["epoch"] for row in rows] == [1, 1, 2, 2]
    for row, first in zip(rows, (0, 2, 5, 7), strict=True):
        for name in [*LOSSES, "class_accuracy_real", "class_accuracy_fake"]:
            assert row[name] == pytest.approx(witness.mean(name, first, first + 2), rel=1e-5)


def test_a_left_over_batch_counts_in_the_epochs_means(tmp_path):
    log, witness, _ = fit(tmp_path, dcgan(), every=2, epochs=2)
    for name in LOSSES:
        assert log.epoch[name] == pytest.approx(witness.mean(name, 5, 10), rel=1e-5)


def test_norms_are_those_of_an_intervals_last_batch_before_clipping(tmp_path):
    log, witness, rows = fit(tmp_path, dcgan(gradient_clip=1e-3), every=2)
    assert [name for name, _ in witness.squares] == ["discriminator", "generator"] * 5
    norms = [square**0.5 for _, square in witness.squares]
    assert min(norms) > 1e-3
    assert [row["discriminator_gradient"] for row in rows] == pytest.approx([norms[2], norms[6]], rel=1e-5)
    assert [row["generator_gradient"] for row in rows] == pytest.approx([norms[3], norms[7]], rel=1e-5)
    assert log.epoch["generator_gradient"] == pytest.approx((norms[3] + norms[7]) / 2, rel=1e-5)


def test_an_epoch_shorter_than_the_interval_is_one_interval(tmp_path):
    log, _, rows = fit(tmp_path, dcgan(), every=100, epochs=2, batches=3)
    assert [row["step"] for row in rows] == [3, 6]
    assert {name: rows[1][name] for name in log.epoch} == pytest.approx(log.epoch, rel=1e-5)


def test_logging_does_not_change_the_fit(tmp_path):
    logged, plain = acgan(), acgan()
    fit(tmp_path, logged, every=2)
    trainer = Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False,
                      enable_checkpointing=False, enable_model_summary=False)  # fmt: skip
    trainer.fit(plain, loader(40))
    assert same_state(logged, plain)
