"""Reporting checklists, filled in as far as a run knows the answers; the rest is for its author.

CLAIM (2024 update, 44 items), TRIPOD+AI (27 items, 52 with their parts), METRICS (30 items) and the 7-C scorecard for
synthetic medical data. Topics are in our own words and numbered as published; the numbers and the order of the first
three were compared with the published tables as others print them item by item. The scorecard's criteria have no
published numbers, so theirs are ours. An answer is never a score: METRICS' weights are left to its own calculator.
"""

import csv
from collections import Counter
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from data_modules.whole_file import replacing
from liverlab.report import design_sentences as design
from liverlab.report.checklist_answers import KNOWN
from liverlab.report.known_facts import Facts, NotApplicable, told
from liverlab.report.references import references, uncited
from liverlab.report.result_answers import RESULTS
from liverlab.report.scorecard_answers import SCORES

FOLDER = Path(__file__).parent / "checklists"
FILES = ("claim", "tripod_ai", "metrics", "seven_c")
FILE = "checklists.csv"
FILLED, PART, OPEN, NONE = "filled by the run", "in part", "author to complete", "not applicable"
NO_PATIENTS = "Computer-made lesions: there are no patients of whom this could be said."
ANSWERS = KNOWN | RESULTS | SCORES
RESULT = {"performance", "diagnostic", "limits", "verdict"}
# what takes from an answer where it is true, from which answers, and what the author then adds
CAVEATS = (
    (
        design.chosen_on_test,
        RESULT | {"selection", "building", "internal"},
        "the result of an arm that no test lesion helped to choose",
    ),
    (design.seen_on_purpose, RESULT | {"disjoint", "congruence", "coverage", "constraint", "compliance"}, ""),
)


@dataclass(frozen=True)
class Item:
    """One item of a checklist.

    Attributes:
        number: As published.
        topic: What it asks for, in our words.
        known: Key of what a run may answer; None: no run knows.
        hint: What the author writes, or adds to the run's answer; None where that is complete.
        patients: Whether the hint asks of patients, so that on computer-made lesions nothing is left to write.
    """

    number: str
    topic: str
    known: str | None = None
    hint: str | None = None
    patients: bool = False


@dataclass(frozen=True)
class Checklist:
    """A checklist: its name, where it was published (key of the reference), what its rows are, and the rows."""

    name: str
    source: str
    units: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Row:
    """One item with its answer: a row of `checklists.csv`."""

    checklist: str
    number: str
    topic: str
    status: str
    answer: str
    to_add: str
    where: str
    source: str


@cache
def checklists() -> tuple[Checklist, ...]:
    """All checklists, in the order of the report."""
    return tuple(_read(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))) for name in FILES)


def _read(content: dict[str, Any]) -> Checklist:
    return Checklist(**content | {"items": tuple(Item(**item) for item in content["items"])})


def answered(checklist: Checklist, facts: Facts) -> list[Row]:
    """Every item with what the run says, or with what is left to the author."""
    return [_row(checklist, item, facts) for item in checklist.items]


def _row(checklist: Checklist, item: Item, facts: Facts) -> Row:
    sentence, where = ANSWERS[item.known] if item.known else (None, "")
    answer = told(sentence, facts) if sentence else None
    hint = None if item.patients and facts.get("run.cohort.phantom") else item.hint
    if isinstance(answer, NotApplicable):
        status, hint, where = NONE, None, ""
    elif answer:
        answer, hint = _with_caveats(item.known, answer, hint, facts)
        status = PART if hint else FILLED
    elif item.patients and hint is None:
        status, answer, where = NONE, NO_PATIENTS, ""
    else:
        status, hint, where = OPEN, item.hint or item.topic, ""
    part = "repeat" if facts.get("metrics.holdout") else "fold"
    texts = (uncited(answer or ""), hint or "", where.format(part=part), references()[checklist.source])
    return Row(checklist.name, item.number, item.topic, status, *texts)


def _with_caveats(known: str | None, answer: str, hint: str | None, facts: Facts) -> tuple[str, str | None]:
    for caveat, answers, to_add in CAVEATS:
        if known in answers and (text := told(caveat, facts)):
            answer, hint = f"{answer} {text}", "; ".join(part for part in (hint, to_add) if part)
    return answer, hint


def counts(rows: list[Row], units: str) -> str:
    """E.g. "19 of 44 items filled by the run, 9 in part, 16 to complete"."""
    found = Counter(row.status for row in rows)
    text = f"{found[FILLED]} of {len(rows)} {units} filled by the run, {found[PART]} in part, {found[OPEN]} to complete"
    return text + (f", {found[NONE]} not applicable" if found[NONE] else "")


def write_checklists(folder: Path, facts: Facts) -> list[list[Row]]:
    """Write `checklists.csv` into a run's folder, one row an item, for authors to go on from.

    Returns:
        The rows of each checklist.
    """
    rows = [answered(checklist, facts) for checklist in checklists()]
    with replacing(folder / FILE) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(Row)])
        writer.writerows(astuple(row) for own in rows for row in own)
    return rows
