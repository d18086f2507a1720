"""What `copies.html` shows of each pool: sentences, the controls beside it, and the closest pairs as images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from liverlab.quality.copies import SYNTHETIC
from liverlab.quality.copy_controls import HELD_OUT
from liverlab.quality.measured import ALL
from liverlab.report.figures import tiles
from liverlab.report.generator_words import listed
from liverlab.report.quality_words import Pool, share

IMAGES = {
    "synthetic": "Synthetic images",
    "copycat": "Control: classic images of training lesions",
    "noise": "Control: training lesions with noise",
    "held_out": "Control: held-out lesions, half against half",
}
MOST_GALLERIES = 3  # pools with pictures: each is a fifth of a megabyte

Row = Mapping[str, Any]


def copies_section(folder: Path, pools: Sequence[Pool]) -> list[dict[str, Any]]:
    """A block for each pool: arm, sentences, rows (each with title) and pairs (caption and data URI).

    Args:
        folder: The run's, with `gallery.npz`.
        pools: Of `quality.json`.
    """
    path, pictures = folder / "gallery.npz", {}
    if path.is_file():
        with np.load(path) as file:
            pictures = dict(file)
    blocks = []
    for number, pool in enumerate(pools):
        copies = pool["copies"]
        shown = [row for row in copies["rows"] if row["images"] == SYNTHETIC or row["class"] == ALL]
        pairs = _pairs(copies["pairs"], pictures, number) if number < MOST_GALLERIES else []
        rows = [row | {"title": IMAGES[row["images"]]} for row in shown]
        blocks.append({"arm": pool["arm"], "sentences": sentences(copies), "rows": rows, "pairs": pairs})
    return blocks


def sentences(copies: Mapping[str, Any]) -> list[str]:
    """The finding, and what it is worth by the controls."""
    rows = {row["images"]: row for row in copies["rows"] if row["class"] == ALL}
    found = rows[SYNTHETIC]
    if not found["judged_splits"]:
        return [f"Whether they are copies cannot be told. {copies['splits'][0]['sentence']}"]
    if not copies["instrument_works"]:
        return [f"Whether they are copies cannot be told: the search failed its own check. {_failure(rows)}"]
    control = (
        "The same search found the copies that were planted to test it, training lesions under classic transforms and "
        "with noise, and raised no alarm on held-out lesions."
    )
    seen = (
        f"{share(found['copy_rate'])} of the synthetic images are nearer to one training lesion than to all others by "
        f"more than any held-out lesion is; without copies about {share(found['expected_rate'])} would be."
    )
    if copies["findings"]:
        return [f"Copies of training lesions were found{_where(copies['findings'])}. {seen}", control]
    return [f"No sign of copies. {seen}", f"{control} {_reach(found)}"]


def _reach(found: Row) -> str:
    """From how many copies on one split would have shown them."""
    if found["noticed_from"] is None or found["noticed_from"] > 1:
        return "A single split has too few held-out patients to show even copies alone; together they have."
    return (
        f"In a single split it notices copies from {share(found['noticed_from'])} of the images on; fewer, or heavily "
        "altered ones, it would not."
    )


def _where(findings: Sequence[Row]) -> str:
    named = [finding["class"] for finding in findings if finding["class"] != ALL]
    return f" among the images of {listed(named)}" if named else ""


def _failure(rows: Mapping[str, Row]) -> str:
    missed = [IMAGES[name].removeprefix("Control: ") for name in ("copycat", "noise") if not rows[name]["flagged"]]
    parts = [f"{listed(missed)} were not noticed as copies"] if missed else []
    parts += ["held-out lesions were taken for copies"] if rows[HELD_OUT]["flagged"] else []
    return f"Here {listed(parts)}: the lesions are too few, or too much alike."


def _pairs(pairs: Sequence[Row], pictures: Mapping[str, Any], number: int) -> list[tuple[str, str]]:
    """Caption and image of each pair: the synthetic one on the left."""
    ours, theirs = (pictures.get(f"{number}_{which}", ()) for which in ("synthetic", "train"))
    return [
        (f"{pair['class']}, {pair['distance']:.2f}", tiles(np.stack(images)))
        for pair, *images in zip(pairs, ours, theirs, strict=False)
    ]
