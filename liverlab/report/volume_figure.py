"""Accuracy by the number of images per fold, over the published curve (Fig. 8 of Frid-Adar et al. 2018)."""

from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup

from liverlab.report import figures

LINES = {  # by budget: label, colour, marker, shift to the side in parts of the axis, so that bars do not hide others
    "steps": ("equal optimizer steps", 2, "o", -0.004),
    "epochs": ("equal epochs, as published", 3, "s", 0.004),
}
AXES = {
    "classic.size": "Classic images per fold",
    "synthetic.size": "Synthetic images per fold, all classes, on top of the classic ones",
}


def volume_section(metrics: dict[str, Any], *, published: bool) -> dict[str, Any] | None:
    """What `volume.html` shows of the curve; None without one.

    Args:
        metrics: Content of `metrics.json`.
        published: Whether the classes are the paper's, so that its curve may be laid underneath.
    """
    curve = metrics["curve"]
    if curve is None:
        return None
    curve = curve if published else curve | {"published": []}
    printed = {row["per_fold"]: row["correct"] for row in curve["published"]}
    lines = [
        {"label": LINES[budget][0], "colour": LINES[budget][1], "points": line["points"]} | (line["difference"] or {})
        for budget, line in curve["lines"].items()
    ]
    rows = [
        {"value": points[0]["value"], "per_fold": points[0]["per_fold"], "points": points}
        | {"published": printed.get(round(points[0]["per_fold"]))}
        for points in zip(*(line["points"] for line in lines), strict=True)
    ]
    return {
        "svg": Markup(volume_figure(curve, metrics["counts"]["majority_share"])),
        "axis": AXES.get(curve["setting"], curve["setting"]),
        "lines": lines,
        "rows": rows,
        "published": bool(printed),
        "note": scale_note(curve),
    }


def volume_figure(curve: dict[str, Any], majority_share: float) -> str:
    """One line with 95 % intervals per budget over the published counts; sizes on the published scale.

    Args:
        curve: `curve` of metrics.json.
        majority_share: Accuracy of always giving the most frequent class.
    """
    axis = AXES.get(curve["setting"], curve["setting"])
    places = [p["per_fold"] for line in curve["lines"].values() for p in line["points"]]
    places += [row["per_fold"] for row in curve["published"]]
    reach = max(places)
    with matplotlib.rc_context(figures.STYLE):
        figure, axes = figures.panel(figures.WIDTH, 3.4)
        axes.axhline(100 * majority_share, color=figures.MUTED, lw=0.8, ls=(0, (2, 2)))
        if curve["published"]:
            xs = [row["per_fold"] for row in curve["published"]]
            ys = [100 * row["accuracy"] for row in curve["published"]]
            style: dict[str, Any] = {"color": figures.MUTED, "mfc": figures.PAPER, "lw": 1.0, "ms": 6}
            axes.plot(xs, ys, "D-", gid="published", **style)
        for budget, line in curve["lines"].items():
            _, colour, marker, shift = LINES[budget]
            xs = [p["per_fold"] + shift * reach for p in line["points"]]
            ys = [100 * p["accuracy"]["estimate"] for p in line["points"]]
            ends = np.abs(100 * np.array([p["accuracy"]["interval"] for p in line["points"]]).T - ys)
            drawn = figures.arm_colour(colour)
            axes.errorbar(xs, ys, ends, fmt="none", ecolor=drawn, elinewidth=1.2)
            axes.plot(xs, ys, color=drawn, lw=1.8, marker=marker, ms=5, gid=budget)
        axes.grid(axis="y", color=figures.RULE, lw=0.6)
        axes.set(xlim=(-0.03 * reach, 1.03 * reach), xlabel=axis)
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        axes.set_title("Accuracy, %", loc="left", fontsize=10, color=figures.MUTED)
        return figures.svg(figure, "volume", _label(curve, axis))


def scale_note(curve: dict[str, Any]) -> str:
    """How the sizes of this run relate to the axis; empty where they are the published ones."""
    if curve["scale"] == 1:
        return ""
    return (
        f"The axis is the published one. The sizes of this run are {curve['scale']:g} of the published ones, set by "
        "its profile or on the command line: a point stands where the paper’s stands, but trained on fewer images."
    )


def _label(curve: dict[str, Any], axis: str) -> str:
    parts = []
    for budget, line in curve["lines"].items():
        values = ", ".join(f"{p['per_fold']:g}: {100 * p['accuracy']['estimate']:.1f} %" for p in line["points"])
        parts.append(f"{LINES[budget][0]}: {values}")
    if curve["published"]:
        values = ", ".join(f"{row['per_fold']:g}: {100 * row['accuracy']:.1f} %" for row in curve["published"])
        parts.append(f"published: {values}")
    return f"Accuracy by {axis[0].lower()}{axis[1:]}. {'; '.join(parts)}"
