from itertools import chain

import pytest
import torch
from torch.utils.data import DataLoader

from data_modules.batches import BatchOrder, TensorBatches


def positions(order, epoch=0):
    order.set_epoch(epoch)
    return list(order)


def test_an_epoch_serves_every_position_once_and_the_next_in_another_order():
    order = BatchOrder(10, 4, seed=0, drop_last=False)
    first, second = positions(order), positions(order, 1)
    assert [len(batch) for batch in first] == [4, 4, 2]
    assert sorted(chain(*first)) == list(range(10))
    assert first != second
    assert first == positions(BatchOrder(10, 4, seed=0, drop_last=False))


@pytest.mark.parametrize("drop_last", [False, True])
def test_devices_share_the_batches_of_one(drop_last):
    one = positions(BatchOrder(20, 8, seed=3, drop_last=drop_last), 5)
    ranks = [positions(BatchOrder(20, 8, seed=3, drop_last=drop_last, rank=r, world_size=2), 5) for r in (0, 1)]
    assert [sorted(a + b) for a, b in zip(*ranks, strict=True)] == [sorted(batch) for batch in one]
    assert len(one) == (2 if drop_last else 3)


def test_no_device_is_left_without_an_image():
    ranks = [positions(BatchOrder(9, 4, seed=0, drop_last=False, rank=r, world_size=2)) for r in (0, 1)]
    assert [[len(batch) for batch in rank] for rank in ranks] == [[2, 2], [2, 2]]


def test_an_incomplete_batch_is_dropped_only_if_it_is_not_the_only_one():
    assert len(BatchOrder(10, 4, seed=0, drop_last=True)) == 2
    assert positions(BatchOrder(3, 4, seed=None, drop_last=True)) == [[0, 1, 2]]


def test_a_batch_is_one_indexing():
    images = torch.arange(6.0).view(6, 1, 1, 1)
    loader = DataLoader(
        TensorBatches(images, torch.arange(6)), sampler=BatchOrder(6, 4, seed=None, drop_last=False), batch_size=None
    )
    batches = list(loader)
    assert batches[0][0].shape == (4, 1, 1, 1)
    assert batches[1][1].tolist() == [4, 5]
