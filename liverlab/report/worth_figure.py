"""Accuracy by the number of real lesions, and where each arm's accuracy lies on that curve."""

from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from liverlab.report import figures
from liverlab.report.worth_words import lesions_text, worth_sentence


def worth_section(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """What `worth.html` shows: the figure, and a sentence for each arm; None without a curve over real lesions."""
    worth = metrics["worth"]
    if worth is None:
        return None
    sentences = [worth_sentence(arm, worth) for arm in worth["arms"]]
    return {"svg": Markup(worth_figure(worth)), "sentences": sentences}


def worth_figure(worth: dict[str, Any]) -> str:
    """The curve over a row for each arm: its worth with interval, on the same axis of real lesions.

    Args:
        worth: Of `metrics.json`.
    """
    points, arms = worth["points"], worth["arms"]
    rows = 0.35 + 0.42 * len(arms)
    with matplotlib.rc_context(figures.STYLE):
        figure = Figure(figsize=(figures.WIDTH, 2.6 + rows), layout="constrained")
        curve, below = figure.subplots(2, sharex=True, height_ratios=(2.6, rows))
        sizes = [point["lesions"] for point in points]
        values = np.array([[point["accuracy"]["estimate"], *point["accuracy"]["interval"]] for point in points]).T * 100
        curve.errorbar(sizes, values[0], abs(values[1:] - values[0]), fmt="o", color=figures.INK, ms=5, elinewidth=1.2)
        curve.plot(sizes, [100 * point["fitted"] for point in points], color=figures.INK, lw=1.8, gid="rising")
        curve.grid(axis="y", color=figures.RULE, lw=0.6)
        curve.set_title("Accuracy, %", loc="left", fontsize=10, color=figures.MUTED)
        for i, (name, found) in enumerate(arms.items()):
            colour = figures.arm_colour(i)
            below.plot(found["interval"], [-i, -i], color=colour, lw=2.5)
            below.plot(found["lesions"], -i, "D", color=colour, ms=7, gid=f"worth-{i}")
            figures.row_label(below, -i, name)
        for axes in (curve, below):
            axes.axvline(worth["train_lesions"], color=figures.MUTED, lw=0.8, ls=(0, (2, 2)))
        below.set(ylim=(-len(arms) + 0.5, 0.75), yticks=[], xscale="log", xlabel="Real lesions to train on")
        below.set_xticks(sizes, labels=[str(size) for size in sizes])
        below.minorticks_off()
        return figures.svg(figure, "worth", _label(worth))


def _label(worth: dict[str, Any]) -> str:
    at = ", ".join(f"{p['lesions']}: {100 * p['accuracy']['estimate']:.1f} %" for p in worth["points"])
    arms = ", ".join(f"{name} as {lesions_text(found['lesions'], worth)}" for name, found in worth["arms"].items())
    return f"Accuracy by real lesions: {at}" + (f". Arms: {arms}" if arms else "")
