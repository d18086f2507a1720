"""The networks of finished stages, ready to be asked: on the CPU, in float32, without dropout or batch statistics."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from data_modules.errors import InputError
from liverlab.finished_stage import FinishedStage
from liverlab.models.classifier import LesionClassifier
from liverlab.models.networks import LesionCNN
from liverlab.models.registry import GENERATORS
from liverlab.synthesis import draw_class
from liverlab.trained_on import MEAN, expect_clean_mean
from liverlab.training import CHECKPOINT
from liverlab.watched_fit import samplers_file


class ReadyClassifier(nn.Module):
    """A classifier with all that its data module did between an ROI and the network.

    Args:
        network: Logits (N, classes) from images (N, 1, size, size) less the training mean.
        mean: The training mean, shape (1, 1, size, size).
    """

    def __init__(self, network: nn.Module, mean: Tensor) -> None:
        super().__init__()
        self.network = network
        self.mean: Tensor
        self.register_buffer("mean", mean)

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities (N, classes) from ROIs (N, 1, size, size) in (0, 1)."""
        logits: Tensor = self.network(images - self.mean)
        return logits.softmax(dim=1)

    def features(self, images: Tensor) -> Tensor:
        """What the last layer is shown, (N, hidden): the dense layer's output after ReLU."""
        assert isinstance(self.network, LesionCNN)
        values: Tensor = nn.Sequential(*self.network.children())[:-1](images - self.mean)  # its dropout is off
        return values


def load_classifier(stage: FinishedStage) -> ReadyClassifier:
    """The classifier of a finished stage; its mean image must hold no test patient."""
    expect_clean_mean(stage.folder)
    path = stage.folder / CHECKPOINT
    model = LesionClassifier.load_from_checkpoint(path, map_location="cpu", weights_only=True)
    return ReadyClassifier(model.network, torch.from_numpy(np.load(stage.folder / MEAN))).eval()


def generator_kind(stage: FinishedStage) -> str:
    """The generator's name in the registry, e.g. "acgan"."""
    return next(kind for kind in GENERATORS if kind in stage.settings)


def load_generator(stage: FinishedStage) -> Any:
    """The generator of a finished stage, as its pool was drawn from it: a LightningModule with `sample`."""
    kind = generator_kind(stage)
    path = stage.folder / samplers_file(stage.settings[kind]["ema_decay"])
    return GENERATORS[kind].load_from_checkpoint(path, map_location="cpu", weights_only=True).eval()


def draw_samples(stage: FinishedStage, class_name: str, count: int, *, seed: int) -> Tensor:
    """New images of one class, shape (count, 1, size, size) in [-1, 1]; the seed of a pool gives the pool's images.

    Raises:
        InputError: If the generator diverged.
    """
    names = stage.trained_on.class_names
    images = draw_class(load_generator(stage), names.index(class_name), count, num_classes=len(names), seed=seed)
    if not images.isfinite().all():
        raise InputError(f"{stage.name} diverged: its images are not finite. Fit it again with a lower learning rate.")
    return images
