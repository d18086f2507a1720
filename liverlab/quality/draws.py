"""Bootstrap samples of patients for all measurements of one split.

A patient is drawn with all images, as in `evaluation/bootstrap.py`: images of one patient resemble each other, and
drawn one by one they would give intervals that are too short (Field and Welsh 2007, "Bootstrapping clustered data").
"""

from dataclasses import dataclass

import numpy as np

from liverlab.quality.image_set import ImageSet, Ints, SplitImages


@dataclass(frozen=True, eq=False)
class Draws:
    """Positions of the images in each draw, ascending, as often as they were drawn; entry i belongs to draw i.

    Sets keep their number of patients, not of images, and a draw may lack a class.

    Attributes:
        train: Positions in `SplitImages.train`.
        held_out: Positions in `SplitImages.held_out`.
        classic: Positions in `SplitImages.classic`: of the patients that `train` has in the same draw.
        synthetic: Positions in `SplitImages.synthetic`, whose images are drawn one by one.
    """

    train: list[Ints]
    held_out: list[Ints]
    classic: list[Ints]
    synthetic: list[Ints]

    def __len__(self) -> int:
        return len(self.held_out)


def draw_patients(images: SplitImages, draws: int, seed: int) -> Draws:
    """Draw the patients of each set with replacement, as many as it has.

    Args:
        images: All images of a split.
        draws: How often.
        seed: Of the draws; the same seed draws the same of the same split.
    """
    rng = np.random.default_rng(seed)
    train, held_out, synthetic = (
        _times_drawn(each, draws, rng) for each in (images.train, images.held_out, images.synthetic)
    )
    drawn = dict(zip(images.train.patients.tolist(), train.T, strict=True))  # times by patient, shape (draws,)
    classic = np.array([drawn[patient] for patient in images.classic.patients.tolist()], dtype=np.int64)
    classic = classic.reshape(len(images.classic), draws).T
    return Draws(*(_positions(times) for times in (train, held_out, classic, synthetic)))


def _times_drawn(images: ImageSet, draws: int, rng: np.random.Generator) -> Ints:
    """How often each image is in each draw, shape (draws, N)."""
    patients, whose = np.unique(images.patients, return_inverse=True)
    times: Ints = rng.multinomial(len(patients), np.full(len(patients), 1 / len(patients)), size=draws)
    return times[:, whose]


def _positions(times: Ints) -> list[Ints]:
    return [np.repeat(np.arange(times.shape[1]), row) for row in times]
