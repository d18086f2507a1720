"""The A/A difference: what the same arm reaches with other seeds, beside which every difference is to be read."""

from collections.abc import Callable, Mapping
from typing import Any


def noise_floor(run: Mapping[str, Any], describe: Callable[[str, str], dict[str, Any]]) -> dict[str, Any] | None:
    """arm, baseline, estimate and interval of the twins that `run.json` names; None where it names none.

    Args:
        run: Content of `run.json`.
        describe: Estimate and interval of the difference of (arm, baseline).
    """
    twins = run.get("noise_floor")  # runs that were written before there were controls have no such entry
    if twins is None:
        return None
    arm, baseline = twins
    return {"arm": arm, "baseline": baseline} | describe(arm, baseline)
