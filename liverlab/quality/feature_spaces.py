"""Where images are compared: what each extractor of features makes of a split's images. Spaces are never mixed.

Another extractor is one more entry of `extractors`: a name, a sentence for the report, and a function from images to
numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from liverlab.config import QualityConfig
from liverlab.quality import cnn_space, radiomics, random_space, torchscript_space
from liverlab.quality.image_set import Floats, SplitImages

SETS = ("train", "held_out", "classic", "synthetic")
BATCH = 256  # images at a time: bounds the memory that a large pool takes
CONSTANT = 1e-6  # of a feature's largest value on train: below, float32 rounds
LIMIT = 10.0  # deviations: on the phantom, one in ten thousand values of real images lies beyond


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """What one extractor made of a split's images.

    Attributes:
        name: "radiomics", "cnn", "random" or "own".
        about: A sentence on what its features are.
        features: For each of "train", "held_out", "classic", "synthetic": arrays of shape (N, D), one per draw of the
            extractor, rows as in `SplitImages`. D may differ from draw to draw, not between the sets of one draw.
        whole: Whether all four sets are there; otherwise only "held_out" and "synthetic" are.
    """

    name: str
    about: str
    features: dict[str, list[Floats]]
    whole: bool


@dataclass(frozen=True, eq=False)
class Extractor:
    """A way from images to numbers.

    Attributes:
        name: Of its space.
        about: A sentence on what its features are.
        draws: Functions from images of shape (N, 1, H, W) in (0, 1) to numbers of shape (N, D), row by row: an image's
            do not depend on the images beside it. Several where chance made them: measures are averaged over them.
        fitted: Whether it was fitted on the training side, whose images then look unlike those of other patients.
    """

    name: str
    about: str
    draws: Sequence[Callable[[Tensor], Floats]]
    fitted: bool = False


def extractors(classifier: Path | None, config: QualityConfig) -> list[Extractor]:
    """All extractors of a split, see `feature_spaces`."""
    found = [
        Extractor("radiomics", radiomics.ABOUT, [radiomics.radiomics]),
        Extractor("random", random_space.ABOUT, random_space.random_networks()),
    ]
    if classifier is not None:
        found.append(Extractor("cnn", cnn_space.ABOUT, [cnn_space.cnn_features(classifier)], fitted=True))
    if config.torchscript is not None:
        read = torchscript_space.torchscript_features(config)
        found.append(Extractor("own", torchscript_space.describe(config), [read]))
    return found


def feature_spaces(images: SplitImages, classifier: Path | None, config: QualityConfig) -> list[FeatureSpace]:
    """A split's images in the features of every extractor. Nothing is downloaded; torch's random state stays as it is.

    A space in which nothing varies, that of a CNN with a dead layer, is left out.

    Args:
        images: The images.
        classifier: Folder of a finished CNN of the split; None where there is none. Best one of an arm without this
            pool: to another the synthetic images are training images too.
        config: Settings: features of the user's.

    Raises:
        InputError: If the user's TorchScript cannot be used, see `torchscript_space.check_torchscript`.
    """
    spaces = [_space(extractor, images) for extractor in extractors(classifier, config)]
    return [space for space in spaces if all(rows.shape[1] for rows in space.features["held_out"])]


def _space(extractor: Extractor, images: SplitImages) -> FeatureSpace:
    sets = ("held_out", "synthetic") if extractor.fitted else SETS
    prepare = cnn_space.principal_components if extractor.fitted else standardised
    features: dict[str, list[Floats]] = {which: [] for which in sets}
    for read in extractor.draws:
        shown = {which: getattr(images, which).images for which in sets}
        rows = {
            which: np.concatenate([read(part) for part in own.split(BATCH)]) for which, own in shown.items() if len(own)
        }
        rows |= {which: np.empty((0, rows["held_out"].shape[1])) for which, own in shown.items() if not len(own)}
        for which, values in prepare(rows).items():
            features[which].append(values)
    return FeatureSpace(extractor.name, extractor.about, features, whole=not extractor.fitted)


def standardised(features: dict[str, Floats]) -> dict[str, Floats]:
    """Each feature with mean 0 and variance 1 on train, so that none counts for more by its unit.

    Args:
        features: Arrays of shape (N, D); one under "train".

    Returns:
        The same, without features that are constant on train, which have no scale there. At most 10 in size: one
        calcification gives one image a kurtosis far beyond, and KID's cube of it would outweigh all other images.
    """
    train = features["train"]
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    varies = deviation > CONSTANT * np.abs(train).max(axis=0)
    return {
        which: ((rows[:, varies] - mean[varies]) / deviation[varies]).clip(-LIMIT, LIMIT)
        for which, rows in features.items()
    }
