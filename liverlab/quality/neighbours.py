"""Which training lesion an image is nearest to, however turned, and how much nearer than to any other patient's."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from liverlab.quality.image_set import Floats, Ints
from liverlab.quality.orbit import Alignment, alignment, orbit, views

BLOCK = 32  # images at once: 20 views of each against 130 lesions in 96 turns are 32 MB

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest training lesion of each image.

    Attributes:
        lesion: Its position, shape (N,).
        distance: To it, from 0 to 2, shape (N,).
        ratio: That distance over the one to the nearest lesion of *another* training patient, shape (N,): from 0 for a
            copy to 1 for an image that is as near to others. Two slices of one lesion do not hide a copy of it.
    """

    lesion: Ints
    distance: Floats
    ratio: Floats


def lesion_distances(images: Tensor, lesions: Tensor) -> Singles:
    """Distance of each image to each training lesion: sqrt(2 - 2 r) with the largest correlation over turns and moves.

    Args:
        images: Shape (N, 1, H, W).
        lesions: Orbit of M training lesions as `orbit` gives it, shape (M, 96, D).

    Returns:
        Shape (N, M).
    """
    flat = lesions.flatten(0, 1).T
    largest = []
    for block in torch.split(images, BLOCK):
        seen = views(block)
        products = (seen.flatten(0, 1) @ flat).view(*seen.shape[:2], *lesions.shape[:2])
        largest.append(products.amax(3).amax(1))
    found: Singles = (2 - 2 * torch.cat(largest)).clamp_min(0).sqrt().numpy()
    return found


def nearest(distances: Singles, patients: Ints) -> Nearest:
    """The nearest lesion of each image.

    Args:
        distances: Shape (N, M).
        patients: Of the M lesions, at least two different ones.
    """
    assert len(np.unique(patients)) > 1, "no other patient to compare with"
    lesion = distances.argmin(1)
    first = distances.min(1).astype(np.float64)
    others = np.where(patients == patients[lesion][:, None], np.inf, distances).min(1)
    return Nearest(lesion, first, first / np.maximum(others, 1e-6))


def best_alignment(image: Tensor, lesion: Tensor) -> Alignment:
    """What brings a training lesion (1, H, W) closest to an image (1, H, W)."""
    products = views(image.unsqueeze(0))[0] @ orbit(lesion.unsqueeze(0))[0].T  # (moves, turns)
    move, turn = divmod(int(products.argmax()), products.shape[1])
    return alignment(turn, move)
