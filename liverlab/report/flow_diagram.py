"""From patients to predictions, box by box, as STARD 2015 asks (Bossuyt et al., Radiology 277:826, item 19)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MOST_SPLITS = 5  # with boxes of their own


def flow_diagram(folder: Path, run: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    """What `flow.html` shows.

    Args:
        folder: Of the run; its link to the cohort tells how many lesions were left out at ingest.
        run: Content of `run.json`.
        metrics: Content of `metrics.json`.

    Returns:
        Texts, and `refused` with `listed` (lesions of the manifest), both None where the cohort's files do not tell.
    """
    refused, lesions, holdout = refused_at_ingest(folder), run["cohort"]["lesions"], metrics["holdout"]
    shown = run["splits"][:MOST_SPLITS]
    return {
        "refused": refused,
        "listed": None if refused is None else lesions + refused,
        "design": _design(run["protocol"]["folds"], run["protocol"]["repeats"], holdout),
        "splits": [
            {
                "name": f"Repeat {split['repeat'] + 1}" if holdout else _fold(split, run["protocol"]["repeats"]),
                "train": _side([split], "train"),
                "test": _side([split], "test"),
                "classes": ", ".join(f"{count} {name}" for name, count in split["test_per_class"].items()),
            }
            for split in shown
        ],
        "others": _others(run["splits"][MOST_SPLITS:]),
        "tested": f"{metrics['counts']['lesions']:,} of {lesions:,} lesions tested by each arm",
        "predictions": _predictions(metrics["counts"], metrics["leaks"]),
    }


def refused_at_ingest(folder: Path) -> int | None:
    """Lesions that the cohort's ingest left out; None where the run no longer has its cohort beside it."""
    found = next(folder.glob("stages/cohort-*/ingest.json"), None)
    return None if found is None else len(json.loads(found.read_text())["skipped"])


def _design(folds: int, repeats: int, holdout: dict[str, Any] | None) -> str:
    times = "once" if repeats == 1 else f"{repeats} times"
    if holdout:
        return f"One test side, and a training side of {holdout['train_lesions']:,} lesions, {times}"
    return f"{folds} folds, {times}"


def _fold(split: dict[str, Any], repeats: int) -> str:
    return f"Fold {split['fold'] + 1}" + (f", repeat {split['repeat'] + 1}" if repeats > 1 else "")


def _others(splits: Sequence[dict[str, Any]]) -> str:
    """The splits without boxes of their own, in a sentence."""
    if not splits:
        return ""
    return f"And {len(splits)} more: training sides of {_side(splits, 'train')}, test sides of {_side(splits, 'test')}."


def _predictions(counts: dict[str, Any], leaks: Sequence[str]) -> str:
    times = "each once" if counts["rows"] == counts["lesions"] else f"{counts['rows']:,} times over the repeats"
    spared = f", but for {' and '.join(leaks)}, whose generator saw the test side on purpose" if leaks else ""
    return f"{times}, by a classifier that saw no lesion of the same patient{spared}"


def _side(splits: Sequence[dict[str, Any]], side: str) -> str:
    return f"{_range(splits, side + '_lesions', 'lesion')} of {_range(splits, side + '_patients', 'patient')}"


def _range(splits: Sequence[dict[str, Any]], key: str, noun: str) -> str:
    counts: list[int] = sorted(split[key] for split in splits)
    low, high = counts[0], counts[-1]
    count = f"{low:,}" if low == high else f"{low:,}–{high:,}"
    return f"{count} {noun}" + "s" * (high != 1)
