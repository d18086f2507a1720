"""Lines of a phantom's check, and the table that they make."""

from collections.abc import Sequence
from dataclasses import dataclass

SLABS = "not measured: lesion slabs only"
WORDS = {True: "pass", False: "FAIL", None: "not measured"}


@dataclass(frozen=True)
class Line:
    """One demand.

    Attributes:
        what: What is demanded.
        target: The values allowed.
        measured: The value found, "" if none.
        ok: Whether it is among those allowed; None if it was not measured.
        note: What else there is to say.
    """

    what: str
    target: str
    measured: str
    ok: bool | None
    note: str = ""


def check_table(lines: Sequence[Line]) -> str:
    """The lines as aligned text, with pass, FAIL or "not measured"."""
    cells = [("what", "target", "measured", "", "note")]
    cells += [(line.what, line.target, line.measured or "-", WORDS[line.ok], line.note) for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)
