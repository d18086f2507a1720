"""Accuracy by the number of images, as in Fig. 8 of Frid-Adar et al. 2018, and which of its points is compared.

The paper chose both group sizes where the curve over its test folds was highest. The best of several points looks
better than it is: with nothing to find, choosing among the published sizes alone shows 2 to 4 points (our simulation).
"""

from collections.abc import Callable, Mapping
from typing import Any

from liverlab.evaluation.published import PUBLISHED_CURVES, PUBLISHED_LESIONS

LABELS = {"fixed": "declared before results", "test": "selected on the test folds, as published: optimistic"}


def select_arm(run: Mapping[str, Any], correct: Mapping[str, int]) -> dict[str, Any]:
    """The arm to compare: the declared one, or under selection "test" the best point of its line.

    Args:
        run: Content of `run.json`; it names the declared pair, the rule and the curve's points.
        correct: Correctly classified rows of each arm. Of equal points the smallest is taken, as in the paper.

    Returns:
        rule, label, the declared arm, the arm, and among how many points it was chosen.
    """
    rule = run.get("selection", "fixed")  # runs of one arm that were written before there were curves have none
    chosen = {"rule": rule, "label": LABELS[rule], "declared": run["arm"], "arm": run["arm"], "among": 1}
    if rule == "fixed":
        return chosen
    budget = {point["arm"]: point["budget"] for point in run["curve"]["points"]}
    line = [arm for arm in budget if budget[arm] == budget[run["arm"]] and arm != run["baseline"]]
    return chosen | {"arm": max(line, key=lambda arm: correct[arm]), "among": len(line)}


def curve_summary(
    run: Mapping[str, Any],
    arms: Mapping[str, Mapping[str, Any]],
    describe: Callable[[str, str], dict[str, Any]],
    arm: str,
) -> dict[str, Any] | None:
    """The curve for `metrics.json`; None for an experiment without one.

    Args:
        run: Content of `run.json`.
        arms: Metrics of each arm.
        describe: Estimate and interval of the difference of (arm, baseline).
        arm: The arm that is compared; every line gets the same difference, described and not tested.

    Returns:
        setting, scale, and lines by budget: points (arm, value, per_fold, correct, rows, accuracy) and the difference
        between the values that are compared (None where the compared arms are no points of it); published: (images per
        fold, correct of 182), digitised.
    """
    curve = run.get("curve")
    if curve is None:
        return None
    value = {point["arm"]: point["value"] for point in curve["points"]}
    lines: dict[str, Any] = {}
    for point in curve["points"]:
        mine = {key: arms[point["arm"]][key] for key in ("correct", "rows", "accuracy")}
        about = {key: point[key] for key in ("arm", "value", "per_fold")}
        lines.setdefault(point["budget"], {"points": []})["points"].append(about | mine)
    for line in lines.values():
        ends = {point["value"]: point["arm"] for point in line["points"]}
        line["difference"] = None
        if {arm, run["baseline"]} <= set(value):
            b, a = (ends[value[name]] for name in (arm, run["baseline"]))
            line["difference"] = {"arm": b, "baseline": a} | describe(b, a)
    published = [
        {"per_fold": size, "correct": correct, "accuracy": correct / PUBLISHED_LESIONS}
        for size, correct in PUBLISHED_CURVES.get(curve["setting"], {}).items()
    ]
    return {"setting": curve["setting"], "scale": curve["scale"], "lines": lines, "published": published}
