"""Examples of each kind of classic transform of one lesion, as in Fig. 3 of Frid-Adar et al. 2018, each in words."""

import numpy as np
import numpy.typing as npt
from torch import Tensor

from data_modules.classic import FLIPS, ClassicRecipe, Transforms, draw_transforms, render_group
from data_modules.cohort import Cohort
from data_modules.roi import Roi

EACH = 4  # examples of what is drawn from a range; each flip is shown once
FLIP_WORDS = dict(zip(FLIPS, ("flipped up-down", "flipped left-right", "flipped both ways"), strict=True))


def classic_examples(
    cohort: Cohort, lesion: int, per_lesion: int, recipe: ClassicRecipe, roi: Roi, *, seed: int
) -> tuple[Tensor, list[str]]:
    """The original and the first images of every kind, of those that the pool has of this lesion.

    Args:
        cohort: Holds the lesion.
        lesion: Its position.
        per_lesion: Images of it in the pool, the original included.
        recipe: The pool's.
        roi: The pool's.
        seed: The pool's.

    Returns:
        Images in (0, 1) of shape (n, 1, size, size), rendered as the pool renders them, and a caption of each, e.g.
        "turned by 112°, then 4.0 px left, 1.2 px up".
    """
    shown = cohort.lesions[lesion]
    drawn = draw_transforms(recipe, diameter_px=shown.diameter_mm / shown.spacing_mm, seed=seed, lesion=lesion)
    chosen = _first_of_each_kind(drawn)
    chosen = chosen[chosen < per_lesion]
    images, _ = render_group(cohort, [lesion], per_lesion, recipe, roi, seed=seed)
    return images[chosen], [_caption(drawn, position) for position in chosen]


def _first_of_each_kind(drawn: Transforms) -> npt.NDArray[np.int64]:
    """Positions: the original, then each flip, what is only turned, shifted, shown with more tissue."""
    moved, wider = (drawn.shift_px != 0).any(axis=1), drawn.extra_margin != 0
    turned = (drawn.flip > 0).all(axis=1) & ~moved & ~wider
    turned[0] = False  # the original
    flips = [np.flatnonzero((drawn.flip == signs).all(axis=1))[:1] for signs in FLIPS]
    return np.concatenate([[0], *flips, *(np.flatnonzero(kind)[:EACH] for kind in (turned, moved, wider))])


def _caption(drawn: Transforms, position: int) -> str:
    if position == 0:
        return "original"
    (x, y), extra = drawn.shift_px[position], drawn.extra_margin[position]
    flip = FLIP_WORDS.get((int(drawn.flip[position, 0]), int(drawn.flip[position, 1])))
    then = [flip] if flip else []
    if x or y:
        then.append(f"{abs(x):.1f} px {'right' if x > 0 else 'left'}, {abs(y):.1f} px {'down' if y > 0 else 'up'}")
    if extra:
        then.append(f"+{extra:.2f} d of tissue per side")
    return ", then ".join([f"turned by {drawn.angle_deg[position]:.0f}°", *then])
