from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_lightning import Trainer
from pytorch_lightning.loggers import WandbLogger
from small_gans import acgan, loader, same_state, train

from callbacks.sample_grid import SampleGrid, draw, tile


def test_tile_puts_images_row_by_row():
    images = torch.stack([torch.full((1, 2, 2), value) for value in (-1.0, 0.0, 1.0, -1.0)])
    expected = [[0, 0, 128, 128]] * 2 + [[255, 255, 0, 0]] * 2
    np.testing.assert_array_equal(np.asarray(tile(images, columns=2)), expected)


def fit(folder, grid=True):
    model = acgan()
    shown = SampleGrid(folder, labels=[0, 1, 2], columns=4, every_n_epochs=2, seed=0)
    trainer = Trainer(
        max_epochs=3, accelerator="cpu", callbacks=[shown] if grid else [], logger=False, enable_progress_bar=False,
        enable_checkpointing=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, loader())
    return model


def test_grids_are_drawn_at_their_epochs_and_at_the_last(tmp_path):
    fit(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-0002.png", "epoch-0003.png"]
    picture = Image.open(tmp_path / "epoch-0003.png")
    assert picture.size == (4 * 64, 3 * 64)


def test_drawing_does_not_change_the_fit(tmp_path):
    drawn, plain = fit(tmp_path), fit(tmp_path, grid=False)
    assert same_state(drawn, plain)


class Recorder(WandbLogger):
    """Keeps what would be sent."""

    def __init__(self):
        self.sent = []

    def log_image(self, key, images, step):
        self.sent.append((key, images, step))


def test_wandb_gets_the_same_picture_at_the_batches_seen(tmp_path):
    recorder, model = Recorder(), acgan()
    model.batches_seen += 7
    trainer = SimpleNamespace(is_global_zero=True, current_epoch=4, max_epochs=5, loggers=[recorder])
    SampleGrid(tmp_path, labels=[0], columns=1, every_n_epochs=2, seed=0).on_train_epoch_end(trainer, model)
    assert recorder.sent == [("samples", [str(tmp_path / "epoch-0005.png")], 7)]


def test_samples_are_drawn_from_the_weights_that_are_put_in_place():
    raw, other = acgan(), acgan()
    with torch.no_grad():
        for parameter in other.generator.parameters():
            parameter.mul_(1.5)

    @contextmanager
    def weights(pl_module):
        kept, pl_module.generator = pl_module.generator, other.generator
        yield
        pl_module.generator = kept

    expected, drawn = other.sample(torch.tensor([0, 1]), seed=3), draw(raw, [0, 1], seed=3, weights=weights)
    assert torch.equal(drawn, expected)
    assert not torch.equal(draw(raw, [0, 1], seed=3, weights=nullcontext), expected)


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_grids_are_drawn_in_the_fits_precision(tmp_path, precision):
    grid = SampleGrid(tmp_path, labels=[0], columns=2, every_n_epochs=1, seed=0)
    train(acgan(), precision=precision, callbacks=[grid])
    assert (tmp_path / "epoch-0001.png").exists()


def test_drawing_leaves_torchs_random_state_and_the_mode():
    model = acgan().train()
    before = torch.get_rng_state()
    draw(model, [0], seed=3, weights=nullcontext)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert model.generator.training
