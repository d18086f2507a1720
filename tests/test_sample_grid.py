import numpy as np
import torch
from PIL import Image
from pytorch_lightning import Trainer
from small_gans import acgan, loader

from callbacks.sample_grid import SampleGrid, tile


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
    assert all(map(torch.equal, drawn.state_dict().values(), plain.state_dict().values()))
