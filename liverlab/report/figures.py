"""Figures as inline SVG that takes its colours and its font from the page, and image grids as PNG data URIs.

matplotlib draws with stand-in colours; they become CSS variables, so that one file serves light, dark and print.
"""

import base64
import html
import io
import re
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

INK, MUTED, RULE, BAND, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
ARMS = [f"#0601{i:02x}" for i in range(6)]  # six colours of Okabe and Ito in page.css, then they repeat
# of their lines, in line widths: what a reader without colours tells them by
DASHES = [(), (6, 2), (3, 1.5), (6, 1.5, 1.5, 1.5), (9, 2, 3, 2), (6, 1.5, 1.5, 1.5, 1.5, 1.5)]
VARIABLES = {INK: "ink", MUTED: "muted", RULE: "rule", BAND: "band", PAPER: "paper"} | {
    colour: f"arm-{i}" for i, colour in enumerate(ARMS)
}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "liverlab",
    "text.parse_math": False,  # names may hold a dollar sign
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "lines.solid_capstyle": "butt",
}
WIDTH, HALF_WIDTH = 5.0, 3.9  # inches; small enough to stay legible on a telephone
TILES_ACROSS = 8
LABEL_BOX: dict[str, Any] = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5}  # lines do not strike through names


def arm_colour(position: int) -> str:
    """Stand-in colour of an arm by its position."""
    return ARMS[position % len(ARMS)]


def arm_dashes(position: int) -> tuple[float, ...]:
    """Lengths of an arm's dashes and gaps by its position, in line widths; none for a solid line."""
    return DASHES[position % len(DASHES)]


def difference_figure(
    comparison: dict[str, Any], rope: float, colour: str, floor: dict[str, Any] | None = None, *, holdout: bool = False
) -> str:
    """The primary difference with its interval over the differences of single splits, in percentage points.

    Args:
        comparison: Of `metrics.json`.
        rope: Half-width of the region of practical equivalence, as a share of lesions.
        colour: Of the arm.
        floor: `noise_floor` of `metrics.json`, where the run has one: it gets a row of its own, in grey.
        holdout: Whether a split is a repeat of a hold-out and not a fold.
    """
    splits = comparison["per_split"]
    part = "repeats" if holdout else "folds"
    if holdout:  # one split each: a row for all
        splits = [split | {"repeat": 0} for split in splits]
    repeats = sorted({split["repeat"] for split in splits})
    with matplotlib.rc_context(STYLE):
        rows = len(repeats) + (floor is not None)
        figure, axes = panel(WIDTH, 1.25 + 0.32 * rows)
        axes.axvspan(-100 * rope, 100 * rope, color=BAND, lw=0)
        axes.axvline(0, color=MUTED, lw=0.8)
        low, high = (100 * x for x in comparison["interval"])
        axes.plot([low, high], [0, 0], color=colour, lw=3)
        axes.plot(100 * comparison["estimate"], 0, "D", color=colour, ms=8)
        row_label(axes, 0, f"All {part}")
        for row, repeat in enumerate(repeats, start=1):
            values = [100 * split["difference"] for split in splits if split["repeat"] == repeat]
            axes.plot(values, [-row] * len(values), "o", color=colour, ms=5, alpha=0.6, mew=0)
            row_label(axes, -row, f"Single {part}" if len(repeats) == 1 else f"Folds of repeat {repeat + 1}")
        shown = [low, high, 100 * rope, *(100 * s["difference"] for s in splits)]
        if floor:
            ends = [100 * x for x in floor["interval"]]
            axes.plot(ends, [-rows, -rows], color=MUTED, lw=3)
            axes.plot(100 * floor["estimate"], -rows, "D", color=MUTED, ms=6)
            row_label(axes, -rows, "Noise floor (A/A): other seeds alone", MUTED)
            shown += ends
        reach = 1.15 * max(map(abs, shown))
        axes.set(xlim=(-reach, reach), ylim=(-rows - 0.4, 0.75), yticks=[])
        for x, side, text in (
            (0, "left", f"← {comparison['baseline']} better"),
            (1, "right", f"{comparison['arm']} better →"),
        ):
            axes.annotate(text, (x, 0), (0, -32), "axes fraction", "offset points", ha=side, color=MUTED)
        label = f"Difference in accuracy {100 * comparison['estimate']:+.1f} points, interval {low:+.1f} to {high:+.1f}"
        return svg(figure, "difference", label)


def accuracy_figure(metrics: dict[str, Any], published: list[dict[str, Any]]) -> str:
    """Accuracy of each arm with interval and single folds, and the published values with Wilson's intervals."""
    arms = metrics["arms"]
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(WIDTH, 0.7 + 0.42 * (len(arms) + len(published)))
        axes.axvline(100 * metrics["counts"]["majority_share"], color=MUTED, lw=0.8, ls=(0, (2, 2)))
        for i, (name, arm) in enumerate(arms.items()):
            folds = [100 * split["correct"] / split["rows"] for split in arm["splits"]]
            axes.plot(folds, [-i - 0.2] * len(folds), "o", color=arm_colour(i), ms=4, alpha=0.5, mew=0)
            axes.plot([100 * x for x in arm["accuracy"]["interval"]], [-i, -i], color=arm_colour(i), lw=2.5)
            axes.plot(100 * arm["accuracy"]["estimate"], -i, "D", color=arm_colour(i), ms=7)
            row_label(axes, -i, name)
        for i, row in enumerate(published, start=len(arms)):
            axes.plot([100 * x for x in row["wilson_95"]], [-i, -i], color=MUTED, lw=1.2)
            axes.plot(100 * row["accuracy"], -i, "D", color=MUTED, mfc=PAPER, ms=6)
            row_label(axes, -i, f"Published: {row['name']}", MUTED)
        axes.set(ylim=(-len(arms) - len(published) + 0.5, 0.75), yticks=[], xlabel="Accuracy, %")
        axes.set_xlim(max(0, axes.get_xlim()[0] - 2), 100.5)
        values = ", ".join(f"{name} {100 * arm['accuracy']['estimate']:.1f} %" for name, arm in arms.items())
        return svg(figure, "accuracy", f"Accuracy of the arms: {values}")


def curve_figure(curves: pd.DataFrame, column: str, arms: list[str], label: str) -> str:
    """One monitored quantity by optimizer step: each fold as a thin line, each arm's mean as a thick one."""
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(HALF_WIDTH, 2.5)
        for i, arm in enumerate(arms):
            mine = curves[curves["arm"] == arm]
            fold_lines(axes, mine.assign(**{column: 100 * mine[column]}), column, arm_colour(i))
        axes.grid(axis="y", color=RULE, lw=0.6)
        axes.set(ylim=(0, 102), xlim=(0, None), xlabel="Optimizer step")
        return svg(figure, column, f"{label} by optimizer step for {', '.join(arms)}")


def fold_lines(axes: Axes, curves: pd.DataFrame, column: str, colour: str, style: Any = "-") -> float | None:
    """Each fold as a thin line over its steps, their mean as a thick one; returns where that ends, None if empty.

    More than 100 points a line are taken for single batches: the thick line is then smoothed over a fortieth of it.
    """
    logged = curves.dropna(subset=[column])
    folds = logged.groupby(["repeat", "fold"])
    for _, fold in folds:
        axes.plot(fold["step"], fold[column], color=colour, ls=style, lw=0.7, alpha=0.45)
    # folds differ by a few batches: their n-th points belong together, not those at one step
    nth = logged.groupby(folds.cumcount())[["step", column]].mean()
    if len(nth) > 100:
        nth[column] = nth[column].rolling(len(nth) // 40, center=True, min_periods=1).mean()
    axes.plot(nth["step"], nth[column], color=colour, ls=style, lw=2.2)
    return float(nth[column].iloc[-1]) if len(nth) else None


def tiles(images: npt.NDArray[np.uint8]) -> str:
    """Images of shape (n, H, W), eight to a row and one pixel apart, as a PNG data URI.

    The page shows between them: 0 is transparent, and black is written as 1. An alpha channel would cost a quarter.
    """
    (count, height, width), across = images.shape, min(len(images), TILES_ACROSS)
    sheet = np.zeros((-(-count // across) * (height + 1) - 1, across * (width + 1) - 1), dtype=np.uint8)
    for i, image in enumerate(images):
        top, left = (i // across) * (height + 1), (i % across) * (width + 1)
        sheet[top : top + height, left : left + width] = np.maximum(image, 1)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format="png", optimize=True, transparency=0)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def panel(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of this size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def row_label(axes: Axes, y: float, text: str, colour: str = INK) -> None:
    """Write a row's name above its line."""
    axes.annotate(text, (0, y), (0, 7), ("axes fraction", "data"), "offset points", color=colour, bbox=LABEL_BOX)


def svg(figure: Figure, name: str, label: str) -> str:
    """The figure as an <svg> element with unique ids, page colours and an accessible name."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'(id="|url\(#|href="#)', rf"\1{name}-", text)
    text = re.sub(r"font-family: [^;\"]+", "font-family: var(--sans)", text)
    # hundredths of a point are enough for lines of many points
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    head, body = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{html.escape(label)}">{body.strip()}'
