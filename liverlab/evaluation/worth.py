"""What an arm is worth in real lesions: how many the curve's classifier would need to be as good.

The arm's accuracy is read off the curve of accuracy by real lesions. More lesions do no true harm, so the curve is made
to rise by isotonic regression (Barlow et al. 1972, "Statistical inference under order restrictions"). Between two
neighbours it is straight in the logarithm of the number: a learning curve bends slowly there, and no formula for its
whole shape has to be trusted. Beyond its ends nothing is read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from liverlab.evaluation import bootstrap
from liverlab.evaluation.metrics import Floats

SETTING = "holdout.train_lesions"


def worth_summary(
    run: Mapping[str, Any], arms: Mapping[str, Mapping[str, Any]], accuracy: Mapping[str, Floats]
) -> dict[str, Any] | None:
    """The worth of every arm for `metrics.json`; None without a curve over real lesions.

    Args:
        run: Content of `run.json`.
        arms: Metrics of each arm.
        accuracy: Draws of each arm's accuracy, shape (draws,), the same patients and repeats for every arm.

    Returns:
        train_lesions (of the arms), points (arm, lesions, accuracy with interval, the risen curve as fitted), and by
        arm: lesions, its 95 % interval, and beyond: "below" or "above" where the accuracy lies outside of the curve,
        whose end then stands for it, else None.
    """
    curve = run.get("curve")
    if curve is None or curve["setting"] != SETTING:
        return None
    points = [point for point in curve["points"] if point["budget"] == run["budget"]]
    estimate = {name: arm["accuracy"]["estimate"] for name, arm in arms.items()}
    drawn = {name: bootstrap.widened(estimate[name], accuracy[name]) for name in arms}
    names, sizes = [point["arm"] for point in points], [point["value"] for point in points]
    # second lines of arms and of the curve count their budget otherwise
    aside = {point["arm"] for point in curve["points"]}.union(run.get("by_epochs", {}).values())
    others = [name for name in arms if name not in aside]
    rising = risen([estimate[name] for name in names])
    curves = [risen(row) for row in np.stack([drawn[name] for name in names], axis=1)]
    found = {}
    for name in others:
        reached = [lesions_for(x, fit, sizes) for x, fit in zip(drawn[name], curves, strict=True)]
        beyond = "below" if estimate[name] < rising[0] else "above" if estimate[name] > rising[-1] else None
        lesions = lesions_for(estimate[name], rising, sizes)
        found[name] = {"lesions": lesions, "interval": bootstrap.percentile_interval(np.array(reached))}
        found[name] |= {"beyond": beyond}
    return {
        "train_lesions": run["protocol"]["holdout"]["train_lesions"],
        "points": [
            {"arm": name, "lesions": size, "accuracy": arms[name]["accuracy"], "fitted": float(fitted)}
            for name, size, fitted in zip(names, sizes, rising, strict=True)
        ],
        "arms": found,
    }


def risen(accuracies: Sequence[float] | Floats) -> Floats:
    """The closest curve that never falls, points being tested on equally many lesions."""
    return np.asarray(isotonic_regression(accuracies).x, dtype=np.float64)


def lesions_for(accuracy: float, rising: Floats, sizes: Sequence[int]) -> float:
    """Real lesions at which a rising curve reaches an accuracy; its first or last size outside of it."""
    return float(np.exp(np.interp(accuracy, rising, np.log(sizes))))
