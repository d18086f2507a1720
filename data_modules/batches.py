"""Batches of in-memory tensors: fetched by one indexing each, in an order that depends on (seed, epoch) alone."""

from collections.abc import Iterator
from typing import Protocol

import torch
from pytorch_lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

Batch = tuple[Tensor, Tensor]


class TensorBatches(Dataset[Batch]):
    """Images and labels; an item is a whole batch, indexed by a list of positions."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels

    def __getitem__(self, positions: list[int]) -> Batch:
        index = torch.as_tensor(positions)
        return self.images[index], self.labels[index]

    def __len__(self) -> int:
        return len(self.labels)


class BatchOrder(Sampler[list[int]]):
    """Positions of each batch. Lightning calls `set_epoch`, so a resumed fit sees the same order.

    A batch is shared by all devices, so their number does not change what a step sees. A last batch with fewer images
    than devices is left out.

    Args:
        length: Number of images.
        batch_size: Images per batch, over all devices.
        seed: Seed of the order; None keeps the natural order.
        drop_last: Leave out an incomplete last batch, unless it is the only one.
        rank: This device.
        world_size: Number of devices.
    """

    def __init__(
        self, length: int, batch_size: int, *, seed: int | None, drop_last: bool, rank: int = 0, world_size: int = 1
    ) -> None:
        self.length, self.batch_size, self.seed = length, batch_size, seed
        self.rank, self.world_size = rank, world_size
        rest = length % batch_size
        self.batches = length // batch_size
        if rest >= world_size and not (drop_last and self.batches):
            self.batches += 1
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of this epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(self.length))
        if self.seed is not None:
            key = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            order = torch.randperm(self.length, generator=key).tolist()
        for first in range(0, self.batches * self.batch_size, self.batch_size):
            yield order[first : first + self.batch_size][self.rank :: self.world_size]


class TrainingSide(Protocol):
    """What `training_loader` needs to know of a data module."""

    batch_size: int
    seed: int
    trainer: Trainer | None


def training_loader(side: TrainingSide, images: Tensor, labels: Tensor, *, drop_last: bool) -> DataLoader[Batch]:
    """Shuffled batches of this device. No worker process is needed: a batch is one indexing of tensors in memory."""
    rank, world_size = (side.trainer.global_rank, side.trainer.world_size) if side.trainer else (0, 1)
    order = BatchOrder(
        len(labels), side.batch_size, seed=side.seed, drop_last=drop_last, rank=rank, world_size=world_size
    )
    return DataLoader(TensorBatches(images, labels), sampler=order, batch_size=None)
