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

CONTROLS = {
    "copycat": "training lesions under classic transforms: copies",
    "noise": "training lesions with noise: copies",
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
    missed = [
        words.partition(":")[0] for name, words in CONTROLS.items() if name != HELD_OUT and not rows[name]["flagged"]
    ]
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
