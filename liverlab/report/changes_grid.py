"""The lesions that the primary comparison gained and lost, with their images where the run has them."""

from pathlib import Path
from typing import Any

import numpy as np

from liverlab.report.figures import tiles

FILE = "changes.npz"
TITLES = {
    "gained": "Right with {arm}, wrong with {baseline}",
    "lost": "Right with {baseline}, wrong with {arm}",
}


def changes_section(folder: Path, metrics: dict[str, Any]) -> dict[str, Any] | None:
    """What `changes.html` shows; None where nothing was compared.

    Args:
        folder: The run's, with `changes.npz` where it is new enough.
        metrics: Content of `metrics.json`.

    Returns:
        sentence, by_seeds, unit (of the counts), rows (class and counts, then all), groups (title, lesions with image
        as data URI or None, how many further ones there are) and with_image: whether each of these lesions has one.
    """
    changes = metrics["changes"]
    if changes is None:
        return None
    images, repeats = _images(folder / FILE), metrics["counts"]["repeats"]
    rows = list(changes["by_class"].values())
    total = {part: sum(row[part] for row in rows) for part in rows[0]}
    groups = [
        {
            "title": title.format(**changes),
            "lesions": [change | {"image": images.get(change["lesion_id"])} for change in changes["shown"][kind]],
            "further": changes["lesions"][kind] - len(changes["shown"][kind]),
        }
        for kind, title in TITLES.items()
    ]
    return {
        "sentence": changes_sentence(changes, total, repeats),
        "by_seeds": seeds_sentence(changes["by_seeds"], repeats),
        "unit": unit(repeats),
        "rows": [*changes["by_class"].items(), ("all classes", total)],
        "groups": groups,
        "with_image": [bool(lesion["image"]) for group in groups for lesion in group["lesions"]],
    }


def changes_sentence(changes: dict[str, Any], total: dict[str, int], repeats: int) -> str:
    """Gains, losses and what is left of them."""
    arm, baseline, net = changes["arm"], changes["baseline"], total["gained"] - total["lost"]
    answers = sum(total.values())
    of = f"{answers:,}"
    if repeats > 1:
        of += f" answers ({answers // repeats:,} lesions in each of {repeats} repeats)"
    left = f"{abs(net)} more" if net > 0 else f"{abs(net)} fewer" if net < 0 else "as many"
    return (
        f"{arm} got {total['gained']} {unit(repeats)} right that {baseline} got wrong, and {total['lost']} wrong that "
        f"{baseline} got right: {left} in all, out of {of}."
    )


def unit(repeats: int) -> str:
    """What is counted: with repeats a lesion is answered several times."""
    return "answers" if repeats > 1 else "lesions"


def seeds_sentence(by_seeds: dict[str, int] | None, repeats: int) -> str:
    """What another seed alone changes, beside which gains and losses are to be read; empty without such a control."""
    if by_seeds is None:
        return ""
    gained, lost = by_seeds["gained"], by_seeds["lost"]
    return (
        f"Between two arms that differ by their seeds alone, {gained} {unit(repeats)} were gained and {lost} lost: "
        "that much is noise."
    )


def _images(path: Path) -> dict[str, str]:
    """Data URI of each lesion in `changes.npz`; empty without it."""
    if not path.is_file():
        return {}
    with np.load(path) as file:
        return {str(lesion): tiles(image[None]) for lesion, image in zip(file["lesions"], file["images"], strict=True)}
