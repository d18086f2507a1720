"""Which two arms of a run differ by their seeds alone."""

from collections.abc import Sequence
from dataclasses import replace

from liverlab.config import ExperimentConfig


def twin_arms(arms: Sequence[ExperimentConfig]) -> list[str] | None:
    """Names of the first arm with `control.reseed` and of the arm that it repeats; None without such a pair."""
    for arm in arms:
        for twin in arms:
            named = replace(twin, name=arm.name, description=arm.description)
            if arm.control.reseed and replace(arm, control=replace(arm.control, reseed=0)) == named:
                return [arm.name, twin.name]
    return None
