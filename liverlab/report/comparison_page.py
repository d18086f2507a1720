"""`comparison.html`: finished runs side by side in one self-contained page, with its numbers as JSON and CSV."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from data_modules.whole_file import replacing
from liverlab.evaluation.evaluate import write_json
from liverlab.evaluation.run_facts import MEASURES, UNKNOWN
from liverlab.report import figures
from liverlab.report.forest_figure import declared_rows, forest_figure
from liverlab.report.page import template

FILES = {"comparison.html", "comparison.json", "comparison.csv"}
MOST_PAIRS = 12  # in sight; the others are folded away
OWN = ("Experiment", "Set for the run", "Created")  # facts in which runs differ and nobody wonders


def write_comparison(folder: Path, found: dict[str, Any]) -> Path:
    """Write page, JSON and CSV.

    Args:
        folder: Exists.
        found: Of `compare_runs`.

    Returns:
        The path of the page.
    """
    runs, pairs = found["runs"], found["pairs"]
    shown = pairs if len(pairs) <= MOST_PAIRS else [pair for pair in pairs if pair["declared"]]  # these come first
    page = template("comparison.html").render(
        runs=runs,
        found=found,
        facts=_facts(runs),
        settings=[{"name": name, "values": values, "differs": False} for name, values in found["settings"].items()],
        forest=_forest(runs),
        shown=shown,
        folded=pairs[len(shown) :],
    )
    write_json(folder / "comparison.json", found)
    with replacing(folder / "comparison.csv") as part:
        pd.DataFrame(comparison_rows(found), columns=list(COLUMNS)).astype({"baseline_run": "Int64"}).to_csv(
            part, index=False, float_format="%.6f"
        )
    path = folder / "comparison.html"
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return path


COLUMNS = (
    "what", "run", "name", "arm", "baseline_run", "baseline", "measure", "estimate", "low", "high", "p", "p_holm",
    "verdict",
)  # fmt: skip


def comparison_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per number with an interval: arms, declared comparisons, noise floors, and pairs across runs."""
    rows, names = [], {run["number"]: run["name"] for run in found["runs"]}
    for number, run in enumerate(found["runs"], start=1):
        for arm, values in run["arms"].items():
            rows += [{"what": "arm", "run": number, "arm": arm, "measure": m} | _flat(values[m]) for m in MEASURES]
        for what, entry in [*(("declared", c) for c in run["declared"]), ("noise floor", run["noise_floor"])]:
            if entry:
                tested = {"p": entry.get("sign_flip_p"), "p_holm": entry.get("p_holm"), "verdict": entry.get("verdict")}
                rows.append(_pair_row(what, (number, number), entry) | tested)
    rows += [_pair_row("across runs", pair["runs"], pair) for pair in found["pairs"]]
    return [row | {"name": names[row["run"]]} for row in rows]


def _pair_row(what: str, runs: Sequence[int], pair: dict[str, Any]) -> dict[str, Any]:
    place = {"what": what, "run": runs[0], "arm": pair["arm"], "baseline_run": runs[1], "baseline": pair["baseline"]}
    return place | {"measure": "accuracy difference"} | _flat(pair)


def _flat(value: dict[str, Any]) -> dict[str, float]:
    low, high = value["interval"]
    return {"estimate": value["estimate"], "low": low, "high": high}


def _facts(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each fact with its value in every run, and whether it is worth a mark that they differ."""
    rows = [{"name": name, "values": [run["facts"][name] for run in runs]} for name in runs[0]["facts"]]
    return [row | {"differs": row["name"] not in OWN and len(set(row["values"]) - {UNKNOWN}) > 1} for row in rows]


def _forest(runs: list[dict[str, Any]]) -> Markup | None:
    """The declared comparisons of all runs; the region is shaded where they share one."""
    rows = [
        row
        for run in runs
        for row in declared_rows(
            run["declared"],
            run["noise_floor"],
            dict.fromkeys(run["arms"], figures.arm_colour(run["number"] - 1)),
            f"Run {run['number']}: ",
        )
    ]
    ropes = {run["rope"] for run in runs if run["rope"] is not None}
    return Markup(forest_figure(rows, ropes.pop() if len(ropes) == 1 else None)) if rows else None
