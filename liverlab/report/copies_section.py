"""What `copies.html` shows of each pool: sentences, the controls beside it, and the closest pairs as images."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from liverlab.quality.copies import SYNTHETIC
from liverlab.quality.copy_controls import HELD_OUT
from liverlab.quality.measured import ALL
from liverlab.report.figures import tiles
from liverlab.report.generator_words import listed, sentence_case
from liverlab.report.quality_words import Pool, share

PLANTED = {"copycat": "training lesions under classic transforms", "noise": "training lesions with noise"}
CONTROLS = {
    **{name: f"{words}: copies" for name, words in PLANTED.items()},
    "held_out": "held-out lesions, half against half: no copies",
}
MOST_GALLERIES = 3  # pools with pictures: each is a fifth of a megabyte

Row = Mapping[str, Any]


def copies_section(folder: Path, pools: Sequence[Pool]) -> list[dict[str, Any]]:
    """A block for each pool: arm, sentences, rows (each with title and about) and pairs (caption and data URI).

    Args:
        folder: The run's, with `gallery.npz`.
        pools: Of `quality.json`.
    """
    path = folder / "gallery.npz"
    pictures: dict[str, Any] = {}
    if path.is_file():
        with np.load(path) as file:
            pictures = dict(file)
    return [
        {
            "arm": pool["arm"],
            "sentences": sentences(pool["copies"]),
            "rows": list(_rows(pool["copies"]["rows"])),
            "pairs": _pairs(pool["copies"]["pairs"], pictures, number) if number < MOST_GALLERIES else [],
        }
        for number, pool in enumerate(pools)
    ]


def _rows(rows: Sequence[Row]) -> Iterator[Row]:
    """Synthetic images of all classes and of each, and the controls."""
    for row in rows:
        if row["images"] == SYNTHETIC:
            yield {**row, "title": "Synthetic images", "about": row["class"]}
        elif row["class"] == ALL:
            yield {**row, "title": "Control", "about": CONTROLS[row["images"]]}


def sentences(copies: Mapping[str, Any]) -> list[str]:
    """The finding, and what it is worth by the controls."""
    rows = {row["images"]: row for row in copies["rows"] if row["class"] == ALL}
    found = rows[SYNTHETIC]
    if not found["judged_splits"]:
        why = copies["splits"][0]["sentence"].removeprefix("No finding: ")
        return [f"Whether they are copies cannot be told. {sentence_case(why)}"]
    if not copies["instrument_works"]:
        return [f"Whether they are copies cannot be told: {_failure(rows)}"]
    planted = [words for name, words in PLANTED.items() if rows[name]["judged_splits"]]
    quiet = ", and raised no alarm on held-out lesions" if rows[HELD_OUT]["judged_splits"] else ""
    control = f"The same search found the copies that were planted to test it, {listed(planted)}{quiet}."
    if copies["findings"]:
        flagged = {finding["class"] for finding in copies["findings"]}
        numbers = [_seen(row) for row in copies["rows"] if row["images"] == SYNTHETIC and row["class"] in flagged]
        return [f"Copies of training lesions were found{_where(copies['findings'])}. {numbers[0]}", control]
    return [f"No sign of copies. {_seen(found)}", f"{control} {_reach(found)}"]


def _seen(row: Row) -> str:
    """The numbers of all synthetic images, or of those of a class."""
    which = "synthetic images" if row["class"] == ALL else f"synthetic images of {row['class']}"
    return (
        f"{share(row['copy_rate'])} of the {which} are nearer to one training lesion than to all others by more than "
        f"any left-out lesion is; without copies about {share(row['expected_rate'])} would be."
    )


def _reach(found: Row) -> str:
    """From how many copies on one split would have shown them."""
    if found["noticed_from"] is None or found["noticed_from"] > 1:
        return "A single split has too few left-out patients to show even copies alone."
    return (
        f"In a single split it notices copies from {share(found['noticed_from'])} of the images on; fewer, or heavily "
        "altered ones, it would not."
    )


def _where(findings: Sequence[Row]) -> str:
    named = [finding["class"] for finding in findings if finding["class"] != ALL]
    return f" among the images of {listed(named)}" if named else ""


def _failure(rows: Mapping[str, Row]) -> str:
    judged = [name for name in PLANTED if rows[name]["judged_splits"]]
    if not judged:
        return "the search could not be tried on copies, for lack of lesions."
    missed = [PLANTED[name] for name in judged if not rows[name]["flagged"]]
    parts = [f"{listed(missed)} were not noticed as copies"] if missed else []
    parts += ["held-out lesions were taken for copies"] if rows[HELD_OUT]["flagged"] else []
    return f"the search failed its own check. Here {listed(parts)}: the lesions are too few, or too much alike."


def _pairs(pairs: Sequence[Row], pictures: Mapping[str, Any], number: int) -> list[tuple[str, str]]:
    """Caption and image of each pair: the synthetic one on the left."""
    ours, theirs = (pictures.get(f"{number}_{which}", ()) for which in ("synthetic", "train"))
    return [
        (f"{pair['class']}, {pair['distance']:.2f}", tiles(np.stack(images)))
        for pair, *images in zip(pairs, ours, theirs, strict=False)
    ]
