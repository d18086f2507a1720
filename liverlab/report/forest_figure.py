"""Forest plot: a row for each difference in accuracy with its interval, and every number as text above it."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup

from liverlab.report import figures
from liverlab.report.summary import p_text, points

ACROSS = 58  # characters of a name that fit the width
LINE, GAP = 0.17, 0.42  # inches: of a line of text, and of what else a row needs
HALF = 0.12  # inches: of the band that a row has of the shaded region


@dataclass(frozen=True)
class ForestRow:
    """One difference.

    Attributes:
        label: Which.
        estimate: As a share of lesions, with its 95 % interval.
        interval: Low and high.
        note: What follows the numbers: p and verdict.
        colour: A stand-in colour of figures.py.
    """

    label: str
    estimate: float
    interval: Sequence[float]
    note: str = ""
    colour: str = figures.INK

    @property
    def text(self) -> str:
        """The numbers, in percentage points."""
        low, high = map(points, self.interval)
        return f"{points(self.estimate)} ({low} to {high})" + (f", {self.note}" if self.note else "")


def forest_figure(rows: Sequence[ForestRow], rope: float | None) -> str:
    """The rows from the top, each over the shaded region of practical equivalence.

    Args:
        rows: One or more.
        rope: Half-width of the region as a share of lesions; None to shade nothing.
    """
    labels = [textwrap.fill(row.label, ACROSS, break_on_hyphens=False) for row in rows]
    places = -np.cumsum([GAP + LINE * (2 + label.count("\n")) for label in labels])
    with matplotlib.rc_context(figures.STYLE):
        figure, axes = figures.panel(figures.WIDTH, 0.75 - places[-1])
        for i, (row, label, y) in enumerate(zip(rows, labels, places, strict=True)):
            beside = (y - HALF, y + HALF)  # band and line of zero leave the words alone
            if rope is not None:
                axes.fill_betweenx(beside, -100 * rope, 100 * rope, color=figures.BAND, lw=0)
            axes.plot([0, 0], beside, color=figures.MUTED, lw=0.8)
            axes.plot([100 * x for x in row.interval], [y, y], color=row.colour, lw=3)
            axes.plot(100 * row.estimate, y, "D", color=row.colour, ms=7, gid=f"row-{i}")
            faint = row.colour == figures.MUTED
            _write(axes, y, 10, row.text, figures.MUTED)
            _write(axes, y, 10 + 72 * LINE, label, figures.MUTED if faint else figures.INK)
        reach = 115 * max(abs(x) for row in rows for x in (*row.interval, rope or 0.01))
        axes.set(xlim=(-reach, reach), ylim=(places[-1] - 0.25, 0), yticks=[], xlabel="Points of accuracy")
        told = "; ".join(f"{row.label}: {row.text}" for row in rows)
        return figures.svg(figure, "forest", f"Differences in accuracy in percentage points, 95 % intervals. {told}")


def _write(axes: Any, y: float, above: float, text: str, colour: str) -> None:
    """Text above a row's line, its last line `above` points over it."""
    axes.annotate(
        text, (0, y), (0, above), ("axes fraction", "data"), "offset points",
        color=colour, va="bottom", linespacing=1.1,
    )  # fmt: skip


def declared_rows(
    declared: Sequence[Mapping[str, Any]], floor: Mapping[str, Any] | None, colours: Mapping[str, str], lead: str = ""
) -> list[ForestRow]:
    """A row for each declared comparison, and a grey one for the A/A noise floor.

    Args:
        declared: Comparisons of `metrics.json`, the primary first.
        floor: Its `noise_floor`; left out where it is itself a declared comparison.
        colours: Stand-in colour by arm; others are black.
        lead: Said before each label.
    """
    rows = []
    for c in declared:
        p = f"p {p_text(c['sign_flip_p'])}"
        if len(declared) > 1 and c.get("p_holm") is not None:
            p = f"Holm’s p {p_text(c['p_holm'])}"
        label = f"{lead}{c['arm']} minus {c['baseline']}"
        colour = colours.get(c["arm"], figures.INK)
        rows.append(ForestRow(label, c["estimate"], c["interval"], f"{p}, {c['verdict']}", colour))
    if floor and (floor["arm"], floor["baseline"]) not in [(c["arm"], c["baseline"]) for c in declared]:
        label = f"{lead}A/A noise floor (other seeds alone): {floor['arm']} minus {floor['baseline']}"
        rows.append(ForestRow(label, floor["estimate"], floor["interval"], colour=figures.MUTED))
    return rows


def forest_section(metrics: Mapping[str, Any]) -> Markup | None:
    """The forest of a run's declared comparisons; None where there is one at most."""
    if len(metrics["comparisons"]) < 2:
        return None
    colours = {name: figures.arm_colour(i) for i, name in enumerate(metrics["arms"])}
    rows = declared_rows(metrics["comparisons"], metrics["noise_floor"], colours)
    return Markup(forest_figure(rows, metrics["settings"]["rope"]))
