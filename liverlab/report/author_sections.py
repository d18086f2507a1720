"""What an author takes from a report into a paper: the methods text and the reporting checklists."""

from pathlib import Path
from typing import Any

from liverlab.report.checklists import answered, checklists, counts, write_checklists
from liverlab.report.known_facts import read_facts
from liverlab.report.methods_text import methods_text, write_methods
from liverlab.report.references import references


def author_sections(folder: Path) -> dict[str, Any]:
    """Write `methods.md` and `checklists.csv` into an evaluated run's folder.

    Returns:
        What the page shows of them: methods (paragraphs by heading, references) and checklists (name, source, counts,
        rows).
    """
    facts = read_facts(folder)
    write_methods(folder, facts)
    write_checklists(folder, facts)
    paragraphs, cited = methods_text(facts)
    shown = []
    for each in checklists():
        rows = answered(each, facts)
        about = {"name": each.name, "source": references()[each.source]}
        shown.append(about | {"counts": counts(rows, each.units), "rows": rows})
    return {"methods": {"paragraphs": paragraphs, "references": cited}, "checklists": shown}
