"""What a classifier of the split sees: the features of its last layer, reduced to principal components."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from liverlab.finished_networks import load_classifier
from liverlab.finished_stage import FinishedStage
from liverlab.quality.image_set import Floats
from liverlab.stages import read_record
from liverlab.trained_on import TrainedOn

COMPONENTS = 16  # a Fréchet distance in more of them is mostly bias where a class has some dozens of images
ROUNDING = 1e-5  # of the largest singular value, of features computed in float32
ABOUT = (
    f"What a classifier of the split shows its last layer, in at most {COMPONENTS} principal components; it was fitted "
    "on the training side, so only generated images and those of held-out patients are compared in it."
)


def cnn_features(folder: Path) -> Callable[[Tensor], Floats]:
    """The penultimate features of a finished CNN: (N, hidden) of images of shape (N, 1, H, W) in (0, 1).

    Args:
        folder: Of the finished classifier stage.
    """
    with torch.random.fork_rng(devices=[]):  # a network is drawn at random before its weights are read
        classifier = load_classifier(FinishedStage(folder, read_record(folder), TrainedOn.load(folder)))

    @torch.no_grad()
    def read(images: Tensor) -> Floats:
        features: Floats = classifier.features(images).double().numpy()
        return features

    return read


def principal_components(features: dict[str, Floats]) -> dict[str, Floats]:
    """Held-out and synthetic features in their common principal components; the held-out ones' mean variance is 1.

    Args:
        features: Arrays of shape (N, hidden) under "held_out" and "synthetic".

    Returns:
        Arrays of shape (N, D) with D at most 16, fewer where fewer directions vary, 0 for a dead layer.
    """
    # Fitted on these two together. Not on the training side: the network was fitted to it, so its spread there is not
    # that of patients it never saw. Not on held-out images alone: whatever only synthetic images show would be cut
    # off. Each side weighs the same, else thousands of synthetic images would choose the directions for both.
    sides = ("held_out", "synthetic")
    middle = np.mean([features[which].mean(axis=0) for which in sides], axis=0)
    centred = {which: features[which] - middle for which in sides}
    stacked = np.concatenate([rows / np.sqrt(len(rows)) for rows in centred.values()])
    _, size, directions = np.linalg.svd(stacked, full_matrices=False)
    kept = directions[:COMPONENTS][size[:COMPONENTS] > ROUNDING * size[0]].T
    components = {which: rows @ kept for which, rows in centred.items()}
    # one scale for all: scaling each to 1 would make as much of the last component, mostly noise, as of the first
    scale = np.sqrt(components["held_out"].var(axis=0).sum() / max(kept.shape[1], 1)) or 1.0
    return {which: rows / scale for which, rows in components.items()}
