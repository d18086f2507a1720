"""A statistic of one arm with what its uncertainty is read from: bootstrap draws of patients, and single repeats."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from liverlab.evaluation import bootstrap
from liverlab.evaluation.metrics import Floats


@dataclass(frozen=True, eq=False)
class Sampled:
    """A statistic, or an array of them.

    Attributes:
        estimate: Of the sample as it is, shape (...); NaN where undefined.
        draws: Of bootstrap samples of patients, shape (draws, ...).
        repeats: Of each repeat as it is, shape (repeats, ...).
    """

    estimate: Floats
    draws: Floats
    repeats: Floats

    def over_repeats(self, seed: int) -> "Sampled":
        """With draws of repeats as well, the same for the same seed (`bootstrap.with_repeats`, for a hold-out)."""
        draws = bootstrap.with_repeats({"": self.draws}, {"": self.repeats}, np.random.default_rng((seed, 1)))[""]
        return Sampled(self.estimate, draws, self.repeats)

    def at(self, place: int) -> "Sampled":
        """One of an array of statistics."""
        return Sampled(np.asarray(self.estimate[place]), self.draws[:, place], self.repeats[:, place])

    def band(self) -> tuple[Floats, Floats]:
        """Ends of pointwise 95 % intervals of shares, each of the shape of the estimate."""
        low, high = np.nanpercentile(bootstrap.widened(self.estimate, self.draws), [2.5, 97.5], axis=0)
        return np.clip(low, 0, 1), np.clip(high, 0, 1)


def described(
    found: Sampled, *, patients: int | None = None, bounds: tuple[float, float] = (0.0, 1.0)
) -> dict[str, Any]:
    """Estimate and 95 % interval for `metrics.json`; None where undefined, or where no draw differs.

    Args:
        found: One statistic.
        patients: Behind it, if it is a proportion: then it has Wilson's interval where no draw differs.
        bounds: Its least and largest value.
    """
    estimate, draws = float(found.estimate), found.draws[~np.isnan(found.draws)]
    if np.isnan(estimate):
        return {"estimate": None, "interval": None}
    if patients is not None:
        return {"estimate": estimate, "interval": bootstrap.proportion_interval(estimate, draws, patients)}
    if len(draws) == 0 or np.ptp(draws) < bootstrap.SAME:
        return {"estimate": estimate, "interval": None}
    low, high = bootstrap.percentile_interval(bootstrap.widened(estimate, draws))
    return {"estimate": estimate, "interval": (max(low, bounds[0]), min(high, bounds[1]))}
