"""Where images are compared: what each extractor of features makes of a split's images. Spaces are never mixed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from liverlab.config import QualityConfig
from liverlab.quality.image_set import Floats, SplitImages
from liverlab.quality.random_space import random_networks

SETS = ("train", "held_out", "classic", "synthetic")
BATCH = 256  # images at a time: bounds the memory of a large pool
LIMIT = 10.0


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """What one extractor made of a split's images.

    Attributes:
        name: "radiomics", "cnn", "random" or "own".
        about: A sentence for the report.
        features: For each of "train", "held_out", "classic", "synthetic": arrays of shape (N, D), one per draw of the
            extractor, rows as in `SplitImages`. D may differ from draw to draw, never between the sets of one draw.
        whole: Whether all four sets are there; otherwise "held_out" and "synthetic" are.
    """

    name: str
    about: str
    features: dict[str, list[Floats]]
    whole: bool


@dataclass(frozen=True, eq=False)
class Extractor:
    """A way from images to numbers.

    Attributes:
        name: Name of its space.
        about: A sentence for the report.
        draws: Each gives numbers of shape (N, D) for images of shape (N, 1, H, W) in (0, 1), an image's row whatever
            the images beside it.
    """

    name: str
    about: str
    draws: Sequence[Callable[[Tensor], Floats]]


def feature_spaces(images: SplitImages, classifier: Path | None, config: QualityConfig) -> list[FeatureSpace]:
    """A split's images in the features of every extractor; torch's random state stays as it is.

    Args:
        images: The images.
        classifier: Folder of the split's finished CNN; None where the arm has none.
        config: Settings: the user's own features.

    Raises:
        InputError: If the user's TorchScript cannot be used.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        return [_space(extractor, images) for extractor in _extractors()]


def _extractors() -> list[Extractor]:
    return [Extractor("random", "", random_networks())]


def _space(extractor: Extractor, images: SplitImages) -> FeatureSpace:
    features: dict[str, list[Floats]] = {which: [] for which in SETS}
    for draw in extractor.draws:
        rows = {w: np.concatenate([draw(part) for part in getattr(images, w).images.split(BATCH)]) for w in SETS}
        mean, deviation = rows["train"].mean(axis=0), rows["train"].std(axis=0)
        varies = deviation > 0
        for which in SETS:
            features[which].append((rows[which][:, varies] - mean[varies]) / deviation[varies])
    return FeatureSpace(extractor.name, extractor.about, features, whole=True)
