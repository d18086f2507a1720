"""What a methods text may cite, by key; `[@key]` in a text becomes the number of its first appearance."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml

CITATION = re.compile(r"\[@([\w,]+)\]")


@cache
def references() -> dict[str, str]:
    """The text of every reference by its key."""
    known: dict[str, str] = yaml.safe_load((Path(__file__).parent / "references.yaml").read_text(encoding="utf-8"))
    return known


def numbered(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The texts with numbers in place of keys, and the list of what they cite in the order of appearance."""
    keys = dict.fromkeys(key for text in texts for marks in CITATION.findall(text) for key in marks.split(","))
    number = {key: i + 1 for i, key in enumerate(keys)}

    def cite(mark: re.Match[str]) -> str:
        return "[" + ", ".join(str(number[key]) for key in mark[1].split(",")) + "]"

    return [CITATION.sub(cite, text) for text in texts], [references()[key] for key in keys]


def uncited(text: str) -> str:
    """A text without its citations."""
    return CITATION.sub("", text.replace(" [@", "[@"))
