"""Examples of each kind of classic transform of one lesion, as in Fig. 3 of Frid-Adar et al. 2018, each in words."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from data_modules.classic import FLIPS, ClassicRecipe, Transforms, draw_transforms, render_group
from data_modules.cohort import Cohort
from data_modules.roi import Roi

EACH = 4  # examples of what is drawn from a range; each flip is shown once
ORIGINAL = "Original"
FLIP_WORDS = dict(zip(FLIPS, ("flipped up-down", "flipped left-right", "flipped both ways"), strict=True))


@dataclass(frozen=True)
class Example:
    """One image of the pool.

    Attributes:
        position: Its place among the lesion's images.
        kind: E.g. "Turned and shifted".
        caption: What was done, e.g. "turned by 112°, then 4.0 px left, 1.2 px up".
    """

    position: int
    kind: str
    caption: str


def classic_examples(
    cohort: Cohort, lesion: int, per_lesion: int, recipe: ClassicRecipe, roi: Roi, *, seed: int
) -> tuple[Tensor, list[Example]]:
    """The original and the first images of every kind, of those that the pool has of this lesion.

    Args:
        cohort: Holds the lesion.
        lesion: Its position.
        per_lesion: Images of it in the pool, the original included.
        recipe: The pool's.
        roi: The pool's.
        seed: The pool's.

    Returns:
        Images in (0, 1) of shape (n, 1, size, size), rendered as the pool renders them, and what they show.
    """
    shown = cohort.lesions[lesion]
    drawn = draw_transforms(recipe, diameter_px=shown.diameter_mm / shown.spacing_mm, seed=seed, lesion=lesion)
    examples = [
        Example(int(position), kind, _caption(drawn, position))
        for kind, chosen in _kinds(drawn)
        for position in chosen
        if position < per_lesion
    ]
    images, _ = render_group(cohort, [lesion], per_lesion, recipe, roi, seed=seed)
    return images[[example.position for example in examples]], examples


def _kinds(drawn: Transforms) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Kind and positions of the examples in the order of the figure."""
    moved, wider = (drawn.shift_px != 0).any(axis=1), drawn.extra_margin != 0
    plain = (drawn.flip > 0).all(axis=1) & ~moved & ~wider
    plain[0] = False  # the original
    flips = [np.flatnonzero((drawn.flip == signs).all(axis=1))[:1] for signs in FLIPS]
    return [
        (ORIGINAL, np.array([0])),
        ("Turned", np.flatnonzero(plain)[:EACH]),
        ("Turned and flipped", np.concatenate(flips)),
        ("Turned and shifted", np.flatnonzero(moved)[:EACH]),
        ("Turned, with more tissue", np.flatnonzero(wider)[:EACH]),
    ]


def _caption(drawn: Transforms, position: int) -> str:
    if position == 0:
        return "as it is"
    (x, y), extra = drawn.shift_px[position], drawn.extra_margin[position]
    flip = FLIP_WORDS.get((int(drawn.flip[position, 0]), int(drawn.flip[position, 1])))
    then = [flip] if flip else []
    if x or y:
        then.append(f"{abs(x):.1f} px {'right' if x > 0 else 'left'}, {abs(y):.1f} px {'down' if y > 0 else 'up'}")
    if extra:
        then.append(f"+{extra:.2f} d of tissue per side")
    return ", then ".join([f"turned by {drawn.angle_deg[position]:.0f}°", *then])
