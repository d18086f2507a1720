"""Does a generator leave out kinds of lesions that there are?"""

from collections.abc import Sequence

import numpy as np

from liverlab.quality.measured import ALL, Measured

Pair = tuple[Measured, Measured]  # of synthetic images, of training lesions
# Recall falls most where kinds are missing; but a few images far from all others raise it, which they cannot do to
# coverage (Naeem et al. 2020, arXiv:2002.09797).
MEASURES = {
    "recall": ("lie among the synthetic images", "among as many training lesions"),
    "coverage": ("have a synthetic image nearby", "one of as many training lesions"),
}
ERRORS, SHARE = 2.0, 0.05  # ours; see `mode_finding`
UNLIKE = 0.5  # of the training lesions' precision; ours


def mode_finding(measured: Sequence[Measured]) -> list[dict[str, str]]:
    """Where synthetic images reach clearly fewer held-out lesions than as many training lesions do.

    Clearly: recall or coverage is lower by more than two standard errors over the same draws of patients, and by more
    than 5 points.

    Args:
        measured: Rows of `distances` about one pool, of a split or averaged over splits.

    Returns:
        "class", "space" and "sentence" of each finding, at most one for a space and class. A space without training
        lesions to compare with has none.
    """
    found = []
    for (space, class_name), pairs in _pairs(measured).items():
        lower = [_sentence(measure, *pairs[measure]) for measure in MEASURES if _is_lower(*pairs[measure])]
        if lower:
            sentence = " ".join([*lower, *_unlike(*pairs["precision"])])
            found.append({"class": class_name, "space": space, "sentence": sentence})
    return found


def _pairs(measured: Sequence[Measured]) -> dict[tuple[str, str], dict[str, Pair]]:
    """By space and class, then by measure."""
    rows = {(row.features, row.class_name, row.measure, row.images): row for row in measured}
    pairs: dict[tuple[str, str], dict[str, Pair]] = {}
    for (space, class_name, measure, images), row in rows.items():
        floor = rows.get((space, class_name, measure, "train"))
        if images == "synthetic" and floor is not None and measure in (*MEASURES, "precision"):
            pairs.setdefault((space, class_name), {})[measure] = (row, floor)
    return pairs


def _is_lower(row: Measured, floor: Measured) -> bool:
    lack = floor.value - row.value
    return lack > SHARE and lack > ERRORS * _error(row, floor)


def _error(row: Measured, floor: Measured) -> float:
    """Standard error of the difference; nan, which nothing exceeds, without draws."""
    differences = row.draws - floor.draws
    known = differences[np.isfinite(differences)]
    return float(known.std()) if len(known) else np.nan


def _sentence(measure: str, row: Measured, floor: Measured) -> str:
    reach, floor_reach = MEASURES[measure]
    lesions = "lesions of all classes" if row.class_name == ALL else f"lesions of class {row.class_name}"
    return (
        f"In the features {row.features}, {row.value:.0%} of the held-out {lesions} {reach}, {floor.value:.0%} "
        f"{floor_reach}: {100 * (floor.value - row.value):.0f} points fewer, with a standard error of "
        f"{100 * _error(row, floor):.0f}."
    )


def _unlike(row: Measured, floor: Measured) -> list[str]:
    """What else may be the reason."""
    if row.value >= UNLIKE * floor.value:
        return []
    return [
        f"Of the synthetic images {row.value:.0%} lie among held-out lesions, of training lesions {floor.value:.0%}: "
        "they may be unlike any real lesion rather than of too few kinds."
    ]
