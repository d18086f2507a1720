from types import SimpleNamespace

import pytest
import torch
from torchmetrics import MeanMetric

from callbacks.unfinished_metrics import UnfinishedMetrics

# the first device has seen 1 and 2, the second 6
SAVED = {
    "metrics": [
        {"loss": {"mean_value": torch.tensor(3.0), "weight": torch.tensor(2.0)}},
        {"loss": {"mean_value": torch.tensor(6.0), "weight": torch.tensor(1.0)}},
    ]
}


def model_with(*values):
    model = torch.nn.Module()
    model.loss = MeanMetric()
    for value in values:
        model.loss.update(value)
    return model


def device(rank, world_size):
    return SimpleNamespace(global_rank=rank, world_size=world_size)


@pytest.mark.parametrize(
    ("trainer", "total", "weight"),
    [(device(0, 2), 3.0, 2.0), (device(1, 2), 6.0, 1.0), (device(0, 1), 9.0, 3.0), (device(2, 3), 0.0, 0.0)],
)
def test_a_device_goes_on_from_its_own_counts_and_none_are_lost_where_there_are_fewer(trainer, total, weight):
    model = model_with()
    UnfinishedMetrics().on_load_checkpoint(trainer, model, SAVED)
    assert model.loss.metric_state == {"mean_value": torch.tensor(total), "weight": torch.tensor(weight)}


def test_one_device_saves_what_it_restores():
    checkpoint, model = {}, model_with()
    UnfinishedMetrics().on_save_checkpoint(device(0, 1), model_with(1.0, 2.0), checkpoint)
    UnfinishedMetrics().on_load_checkpoint(device(0, 1), model, checkpoint)
    model.loss.update(6.0)
    assert model.loss.compute() == 3.0


def test_a_fit_begins_at_nothing():
    model = model_with(5.0)
    UnfinishedMetrics().setup(device(0, 1), model, "fit")
    model.loss.update(2.0)
    assert model.loss.compute() == 2.0
