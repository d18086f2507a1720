"""How the generators trained, batch by batch: the discriminator's probabilities, and the distance to real images."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from liverlab.report.figures import HALF_WIDTH, RULE, STYLE, arm_colour, fold_lines, svg

LINES: dict[str, tuple[str, Any]] = {"d_real": ("D(real)", "-"), "d_fake": ("D(fake)", (0, (2.5, 1.2)))}
ALL = "all classes"

Panel = tuple[pd.DataFrame, Mapping[str, tuple[str, Any]]]  # curves, and for each column its name and line style


def probability_figure(curves: pd.DataFrame, arms: Sequence[str]) -> str | None:
    """D(real), solid, and D(fake), dashed; a panel per class where each has its own generator. None if not logged.

    Args:
        curves: `generator_curves.csv`.
        arms: Of the whole run: their order gives the colours.
    """
    if not set(LINES) <= set(curves):
        return None
    panels = {str(name): (mine, LINES) for name, mine in curves.groupby(curves["class"].fillna(ALL), sort=False)}
    return _stack(panels, arms, name="probabilities", label="Probability of being real", top=1.02)


def kid_figure(curves: pd.DataFrame, arms: Sequence[str], class_names: Sequence[str]) -> str | None:
    """KID at the checks, a panel per class. None if not logged."""
    panels = {name: (curves, {f"kid_{i}": ("KID", "-")}) for i, name in enumerate(class_names) if f"kid_{i}" in curves}
    return _stack(panels, arms, name="kid", label="KID", top=None) if panels else None


def _stack(panels: Mapping[str, Panel], arms: Sequence[str], *, name: str, label: str, top: float | None) -> str:
    """The panels below one another on the same axes."""
    ends = []
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(HALF_WIDTH, max(2.5, 0.5 + 1.15 * len(panels))), layout="constrained")
        grid = figure.subplots(len(panels), sharex=True, sharey=True, squeeze=False)[:, 0]
        for axes, (title, (curves, columns)) in zip(grid, panels.items(), strict=True):
            for i, arm in enumerate(arms):
                for column, (meaning, style) in columns.items():
                    end = fold_lines(axes, curves[curves["arm"] == arm], column, arm_colour(i), style)
                    ends += [] if end is None else [f"{arm} {title} {meaning} {end:.2g}"]
            axes.grid(axis="y", color=RULE, lw=0.6)
            axes.set_title("" if title == ALL else title, loc="left", fontsize=STYLE["font.size"])
        grid[-1].set(xlim=(0, None), xlabel="Batch", ylim=(min(0, grid[-1].get_ylim()[0]), top))
        return svg(figure, name, f"{label} by batch, at the end: {', '.join(ends)}")
