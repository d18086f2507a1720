"""Figures of the ingest page: a distribution per class, and what gives the class away."""

from collections.abc import Sequence

import matplotlib
import numpy as np

from data_modules.background_probe import Giveaway
from liverlab.report.figures import HALF_WIDTH, MUTED, RULE, STYLE, WIDTH, arm_colour, panel, row_label, svg


def class_histograms(values: dict[str, list[float]], *, name: str, label: str, log: bool = False) -> str:
    """One histogram per class over a common axis, one below the other, each as tall as its fullest bin.

    Args:
        values: The numbers of each class; may be empty.
        name: Prefix of the SVG's ids.
        label: What the numbers are, with their unit.
        log: Whether bins and axis are logarithmic.
    """
    every = np.array([x for own in values.values() for x in own])
    low, high = every.min(), max(every.max(), every.min() + 1)
    edges = np.geomspace(low, high, 21) if log else np.linspace(low, high, 21)
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(HALF_WIDTH, 0.75 + 0.7 * len(values))
        for i, (class_name, own) in enumerate(values.items()):
            counts = np.histogram(own, edges)[0]
            axes.stairs(-i + 0.5 * counts / max(counts.max(), 1), edges, baseline=-i, fill=True, color=arm_colour(i))
            axes.axhline(-i, color=RULE, lw=0.8)
            if own:
                axes.plot([np.median(own)] * 2, [-i, -i - 0.1], color=arm_colour(i), lw=2)
            row_label(axes, -i + 0.5, f"{class_name} ({len(own)})")
        axes.set(ylim=(-len(values) + 0.8, 1.0), yticks=[], xlabel=label)
        if log:
            axes.set_xscale("log")
            ticks = [x for x in (2, 5, 10, 20, 50, 100, 200) if low <= x <= high]
            axes.set_xticks(ticks, [f"{x}" for x in ticks])
            axes.minorticks_off()
        medians = ", ".join(f"{key} {np.median(own):.0f}" for key, own in values.items() if own)
        return svg(figure, name, f"{label}: medians {medians}")


def giveaway_figure(found: Sequence[Giveaway]) -> str:
    """Accuracy without the lesion, with intervals, beside the share of the most frequent class."""
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(WIDTH, 0.7 + 0.45 * len(found))
        for i, one in enumerate(found):
            colour = arm_colour(1) if one.predicts else arm_colour(0)
            axes.plot([100 * x for x in one.interval], [-i, -i], color=colour, lw=2.5)
            axes.plot(100 * one.accuracy, -i, "D", color=colour, ms=7)
            axes.plot([100 * one.majority_share] * 2, [-i - 0.3, -i + 0.3], color=MUTED, lw=0.9, ls=(0, (2, 2)))
            row_label(axes, -i, one.by)
        axes.set(xlim=(0, 100), ylim=(-len(found) + 0.5, 0.75), yticks=[], xlabel="Accuracy, %")
        values = ", ".join(f"{one.by} {one.accuracy:.0%}" for one in found)
        return svg(figure, "giveaways", f"Accuracy without the lesion: {values}")
