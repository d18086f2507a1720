import dataclasses
from datetime import timedelta
from types import SimpleNamespace

import pytest
import torch
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from resumed_fits import BATCHES, EVERY_EPOCH, Images, classifier, differences, fit_gan, newest
from small_gans import acgan, dcgan

from callbacks.resume_point import ResumePoint


class EpochsOf20Seconds(Callback):
    """A clock that an epoch moves on, and what lay in the folder after each."""

    def __init__(self, folder):
        self.folder, self.now, self.found = folder, 1000.0, []

    def monotonic(self):
        return self.now

    def on_train_epoch_start(self, trainer, pl_module):
        self.now += 20.0

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if batch_idx == 0:
            self.found.append(sorted(path.name for path in self.folder.glob("states/*")))


def test_a_state_is_saved_no_more_often_than_asked_and_replaces_the_one_before(monkeypatch, tmp_path):
    clock = EpochsOf20Seconds(tmp_path)
    monkeypatch.setattr("callbacks.resume_point.time", clock)
    config = dataclasses.replace(EVERY_EPOCH, save_every_seconds=30.0)
    fit_gan(dcgan, tmp_path, epochs=6, config=config, callbacks=[clock])
    # epochs end at 20, 40, 60, ... seconds: the second is the first after 30, the fourth the first 30 after that
    second, fourth = f"state-{2 * BATCHES:08d}.ckpt", f"state-{4 * BATCHES:08d}.ckpt"
    assert clock.found == [[], [], [second], [second], [fourth], [fourth]]


def test_what_a_killed_save_left_is_removed(tmp_path):
    (tmp_path / "states").mkdir()
    (tmp_path / "states" / "state-00000002.part").write_bytes(b"half")
    fit_gan(dcgan, tmp_path, epochs=1)
    assert [path.name for path in (tmp_path / "states").iterdir()] == [f"state-{BATCHES:08d}.ckpt"]


def test_a_save_that_fails_leaves_the_state_before(monkeypatch, tmp_path):
    fit_gan(dcgan, tmp_path, epochs=1)
    before = newest(tmp_path)

    def full_disk(self, path, *args, **kwargs):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(Trainer, "save_checkpoint", full_disk)
    with pytest.raises(OSError, match="No space"):
        fit_gan(dcgan, tmp_path)
    (tmp_path / "states" / f"state-{2 * BATCHES:08d}.part").unlink()
    assert not differences(before, newest(tmp_path))


class StopAt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_epoch_end(self, trainer, pl_module):
        trainer.should_stop = trainer.current_epoch + 1 == self.epoch


def test_a_fit_that_somebody_stops_is_not_saved(tmp_path):
    fit_gan(dcgan, tmp_path, callbacks=[StopAt(2)])
    assert newest(tmp_path)["state_dict"]["batches_seen"] == BATCHES


def test_saving_changes_nothing(tmp_path):
    never = dataclasses.replace(EVERY_EPOCH, save_every_seconds=1e9)
    one, other = fit_gan(acgan, tmp_path / "saved"), fit_gan(acgan, tmp_path / "not", config=never)
    assert not differences(dict(one.state_dict()), dict(other.state_dict()))
    assert not (tmp_path / "not" / "states").exists()


def fit_with(model, checkpoint, folder):
    trainer = Trainer(
        max_epochs=2, accelerator="cpu", callbacks=[checkpoint], logger=False, enable_progress_bar=False,
        enable_model_summary=False, use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(model, datamodule=Images())
    return sorted(path.name for path in folder.glob("*"))


def test_lightnings_own_timed_checkpoint_saves_nothing_under_manual_optimisation(tmp_path):
    def timed(name):
        return ModelCheckpoint(dirpath=tmp_path / name, train_time_interval=timedelta(microseconds=1))

    assert fit_with(classifier(), timed("automatic"), tmp_path / "automatic")
    assert not fit_with(dcgan(), timed("manual"), tmp_path / "manual")
    ours = ResumePoint(tmp_path / "ours", {"classes": ["cyst"]}, every_seconds=0.0)
    assert fit_with(dcgan(), ours, tmp_path / "ours") == [f"state-{2 * BATCHES:08d}.ckpt"]
    saved = torch.load(tmp_path / "ours" / f"state-{2 * BATCHES:08d}.ckpt", weights_only=True)
    assert saved["identity"] == {"classes": ["cyst"]}


def test_the_first_device_decides_for_all():
    asked = []

    def broadcast(due):
        asked.append(due)
        return False  # the first device's clock

    trainer = SimpleNamespace(strategy=SimpleNamespace(broadcast=broadcast), should_stop=False)
    ResumePoint("unused", {}, every_seconds=0.0).on_train_epoch_end(trainer, None)  # would fail if it saved
    assert asked == [True]
