"""How far synthetic images are from those of held-out patients, beside how far other real images are.

The floors: training lesions, which are images of other patients and nothing worse, and their classic augmentations.
Every number of a set is one against the same held-out images, in equal numbers where the measure depends on numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.distance import cdist

from liverlab.quality import prdc
from liverlab.quality.draws import Draws
from liverlab.quality.feature_spaces import FeatureSpace
from liverlab.quality.frechet import frechet_distance, principal_axes
from liverlab.quality.image_set import Floats, Ints, SplitImages
from liverlab.quality.kid import kid
from liverlab.quality.measured import ALL, Measured
from liverlab.quality.sub_draws import equally_many, spread_around

SETS = ("synthetic", "train", "classic")
MEASURES = (*prdc.MEASURES, "fid")
SUB_DRAWS, SUB_DRAWS_OF_A_DRAW = 50, 5  # ours: the first leaves an error of a tenth of a coverage's own


def distances(
    images: SplitImages, space: FeatureSpace, draws: Draws, *, neighbours: int, seed: int
) -> list[Measured]:
    """Synthetic images against held-out ones, and the floors that the space has, for each class and for all.

    Numbers are averaged over the space's draws of its extractor. "All" compares equal mixes of classes: those of the
    held-out images.

    Args:
        images: The images.
        space: Their features.
        draws: Bootstrap samples of patients.
        neighbours: k of precision, recall, density and coverage.
        seed: Of the sub-draws.
    """
    rows = []
    for number, group in enumerate(_groups(images, space, draws)):
        rng = np.random.default_rng([seed, number])
        values, drawn = group.near(SUB_DRAWS, None, neighbours, rng), ...
    return rows
