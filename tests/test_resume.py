"""A fit that was cut short and run again is the fit that was left alone."""

import dataclasses
import multiprocessing
import shutil

import pytest
import torch
from omegaconf import OmegaConf
from pytorch_lightning import Callback, LightningModule, Trainer
from resumed_fits import (
    BATCHES,
    EVERY_EPOCH,
    CutAt,
    CutShort,
    WatchedImages,
    classifier,
    differences,
    fit_gan,
    killed_gan,
    newest,
)
from small_gans import acgan, dcgan
from torch.multiprocessing import ProcessExitedException
from torchmetrics import MeanMetric

from data_modules.errors import InputError
from liverlab.resume import check_identity, identity_of, newest_state
from liverlab.training import CHECKPOINT, fit

LABELS = torch.tensor([0, 1, 2, 0])


@pytest.mark.parametrize("make", [acgan, dcgan])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "64-true"])
def test_two_and_two_epochs_of_a_gan_are_four_bit_for_bit(make, precision, tmp_path):
    config = dataclasses.replace(EVERY_EPOCH, precision=precision)
    alone = fit_gan(make, tmp_path / "alone", config=config)
    fit_gan(make, tmp_path / "resumed", config=config, epochs=2)
    resumed = fit_gan(make, tmp_path / "resumed", config=config)
    one, other = newest(tmp_path / "alone"), newest(tmp_path / "resumed")
    assert one["state_dict"]["batches_seen"] == 4 * BATCHES
    assert len(one["optimizer_states"]) == 2
    assert not differences(one, other)  # weights, batch norm's buffers, both optimisers, progress
    assert torch.equal(alone.sample(LABELS, seed=0), resumed.sample(LABELS, seed=0))


def test_noise_with_a_history_resumes_to_something_else(monkeypatch, tmp_path):
    monkeypatch.setattr("liverlab.models.acgan.seed_batch", lambda *key, phase=0: None)
    fit_gan(acgan, tmp_path / "alone")
    fit_gan(acgan, tmp_path / "resumed", epochs=2)
    fit_gan(acgan, tmp_path / "resumed")
    found = differences(newest(tmp_path / "alone"), newest(tmp_path / "resumed"))
    assert ".state_dict.generator.embedding.weight" in found
    assert ".state_dict.batches_seen" not in found


def fit_classifier(folder, *cuts, precision="32-true"):
    """62 steps, 15 epochs and a half: a point of the curve every third batch, across epochs."""
    config = dataclasses.replace(EVERY_EPOCH, precision=precision)
    for cut in cuts:
        with pytest.raises(CutShort):
            fit(classifier(), WatchedImages(), config, folder=folder, steps=62, callbacks=[CutAt(cut)])
    fit(classifier(), WatchedImages(), config, folder=folder, steps=62)
    return (folder / "log" / "metrics.csv").read_bytes()


@pytest.mark.parametrize("precision", ["32-true", "64-true"])
def test_a_classifier_cut_twice_has_the_weights_and_the_curve_of_one_left_alone(precision, tmp_path):
    alone = fit_classifier(tmp_path / "alone", precision=precision)
    assert alone == fit_classifier(tmp_path / "cut", 22, 43, precision=precision)
    assert not differences(newest(tmp_path / "alone"), newest(tmp_path / "cut"))
    assert newest(tmp_path / "cut")["global_step"] == 62


def test_without_what_the_metrics_had_counted_the_curve_is_another(monkeypatch, tmp_path):
    monkeypatch.setattr("liverlab.training.UnfinishedMetrics", Callback)
    assert fit_classifier(tmp_path / "alone") != fit_classifier(tmp_path / "cut", 22)


def test_a_killed_process_loses_nothing(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=killed_gan, args=(tmp_path / "killed",))
    process.start()
    process.join()
    assert process.exitcode == -9
    assert newest_state(tmp_path / "killed").name == f"state-{2 * BATCHES:08d}.ckpt"
    assert not (tmp_path / "killed" / CHECKPOINT).exists()
    resumed, alone = fit_gan(acgan, tmp_path / "killed"), fit_gan(acgan, tmp_path / "alone")
    assert alone.sample(LABELS, seed=0).numpy().tobytes() == resumed.sample(LABELS, seed=0).numpy().tobytes()


class Counting(Callback):
    """Each device keeps a mean of its own, which no state dict has."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        pl_module.mean_loss.update(outputs["d_loss"])

    def on_train_end(self, trainer, pl_module):
        torch.save(pl_module.mean_loss.metric_state, self.folder / f"mean-{trainer.global_rank}.pt")


def counted_acgan():
    model = acgan()
    model.mean_loss = MeanMetric()
    return model


@pytest.mark.slow
def test_two_devices_of_which_one_is_killed_lose_nothing(tmp_path):
    config = dataclasses.replace(EVERY_EPOCH, devices=2)
    models, means = {}, {}
    for name in ("alone", "killed"):
        folder = tmp_path / name
        folder.mkdir()
        count = Counting(folder)
        if name == "killed":
            cut = CutAt(BATCHES + 2, kill=True)
            with pytest.raises(ProcessExitedException):
                fit_gan(counted_acgan, folder, epochs=2, config=config, callbacks=[count, cut])
        models[name] = fit_gan(counted_acgan, folder, epochs=2, config=config, callbacks=[count])
        means[name] = [torch.load(folder / f"mean-{rank}.pt", weights_only=True) for rank in (0, 1)]
    assert torch.equal(*(model.sample(LABELS, seed=0) for model in models.values()))
    assert not differences(newest(tmp_path / "alone"), newest(tmp_path / "killed"))
    assert not differences(means["alone"], means["killed"])
    assert differences(*means["alone"])  # the devices' own, not one for both


FACTS = {"classes": ["cyst", "metastasis"], "cohort": "0123", "patients": "4567"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"make": lambda: acgan(generator_channels=32)}, "hyperparameters.generator_channels is 16 there and 32 here"),
        ({"make": dcgan}, 'model is "ACGAN" there and "DCGAN" here'),
        ({"classes": ["cyst", "hcc"]}, 'classes is ["cyst", "metastasis"] there and ["cyst", "hcc"] here'),
        ({"cohort": "ffff"}, 'cohort is "0123" there and "ffff" here'),
        ({"patients": "89ab"}, 'patients is "4567" there and "89ab" here'),
    ],
)
def test_a_state_of_another_fit_is_refused_before_anything_is_trained(change, named, tmp_path):
    fit_gan(acgan, tmp_path, epochs=1, identity=FACTS)
    make, facts = change.get("make", acgan), FACTS | {k: v for k, v in change.items() if k != "make"}
    before = newest(tmp_path)
    with pytest.raises(InputError) as refused:
        fit_gan(make, tmp_path, callbacks=[CutAt(1)], identity=facts)
    assert named in str(refused.value)
    assert str(tmp_path / "states") in str(refused.value)
    assert not differences(before, newest(tmp_path))
    shutil.rmtree(tmp_path / "states")  # as the sentence says
    fit_gan(make, tmp_path, epochs=1, identity=facts)


def test_weights_of_other_shapes_are_refused_though_the_settings_agree(tmp_path):
    fit_gan(acgan, tmp_path, epochs=1)

    def other():
        model = acgan()
        model.generator.embedding = torch.nn.Embedding(3, 5)
        return model

    with pytest.raises(InputError, match=r"weights.generator.embedding.weight is \[3, 8\] there and \[3, 5\] here"):
        fit_gan(other, tmp_path)


def test_many_differences_are_counted_and_long_values_cut(tmp_path):
    with pytest.raises(InputError) as refused:
        check_identity({"a": "x" * 99, "b": 1, "c": 2}, {"b": 2, "c": {"d": 3}, "e": None}, tmp_path / "s" / "s.ckpt")
    cut = '"' + 56 * "x" + "..."
    expected = f"b is 1 there and 2 here, c.d is null there and 3 here, a is {cut} there and null here (and 1 more). "
    assert expected in str(refused.value)


@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"oops"])
def test_a_damaged_state_is_a_sentence(damage, tmp_path):
    fit_gan(acgan, tmp_path, epochs=1)
    path = newest_state(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=f"{path} is damaged. Delete it to start"):
        fit_gan(acgan, tmp_path)


def test_the_newest_state_is_the_one_of_most_batches(tmp_path):
    assert newest_state(tmp_path) is None
    (tmp_path / "states").mkdir()
    for name in ("state-00000900.ckpt", "state-00001000.ckpt", "state-00002000.part"):
        (tmp_path / "states" / name).touch()
    assert newest_state(tmp_path).name == "state-00001000.ckpt"


class Linear(LightningModule):
    def __init__(self, options):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(1, 1)


@pytest.mark.parametrize(("options", "loads"), [(OmegaConf.create({"lr": 1.0}), False), ({"lr": 1.0}, True)])
def test_a_config_object_among_the_hyperparameters_cannot_be_loaded_and_is_not_accepted(options, loads, tmp_path):
    trainer = Trainer(logger=False, accelerator="cpu", enable_progress_bar=False)
    trainer.strategy.connect(Linear(options))
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    if loads:
        torch.load(tmp_path / "model.ckpt", weights_only=True)
        assert identity_of(Linear(options), {})["hyperparameters"] == {"options": {"lr": 1.0}}
    else:
        with pytest.raises(Exception, match="Weights only load failed"):
            torch.load(tmp_path / "model.ckpt", weights_only=True)
        with pytest.raises(TypeError, match="not JSON serializable"):
            identity_of(Linear(options), {})
