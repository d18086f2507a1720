"""The A/A difference: what the same arm reaches with other seeds, beside which every difference is to be read."""

from collections.abc import Mapping
from typing import Any

from liverlab.evaluation.metrics import Floats
from liverlab.evaluation.volume_curve import difference


def noise_floor(
    run: Mapping[str, Any], arms: Mapping[str, Mapping[str, Any]], accuracy: Mapping[str, Floats]
) -> dict[str, Any] | None:
    """arm, baseline, estimate and interval of the twins that `run.json` names; None where it names none.

    Args:
        run: Content of `run.json`.
        arms: Metrics of each arm.
        accuracy: Bootstrap draws of each arm's accuracy, shape (draws,).
    """
    twins = run.get("noise_floor")  # runs that were written before there were controls have no such entry
    if twins is None:
        return None
    arm, baseline = twins
    return {"arm": arm, "baseline": baseline} | difference(arms, accuracy, arm, baseline)
