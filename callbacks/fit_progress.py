"""Tells how far a fit is, for whoever watches from outside."""

import time
from collections.abc import Callable
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class FitProgress(Callback):
    """Calls `report(done, total)` with batches, at most twice a second.

    Args:
        report: Receives the batches served, those before a resume included, and those of the whole fit.
        total: Batches of the whole fit.
    """

    def __init__(self, report: Callable[[int, int], None], total: int) -> None:
        self.report, self.total = report, total
        self.last = 0.0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch."""
        if trainer.is_global_zero and time.monotonic() - self.last > 0.5:
            self.last = time.monotonic()
            self.report(trainer.fit_loop.total_batch_idx + 1, self.total)
