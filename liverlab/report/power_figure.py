"""The detectable difference by number of lesions: what this run could see, and what a larger one would."""

from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup

from liverlab.evaluation.power import detectable_by_mcnemar, lesions_needed
from liverlab.report import figures
from liverlab.report.summary import rounded

DIFFERENCES = (0.02, 0.03, 0.05)


def power_section(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """What `power.html` shows; None where the run does not tell how much a difference varies."""
    comparison, lesions = metrics["comparison"], metrics["counts"]["lesions"]
    if comparison is None or not comparison["detectable"] or not comparison["splits_seen"]:
        return None
    detectable = comparison["detectable"]
    needed = {d: lesions_needed(d, detectable, lesions) or 0 for d in DIFFERENCES}
    return {
        "svg": Markup(power_figure(detectable, lesions, needed, comparison["discordance"])),
        "needed": [(f"{100 * d:g}", rounded(n), f"{n / lesions:.2g}") for d, n in needed.items()],
    }


def power_figure(detectable: float, lesions: int, needed: dict[float, int], discordance: float) -> str:
    """Detectable difference in points by lesions, on logarithmic axes, where it is a straight line.

    Args:
        detectable: Of this run, as a share of lesions.
        lesions: Of this run.
        needed: Lesions by difference to mark.
        discordance: Share of rows that one arm alone got right, for McNemar's test of independent lesions.
    """
    sizes = np.geomspace(min(lesions, *needed.values()) / 2, 2 * max(lesions, *needed.values()), 60)
    with matplotlib.rc_context(figures.STYLE):
        figure, axes = figures.panel(figures.WIDTH, 3.2)
        axes.plot(sizes, 100 * detectable * np.sqrt(lesions / sizes), color=figures.INK, lw=1.8, gid="power")
        alone = [(n, d) for n in sizes if (d := detectable_by_mcnemar(discordance, round(n))) is not None]
        if alone:
            axes.plot(*np.array([(n, 100 * d) for n, d in alone]).T, color=figures.MUTED, lw=1.0, ls=(0, (3, 2)))
        for d, n in needed.items():
            axes.plot(n, 100 * d, "o", color=figures.INK, mfc=figures.PAPER, ms=6)
            axes.annotate(f"{100 * d:g} points: {rounded(n)}", (n, 100 * d), (7, 3), textcoords="offset points")
        axes.plot(lesions, 100 * detectable, "D", color=figures.arm_colour(0), ms=8, gid="this-run")
        axes.annotate("this run", (lesions, 100 * detectable), (9, 5), textcoords="offset points")
        axes.grid(color=figures.RULE, lw=0.6)
        axes.set(xscale="log", yscale="log", xlabel="Lesions")
        ticks = [t for t in (0.5, 1, 2, 3, 5, 10, 20, 40) if axes.get_ylim()[0] <= t <= axes.get_ylim()[1]]
        axes.set_yticks(ticks, labels=[f"{t:g}" for t in ticks])
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        axes.minorticks_off()
        axes.set_title("Difference found in four of five cases, points", loc="left", fontsize=10, color=figures.MUTED)
        marks = ", ".join(f"{100 * d:g} points {rounded(n)} lesions" for d, n in needed.items())
        label = f"This run of {lesions} lesions finds {100 * detectable:.1f} points; for {marks}"
        return figures.svg(figure, "power", label)
