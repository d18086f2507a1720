"""What an author takes from a report into a paper: the methods text and the reporting checklists."""

from pathlib import Path
from typing import Any

from liverlab.report.checklists import checklists, counts, write_checklists
from liverlab.report.known_facts import read_facts, told
from liverlab.report.methods_text import write_methods
from liverlab.report.references import references, uncited
from liverlab.report.statistics_sentences import intervals


def author_sections(folder: Path) -> dict[str, Any]:
    """Write `methods.md` and `checklists.csv` into an evaluated run's folder.

    Returns:
        What the page shows of them: methods (paragraphs by heading, references; intervals, on how these were made) and
        checklists (name, source, counts, rows).
    """
    facts = read_facts(folder)
    paragraphs, cited = write_methods(folder, facts)
    shown = []
    for each, rows in zip(checklists(), write_checklists(folder, facts), strict=True):
        about = {"name": each.name, "source": references()[each.source]}
        shown.append(about | {"counts": counts(rows, each.units), "rows": rows})
    methods = {"paragraphs": paragraphs, "references": cited, "intervals": uncited(told(intervals, facts) or "")}
    return {"methods": methods, "checklists": shown}
