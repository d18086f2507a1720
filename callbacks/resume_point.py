"""Saves, now and then, everything that an interrupted fit needs to go on as if nothing had happened."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint


class ResumePoint(Checkpoint):
    """Writes `<folder>/state-<batches>.ckpt` at the end of an epoch; the newest one replaces those before it.

    Lightning calls a `Checkpoint` after all other callbacks, so their states are those of the finished epoch.
    `ModelCheckpoint(train_time_interval=...)` saves nothing under manual optimisation (only step counts do).

    Args:
        folder: Where the states go.
        identity: What the fit is, as plain values; kept as the state's "identity" for whoever resumes from it.
        every_seconds: A state is written at most so often.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any], *, every_seconds: float) -> None:
        self.folder, self.identity, self.every_seconds = folder, dict(identity), every_seconds
        self.saved_at = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.saved_at = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save if it is time; never a fit that is being stopped, whose state somebody found bad."""
        # all devices take part in saving, so one clock decides for all
        due = trainer.strategy.broadcast(time.monotonic() - self.saved_at >= self.every_seconds)
        if not due or trainer.should_stop:
            return
        state = self.folder / f"state-{trainer.fit_loop.total_batch_idx + 1:08d}.ckpt"
        part = state.with_suffix(".part")
        trainer.save_checkpoint(part)
        if trainer.is_global_zero:
            part.replace(state)  # at once: a fit killed while saving leaves the state before
            for other in set(self.folder.iterdir()) - {state}:
                other.unlink()
        self.saved_at = time.monotonic()

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Say whose state it is."""
        checkpoint["identity"] = self.identity
