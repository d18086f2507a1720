"""ROC curves and reliability curves of the arms, with bands of 95 % over patients, and what they say in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from liverlab.report import figures
from liverlab.report.summary import NBSP, compared, percent, points

SIDE = 3.3  # inches; both axes run from 0 to 1
PATIENTS = (
    "These intervals, and the bands of the reliability curves, are over patients alone: another training is not in "
    "them."
)


def roc_section(metrics: dict[str, Any]) -> dict[str, Any]:
    """What `roc.html` shows: ROC curve of all classes, reliability curve, one ROC curve per class, and sentences.

    Beside them legend (arms and their dashes) and blind: whether an area that no draw changes has no interval.
    """
    arms, banded, holdout = metrics["arms"], compared(metrics)[:2], bool(metrics["holdout"])
    macro = {name: arm["roc"]["macro"] for name, arm in arms.items()}
    by_class = [
        (class_name, roc_figure(arms, curves, banded, f"roc-{c}", f"ROC curve of {class_name}"))
        for c, class_name in enumerate(metrics["class_names"])
        for curves in [{name: arm["roc"]["classes"][class_name] for name, arm in arms.items()}]
    ]
    return {
        "roc": roc_figure(arms, macro, banded, "roc", "ROC curve, mean over classes"),
        "reliability": reliability_figure(arms, banded),
        "classes": [(class_name, svg) for class_name, svg in by_class if svg],
        "banded": banded,
        "legend": [(name, " ".join(f"{2 * dash:g}" for dash in figures.arm_dashes(i))) for i, name in enumerate(arms)],
        "blind": any(
            curve and curve["area"]["interval"] is None
            for arm in arms.values()
            for curve in (arm["roc"]["macro"], *arm["roc"]["classes"].values())
        ),
        "sentences": [calibration_sentence(name, arms[name]) for name in banded] + ([PATIENTS] if holdout else []),
    }


def roc_figure(
    arms: Mapping[str, Any], curves: Mapping[str, Any], banded: Sequence[str], name: str, title: str
) -> Markup | None:
    """One ROC curve per arm; None where no fold holds the lesions for one.

    Args:
        arms: Of `metrics.json`, in the order of their colours.
        curves: By arm tpr, low, high and area, or None.
        banded: Arms with a band.
        name: Of the figure, for its ids.
        title: Begins the accessible name, which holds the areas.
    """
    shown = {arm: curve for arm, curve in curves.items() if curve}
    if not shown:
        return None
    with matplotlib.rc_context(figures.STYLE):
        figure, axes = _square("False-positive rate: called so, but another class", "True-positive rate")
        for i, arm in enumerate(arms):
            if arm in shown:
                line, colour = shown[arm], figures.arm_colour(i)
                if arm in banded:
                    axes.fill_between(
                        arms[arm]["roc"]["fpr"], line["low"], line["high"], color=colour, alpha=0.16, lw=0
                    )
                # the corner where nothing is called belongs to every curve
                x, y = [0, *arms[arm]["roc"]["fpr"]], [0, *line["tpr"]]
                axes.plot(x, y, color=colour, lw=1.8, ls=(0, figures.arm_dashes(i)))
        areas = ", ".join(f"{arm} {line['area']['estimate']:.3f}" for arm, line in shown.items())
        return Markup(figures.svg(figure, name, f"{title}. Area: {areas}"))


def reliability_figure(arms: Mapping[str, Any], banded: Sequence[str]) -> Markup:
    """Share of right answers by probability of the answer, of the arms with a band: more lines would hide each other.

    Args:
        arms: Of `metrics.json`, in the order of their colours.
        banded: The arms to draw.
    """
    with matplotlib.rc_context(figures.STYLE):
        figure, axes = _square("Probability that the arm gave its answer", "Share of these answers that were right")
        for i, arm in enumerate(arms):
            if arm in banded:
                drawn = arms[arm]["reliability"]["points"]
                x, colour = [point["confidence"] for point in drawn], figures.arm_colour(i)
                low, high = zip(*(point["interval"] or (np.nan, np.nan) for point in drawn), strict=True)
                axes.fill_between(x, low, high, color=colour, alpha=0.16, lw=0)
                y, dashes = [point["correct"] for point in drawn], (0, figures.arm_dashes(i))
                axes.plot(x, y, color=colour, marker="o", ms=4, lw=1.6, ls=dashes)
        means = ", ".join(f"{arm} {arms[arm]['reliability']['excess']['estimate']:+.3f}" for arm in banded)
        label = f"Reliability curve. Mean probability minus accuracy: {means}"
        return Markup(figures.svg(figure, "reliability", label))


def calibration_sentence(name: str, arm: Mapping[str, Any]) -> str:
    """How sure an arm was and how often it was right, on average; its temperature where the interval excludes 1."""
    found, accuracy = arm["reliability"], arm["accuracy"]["estimate"]
    excess, interval = found["excess"]["estimate"], found["excess"]["interval"]
    how = "showed on average no clear sign of being too sure or not sure enough of its answers"
    if interval and interval[0] > 0:
        how = "was on average too sure of its answers"
    elif interval and interval[1] < 0:
        how = "was on average not sure enough of its answers"
    span = f", 95{NBSP}% interval {points(interval[0])} to {points(interval[1])}" if interval else ""
    text = (
        f"{name} {how}: it gave them a mean probability of {percent(found['confidence'])}, and {percent(accuracy)} "
        f"were right ({points(excess)} points{span})."
    )
    low, high = found["temperature"]["interval"] or (0, np.inf)
    if low > 1 or high < 1:
        tells = "too sure" if low > 1 else "not sure enough"
        text += (
            f" For its probabilities of all classes a temperature of {found['temperature']['estimate']:.2f} "
            f"({low:.2f} to {high:.2f}) fits best: {tells}."
        )
    return text


def _square(xlabel: str, title: str) -> tuple[Any, Axes]:
    figure, axes = figures.panel(figures.HALF_WIDTH, SIDE + 0.4)
    axes.plot([0, 1], [0, 1], color=figures.MUTED, lw=0.8, ls=(0, (2, 2)))
    axes.grid(color=figures.RULE, lw=0.6)
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel=xlabel, aspect="equal")
    axes.set_title(title, loc="left", fontsize=10, color=figures.MUTED)
    return figure, axes
