"""Figures on the synthetic images: each measure beside what real images reach, and spectra by class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np

from liverlab.report import figures
from liverlab.report.quality_words import number_text

PANEL_WIDTH = 3.6  # inches; two beside one another, one on a telephone


@dataclass(frozen=True)
class Dot:
    """One value of a figure.

    Attributes:
        name: For readers without eyes on it.
        value: Of `quality.json`: estimate and interval.
        colour: Stand-in colour of `figures`.
        floor: Whether it says what real images reach.
    """

    name: str
    value: Mapping[str, Any]
    colour: str
    floor: bool


def dot_figure(rows: Mapping[str, Sequence[Dot]], identifier: str, title: str, *, chance: float | None = None) -> str:
    """One measure with intervals, filled of synthetic images and hollow of real ones.

    Args:
        rows: By the name that stands above each row, from above; what real images reach a little below the line.
        identifier: Of the figure on its page.
        title: What is measured, for readers without eyes on it.
        chance: Where a dotted line says what guessing gives.
    """
    with matplotlib.rc_context(figures.STYLE):
        most = max(len(dots) for dots in rows.values())
        figure, axes = figures.panel(PANEL_WIDTH, 0.45 + (0.28 + 0.08 * most) * len(rows))
        if chance is not None:
            axes.axvline(chance, color=figures.MUTED, lw=0.8, ls=(0, (2, 2)))
        for row, (name, dots) in enumerate(rows.items()):
            for i, dot in enumerate(dots):
                y, ends, gid = -row - 0.14 * i, dot.value["interval"], f"{identifier}-{row}-{i}"
                if ends:
                    axes.plot(ends, [y, y], color=dot.colour, lw=1.4 if dot.floor else 2.6)
                face = figures.PAPER if dot.floor else dot.colour
                axes.plot(dot.value["estimate"], y, "D", color=dot.colour, mfc=face, ms=6, gid=gid)
            figures.row_label(axes, -row, name, figures.MUTED if dots[0].floor else figures.INK)
        axes.set(ylim=(-len(rows) + 0.74 - 0.14 * most, 0.85), yticks=[])
        axes.margins(x=0.06)
        values = ", ".join(f"{dot.name} {number_text(dot.value['estimate'])}" for dots in rows.values() for dot in dots)
        return figures.svg(figure, identifier, f"{title}: {values}")


def spectrum_figure(
    frequency: Sequence[float], band: Sequence[Sequence[float]], floor: Sequence[float],
    lines: Mapping[str, tuple[Sequence[float], str]], class_name: str, identifier: str,
) -> str:  # fmt: skip
    """Power by frequency of one class: the band of held-out lesions, a thin line of real ones and a line for each pool.

    Args:
        frequency: In cycles per pixel.
        band: Lower and upper end of the held-out lesions' log power at each frequency.
        floor: Mean log power of the training lesions.
        lines: Mean log power and stand-in colour by pool.
        class_name: The class.
        identifier: Of the figure on its page.
    """
    with matplotlib.rc_context(figures.STYLE):
        figure, axes = figures.panel(PANEL_WIDTH, 2.2)
        axes.fill_between(frequency, band[0], band[1], color=figures.RULE, lw=0)
        outside: list[str] = []
        for name, (power, colour) in {**lines, "training lesions": (floor, figures.MUTED)}.items():
            axes.plot(
                frequency, power, color=colour, lw=2 if name in lines else 0.8, gid=f"{identifier}-{len(outside)}"
            )
            share = np.mean((np.array(power) < band[0]) | (np.array(power) > band[1]))
            outside.append(f"{name} {100 * share:.0f} %")
        axes.set(xlabel="Cycles per pixel", xlim=(0, max(frequency)))
        axes.set_title("log10 of power", loc="left", fontsize=10, color=figures.MUTED)
        axes.grid(axis="y", color=figures.RULE, lw=0.6)
        label = f"Power spectrum of {class_name}; frequencies outside the held-out band: {', '.join(outside)}"
        return figures.svg(figure, identifier, label)
