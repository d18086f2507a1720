"""Bootstrap samples of patients for all measurements of one split, the same for the other splits of its repeat.

A patient is drawn with all images, as in `evaluation/bootstrap.py`: images of one patient resemble each other, and
drawn one by one they would give intervals that are too short (Field and Welsh 2007, "Bootstrapping clustered data").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from liverlab.quality.image_set import ImageSet, Ints, SplitImages


@dataclass(frozen=True, eq=False)
class Draws:
    """Positions of the images in each draw, ascending, as often as they were drawn; entry i belongs to draw i.

    Folds keep their number of patients, not of images, and a draw may lack a class.

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


def draw_patients(images: SplitImages, draws: int, seed: int, folds: Sequence[Ints] | None = None) -> Draws:
    """Draw the patients of each fold with replacement, as many as it has, and every synthetic image for itself.

    A training patient is one in all folds but their own. Drawn anew in each, they would count as several, and means
    over the splits would vary far less than other patients would make them: so all splits of a repeat, given the same
    seed and folds, draw a patient equally often.

    Args:
        images: All images of a split.
        draws: How often.
        seed: Of the draws; the same for all splits of a repeat.
        folds: Patients of the test side of every split of the repeat; None for a hold-out, whose two sides are drawn.
    """
    rng = np.random.default_rng(seed)
    if folds:
        train = held_out = _times_drawn(folds, draws, rng)
    else:
        train, held_out = (_times_drawn([side.patients], draws, rng) for side in (images.train, images.held_out))
    synthetic = _times_drawn([images.synthetic.patients], draws, rng)
    return Draws(
        train=_positions(images.train, train, draws),
        held_out=_positions(images.held_out, held_out, draws),
        classic=_positions(images.classic, train, draws),
        synthetic=_positions(images.synthetic, synthetic, draws),
    )


def _times_drawn(folds: Sequence[Ints], draws: int, rng: np.random.Generator) -> dict[int, Ints]:
    """How often each patient is in each draw, shape (draws,), by patient."""
    drawn: dict[int, Ints] = {}
    for patients in map(np.unique, folds):
        times = rng.multinomial(len(patients), np.full(len(patients), 1 / len(patients)), size=draws)
        drawn.update(zip(patients.tolist(), times.T, strict=True))
    return drawn


def _positions(images: ImageSet, drawn: Mapping[int, Ints], draws: int) -> list[Ints]:
    times = np.array([drawn[patient] for patient in images.patients.tolist()], dtype=np.int64)
    return [np.repeat(np.arange(len(images)), row) for row in times.reshape(len(images), draws).T]
