"""The report's table of generators: a block of rows per generator, or per class where they are too many to read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from liverlab.report.generator_words import Generators, place, sentence_case

MOST_ROWS = 12  # of an arm; beyond that, its generators are summed up


def generator_table(generators: Generators, class_names: Sequence[str]) -> list[dict[str, Any]]:
    """Blocks: what the classes of a generator share, and a row for each class.

    Returns:
        name, attempts (the most of a generator); epochs, batches, d_real, d_fake and label_effect as mean, low and high
        over the generators of the block; rows of class, kid and spread (as before) and found (in words). None where
        nothing was measured.
    """
    shared = ("epochs", "batches", "d_real", "d_fake", "label_effect")
    return [
        {"name": _name(block, generators), "attempts": max(entry["attempts"] for entry in block)}
        | {key: _range([entry[key] for entry in block]) for key in shared}
        | {"rows": [_row(block, name) for name in _classes(block[0], class_names)]}
        for block in _blocks(generators, class_names)
    ]


def _blocks(generators: Generators, class_names: Sequence[str]) -> Iterator[Generators]:
    for arm in dict.fromkeys(entry["arm"] for entry in generators):
        mine = [entry for entry in generators if entry["arm"] == arm]
        if sum(len(_classes(entry, class_names)) for entry in mine) <= MOST_ROWS:
            yield from ([entry] for entry in mine)
        else:
            for name in dict.fromkeys(entry["class"] for entry in mine):
                yield [entry for entry in mine if entry["class"] == name]


def _classes(entry: dict[str, Any], class_names: Sequence[str]) -> Sequence[str]:
    return class_names if entry["class"] is None else [entry["class"]]


def _name(block: Generators, generators: Generators) -> str:
    if len(block) == 1:
        return sentence_case(place(block[0], generators))
    several_arms = len({entry["arm"] for entry in generators}) > 1
    return f"{len(block)} generators" + f" of {block[0]['arm']}" * several_arms


def _row(block: Generators, class_name: str) -> dict[str, Any]:
    measured = {key: _range([entry[key].get(class_name) for entry in block]) for key in ("kid", "spread")}
    return {"class": class_name, "found": _found(block, class_name)} | measured


def _found(block: Generators, class_name: str) -> str:
    """Kinds of findings that concern the class; with the number of generators where the block has several."""
    kinds = Counter(kind for entry in block for kind in _kinds(entry, class_name))
    several = len(block) > 1
    return ", ".join(kind + f" {count} of {len(block)}" * several for kind, count in kinds.items()) or "none"


def _kinds(entry: dict[str, Any], class_name: str) -> dict[str, None]:
    if entry["findings"] is None:
        return {"not watched": None}
    mine = (f["kind"].replace("_", " ") for f in entry["findings"] if f["class"] in (None, class_name))
    return dict.fromkeys(mine)  # each once, in the order of the findings


def _range(values: Sequence[float | None]) -> dict[str, float] | None:
    known = [value for value in values if value is not None]
    return {"mean": float(np.mean(known)), "low": min(known), "high": max(known)} if known else None
