"""An average of the generator's weights over the fit: Yazici et al. 2019 (arXiv:1806.04498)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class GeneratorEMA(Callback):
    """Exponential moving average of `pl_module.generator`, beside the weights that are trained.

    Lightning's own callback averages the discriminator too, and counts optimiser steps: with two optimisers, every
    second batch is never. Here a batch counts once; parameters are averaged from the first batch on, buffers (batch
    norm's statistics) are those of the last one. The average belongs to the state of a resumable checkpoint.

    Args:
        decay: Weight of the past, per batch.
        path: Where a checkpoint with the average in the generator's place goes when the fit ends.
    """

    def __init__(self, decay: float, path: Path) -> None:
        self.decay, self.path = decay, path
        self.average: AveragedModel | None = None
        self.restored: dict[str, Any] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start from the generator on its device, or where the resumed fit was."""
        ema = get_ema_multi_avg_fn(self.decay)  # type: ignore[no-untyped-call]
        average = AveragedModel(_generator(pl_module), multi_avg_fn=ema)
        if self.restored:
            average.load_state_dict(self.restored)
        self.average, self.restored = average, {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Take the batch's weights into the average."""
        assert self.average is not None
        self.average.update_parameters(_generator(pl_module))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the checkpoint, all ranks together. A fit resumed at its very end has no `on_train_end`."""
        with self.applied(pl_module):
            trainer.save_checkpoint(self.path, weights_only=True)

    @contextmanager
    def applied(self, pl_module: LightningModule) -> Iterator[None]:
        """Inside, the generator has the averaged parameters and buffers; after, also on an exception, its own."""
        assert self.average is not None, "there is an average from the start of a fit on"
        generator = _generator(pl_module)
        own = [tensor.detach().clone() for tensor in _tensors(generator)]
        _copy(_tensors(self.average.module), generator)
        try:
            yield
        finally:
            _copy(own, generator)

    def state_dict(self) -> dict[str, Any]:
        """The average and the number of batches in it, as tensors."""
        return self.average.state_dict() if self.average else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep it until the fit starts: there is no average yet."""
        self.restored = state_dict


def _generator(pl_module: LightningModule) -> nn.Module:
    generator = pl_module.generator
    assert isinstance(generator, nn.Module)
    return generator


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    return chain(network.parameters(), network.buffers())


@torch.no_grad()
def _copy(values: Iterable[Tensor], network: nn.Module) -> None:
    for tensor, value in zip(_tensors(network), values, strict=True):
        tensor.copy_(value)
