"""Small fits that are cut short and run again."""

import os
import signal

import torch
from pytorch_lightning import Callback, LightningDataModule
from small_gans import acgan
from torch.utils.data import DataLoader

from data_modules.batches import BatchOrder, TensorBatches, training_loader
from liverlab.config import TrainerConfig
from liverlab.models.classifier import LesionClassifier
from liverlab.training import fit

EVERY_EPOCH = TrainerConfig(accelerator="cpu", save_every_seconds=0.0)
BATCHES = 4  # of an epoch


class Images(LightningDataModule):
    """Noise of three labels: four batches of eight, as one-device or two-device loaders serve them."""

    batch_size, seed = 8, 5

    def __init__(self):
        super().__init__()
        random = torch.Generator().manual_seed(1)
        self.images = torch.rand(8 * BATCHES, 1, 64, 64, generator=random) * 2 - 1
        self.labels = torch.arange(len(self.images)) % 3

    def train_dataloader(self):
        return training_loader(self, self.images, self.labels, drop_last=True)


class WatchedImages(Images):
    """With a test side."""

    def val_dataloader(self):
        order = BatchOrder(9, 9, seed=None, drop_last=False)
        return DataLoader(TensorBatches(self.images[:9], self.labels[:9]), sampler=order, batch_size=None)


class CutShort(Exception):  # noqa: N818  # nothing went wrong
    """What ends a fit in the middle."""


class CutAt(Callback):
    """Ends the fit after a batch: with an exception, or as the system does."""

    def __init__(self, batches, *, kill=False):
        self.batches, self.kill = batches, kill

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.fit_loop.total_batch_idx + 1 == self.batches and trainer.is_global_zero:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise CutShort


def classifier():
    torch.manual_seed(0)
    return LesionClassifier(
        num_classes=3, size=64, channels=[2, 4, 8], hidden=8, dropout=0.5, lr=1e-2, momentum=0.9, seed=0
    )


def fit_gan(make, folder, *, epochs=4, config=EVERY_EPOCH, callbacks=(), **options):
    model = make()
    fit(model, Images(), config, folder=folder, epochs=epochs, callbacks=callbacks, **options)
    return model


def killed_gan(folder):
    """For a process of its own: dies in the middle of the third epoch."""
    torch.set_num_threads(1)  # as in the process of the tests: sums in another order differ in the last bit
    fit_gan(acgan, folder, callbacks=[CutAt(2 * BATCHES + 2, kill=True)])


def newest(folder):
    (state,) = (folder / "states").iterdir()
    return torch.load(state, weights_only=True)


def differences(one, other, name=""):
    """Names of what differs between two nested states, compared bit for bit."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [d for key in one for d in differences(one[key], other[key], f"{name}.{key}")]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return [d for i, pair in enumerate(zip(one, other, strict=True)) for d in differences(*pair, f"{name}.{i}")]
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return [] if torch.equal(one, other) else [name]
    return [] if one == other else [name]
