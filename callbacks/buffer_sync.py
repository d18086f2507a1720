"""Keeps batch norm's running statistics the same on all devices under manual optimisation."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.nn.parallel import DistributedDataParallel


class BufferSync(Callback):
    """DDP sends rank 0's buffers before a forward pass only where it believes that gradients were synchronised.

    Under manual optimisation that is never the case after the first step, and the buffers drift apart. A generator
    samples with these statistics, so they must be those of all ranks when it is saved.
    """

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int) -> None:
        """Ask DDP to send the buffers before this batch."""
        if isinstance(trainer.strategy.model, DistributedDataParallel):
            trainer.strategy.model.require_forward_param_sync = True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Send rank 0's buffers once more: the last batch changed them."""
        if trainer.world_size > 1:
            for buffer in pl_module.buffers():
                torch.distributed.broadcast(buffer, src=0)
