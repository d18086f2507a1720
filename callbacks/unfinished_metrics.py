"""Keeps what the metrics of a model have counted since they were last reset."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torchmetrics import Metric


class UnfinishedMetrics(Callback):
    """Puts every device's counts into a checkpoint, and gives them back.

    A point of a learning curve covers batches before and after a resume. A metric made persistent would save the first
    device's counts alone and give them to all.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Begin at nothing, in memory of one's own: spawned processes would all count in that of the first."""
        for metric in _metrics(pl_module).values():
            metric.reset()

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Gather the counts: for each device those of each metric."""
        counts = {name: metric.metric_state for name, metric in _metrics(pl_module).items()}
        shares = [counts] * trainer.world_size
        if trainer.world_size > 1:
            torch.distributed.all_gather_object(shares, counts)
        checkpoint["metrics"] = shares

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Give each device its own counts; where their number changed, the sum over all is still the same."""
        metrics = _metrics(pl_module)
        for share in checkpoint["metrics"][trainer.global_rank :: trainer.world_size]:
            for name, counts in share.items():
                for state, count in counts.items():
                    setattr(metrics[name], state, getattr(metrics[name], state) + count)


def _metrics(model: LightningModule) -> dict[str, Metric]:
    return {name: module for name, module in model.named_modules() if isinstance(module, Metric)}
