"""Grids of generated lesions from the same noise, epoch after epoch."""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import WandbLogger
from torch import Tensor

from data_modules.roi import from_signed


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
    """

    def __init__(self, folder: Path, *, labels: list[int], columns: int, every_n_epochs: int, seed: int) -> None:
        self.folder, self.labels, self.columns = folder, labels, columns
        self.every_n_epochs, self.seed = every_n_epochs, seed

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the grid if it is time; the fit's random state stays as it was."""
        epoch = trainer.current_epoch + 1
        last = epoch == trainer.max_epochs
        if not trainer.is_global_zero or (epoch % self.every_n_epochs and not last):
            return
        sampler: Sampler = pl_module  # type: ignore[assignment]  # checked structurally by whoever adds the callback
        asked = torch.tensor(self.labels, device=pl_module.device).repeat_interleave(self.columns)
        with torch.random.fork_rng():
            picture = tile(sampler.sample(asked, seed=self.seed), self.columns)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"epoch-{epoch:04d}.png"
        picture.save(path)
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image("samples", [str(path)])


def tile(images: Tensor, columns: int) -> Image.Image:
    """Images of shape (N, 1, H, W) in [-1, 1] as one greyscale picture, row by row."""
    grey = (from_signed(images.float().cpu()).clamp(0, 1) * 255).round().to(torch.uint8).numpy()[:, 0]
    rows = [np.concatenate(list(grey[start : start + columns]), axis=1) for start in range(0, len(grey), columns)]
    return Image.fromarray(np.concatenate(rows))
