"""Grids of generated lesions from the same noise, epoch after epoch."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import WandbLogger
from torch import Tensor

from callbacks.gan_log import batches_seen
from data_modules.roi import from_signed

Weights = Callable[[LightningModule], AbstractContextManager[object]]


class Sampler(Protocol):
    """What `SampleGrid` asks of a generator."""

    def sample(self, labels: Tensor, *, seed: int) -> Tensor:
        """One image per label, shape (N, 1, H, W) in [-1, 1]."""
        ...


class SampleGrid(Callback):
    """Writes `<folder>/epoch-0005.png`: one row per class, the same noise every time; also to W&B where it logs.

    Args:
        folder: Where the pictures go.
        labels: Classes to show, one row each.
        columns: Images per class.
        every_n_epochs: How often; the last epoch is always shown.
        seed: Seed of the noise.
        weights: Context in which samples are drawn, given the model; e.g. one that puts averaged weights in place.
    """

    def __init__(
        self,
        folder: Path,
        *,
        labels: list[int],
        columns: int,
        every_n_epochs: int,
        seed: int,
        weights: Weights = nullcontext,
    ) -> None:
        self.folder, self.labels, self.columns = folder, labels, columns
        self.every_n_epochs, self.seed, self.weights = every_n_epochs, seed, weights

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the grid if it is time."""
        if not (trainer.is_global_zero and is_due(trainer, self.every_n_epochs)):
            return
        asked = [label for label in self.labels for _ in range(self.columns)]
        picture = tile(draw(pl_module, asked, seed=self.seed, weights=self.weights), self.columns)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"epoch-{trainer.current_epoch + 1:04d}.png"
        picture.save(path)
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image("samples", [str(path)], step=batches_seen(pl_module))


def is_due(trainer: Trainer, every_n_epochs: int) -> bool:
    """Whether the epoch that just ended is one in so many, or the last."""
    epoch = trainer.current_epoch + 1
    return epoch % every_n_epochs == 0 or epoch == trainer.max_epochs


def draw(pl_module: LightningModule, labels: Sequence[int], *, seed: int, weights: Weights) -> Tensor:
    """Samples on the CPU, shape (N, 1, H, W) in [-1, 1]; the fit's random state stays as it was."""
    sampler: Sampler = pl_module  # type: ignore[assignment]  # checked structurally by whoever adds the callback
    device = pl_module.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []), weights(pl_module):
        return sampler.sample(torch.tensor(labels, device=device), seed=seed).float().cpu()


def tile(images: Tensor, columns: int) -> Image.Image:
    """Images of shape (N, 1, H, W) in [-1, 1] as one greyscale picture, row by row."""
    grey = (from_signed(images.float().cpu()).clamp(0, 1) * 255).round().to(torch.uint8).numpy()[:, 0]
    rows = [np.concatenate(list(grey[start : start + columns]), axis=1) for start in range(0, len(grey), columns)]
    return Image.fromarray(np.concatenate(rows))
