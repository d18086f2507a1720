"""Do images of a class differ from each other as much as real ones do? Mean MS-SSIM of pairs within a class.

Odena et al. 2017, arXiv:1610.09585, sec. 4.2: a generator that repeats itself has a higher mean than real images.
MS-SSIM: Wang et al. 2003, "Multiscale structural similarity for image quality
assessment", whose five scales want larger images than ours: those of 64 pixels are compared at the three finest scales,
with the published exponents of these made to sum to 1. Values are not those of five scales.
"""

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from liverlab.quality.class_means import class_means, rows, times_drawn
from liverlab.quality.draws import Draws
from liverlab.quality.image_set import Floats, ImageSet, Ints, SplitImages
from liverlab.quality.measured import Measured

BETAS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al. 2003, finest scale first
SMALLEST = (11, 22, 44, 99, 176)  # pixels a side that torchmetrics wants for one to five scales
PAIRS = 100  # of each class, as Odena et al. took
BATCH = 16  # pairs at a time: what a core's cache holds
SEED = 0  # of the choice of pairs
FEWEST = 10  # pairs: those of five patients


def variety(images: SplitImages, draws: Draws) -> list[Measured]:
    """Mean MS-SSIM of 100 pairs within each class: high where images are alike, 1 where they are one image.

    A pair shows two patients, as two synthetic images show two: lesions of one patient share scanner and liver. Over
    all classes it is their mean, with the class shares of the held-out lesions.

    Args:
        images: The split.
        draws: Bootstrap samples; a pair counts by how often both of its images were drawn.

    Returns:
        Rows "ms_ssim" of synthetic, train and held_out; nan where there are fewer than ten pairs. `reference` is 0:
        no set is compared with another.
    """
    shares = np.bincount(images.held_out.labels, minlength=len(images.class_names))
    measured = []
    for which in ("synthetic", "train", "held_out"):
        part: ImageSet = getattr(images, which)
        one, other = _pairs(part, len(shares))
        times = times_drawn(getattr(draws, which), len(part))
        alike = ms_ssim(part.images[one], part.images[other])
        values = class_means(alike[:, None], part.labels[one], times[:, one] * times[:, other], shares)[..., 0]
        count = np.bincount(part.labels, minlength=len(shares))
        measured += rows("pixels", which, "ms_ssim", images.class_names, values, count, 0 * shares)
    return measured


def ms_ssim(one: Tensor, other: Tensor) -> Floats:
    """MS-SSIM of images with those at the same position; nan for images of fewer than 11 pixels.

    Args:
        one: Shape (N, 1, H, W) in (0, 1).
        other: Likewise.
    """
    betas = BETAS[: sum(min(one.shape[-2:]) >= size for size in SMALLEST)]
    if not betas or not len(one):
        return np.full(len(one), np.nan)
    weights = tuple(beta / sum(betas) for beta in betas)
    alike = [
        multiscale_structural_similarity_index_measure(
            one[i : i + BATCH], other[i : i + BATCH], reduction="none", data_range=1.0, betas=weights
        )
        for i in range(0, len(one), BATCH)
    ]
    return torch.cat(alike).double().numpy()


def _pairs(part: ImageSet, num_classes: int) -> tuple[Ints, Ints]:
    """Positions of the images of each pair, shapes (pairs,)."""
    rng = np.random.default_rng(SEED)
    chosen = []
    for label in range(num_classes):
        own = np.flatnonzero(part.labels == label)
        pairs = own[np.stack(np.triu_indices(len(own), 1))]  # (2, pairs)
        pairs = pairs[:, part.patients[pairs[0]] != part.patients[pairs[1]]]
        if pairs.shape[1] >= FEWEST:
            chosen.append(rng.permutation(pairs, axis=1)[:, :PAIRS])
    one, other = np.concatenate([np.zeros((2, 0), np.int64), *chosen], axis=1)
    return one, other
