"""Arms of different runs as pairs, where the runs tested the same lesions in the same folds.

Such arms are as paired as those of one run: the same patients are drawn for both. What no run declared beforehand is
described with an interval and never tested, and there is no verdict on it.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from liverlab.evaluation import bootstrap
from liverlab.evaluation.finished_run import FinishedRun
from liverlab.evaluation.metrics import metrics_of_confusions
from liverlab.evaluation.paired import described
from liverlab.evaluation.prediction_table import PredictionTable
from liverlab.evaluation.rule import Rule


def pairs_across(runs: Sequence[FinishedRun], *, draws: int = Rule.draws, seed: int = 0) -> list[dict[str, Any]]:
    """The difference in accuracy of every two arms that stand in different runs with the same tested lesions.

    Args:
        runs: In the order of the page.
        draws: Of the patient-cluster bootstrap.
        seed: Of the bootstrap. With a run's own seed the numbers are those of one run that holds all the arms.

    Returns:
        For each pair `arm` minus `baseline`: their `runs` (numbers from 1, that of the arm first), both names,
        `estimate` and `interval` as shares of rows, `declared` (both are the compared arms of their runs; these come
        first), `same` (the two gave the very same probabilities) and `unequal_steps` (optimizer steps of both, where
        they differ, which makes a difference one of training time too; else None).
    """
    groups: dict[str, list[int]] = {}
    for i, one in enumerate(runs):
        if one.tested:
            groups.setdefault(one.tested, []).append(i)
    found = [pair for group in groups.values() if len(group) > 1 for pair in _pairs_of(runs, group, draws, seed)]
    return sorted(found, key=lambda pair: not pair["declared"])


def _pairs_of(runs: Sequence[FinishedRun], group: list[int], draws: int, seed: int) -> list[dict[str, Any]]:
    places, table = _joined(runs, group)
    per_patient = bootstrap.patient_confusions(table.labels, table.predicted, table.patients, len(table.class_names))
    drawn = bootstrap.resampled_confusions(per_patient, draws, np.random.default_rng(seed))
    accuracy = metrics_of_confusions(drawn)["accuracy"]
    one_test_set = bool(runs[group[0]].run["protocol"].get("holdout"))
    found = []
    for a, b in itertools.combinations(range(len(places)), 2):
        (first, baseline), (second, arm) = places[a], places[b]
        if first != second:
            names = (table.arms[b], table.arms[a])
            found.append(
                {
                    "runs": [second + 1, first + 1],
                    "arm": arm,
                    "baseline": baseline,
                    **described(table, names, accuracy, one_test_set=one_test_set),
                    "declared": (arm, baseline) == (runs[second].compared_arm, runs[first].compared_arm),
                    "unequal_steps": _unequal_steps(runs, (places[b], places[a])),
                    "same": bool(np.array_equal(table.probabilities[a], table.probabilities[b])),
                }
            )
    return found


def _unequal_steps(runs: Sequence[FinishedRun], places: Sequence[tuple[int, str]]) -> list[int] | None:
    steps = [runs[i].run["arms"][name].get("steps") for i, name in places]  # None: not trained by steps
    return steps if None not in steps and steps[0] != steps[1] else None


def _joined(runs: Sequence[FinishedRun], group: list[int]) -> tuple[list[tuple[int, str]], PredictionTable]:
    """The (run, arm) of every arm, and one table of them all; arms of one name stay apart."""
    tables = {i: table for i in group if (table := runs[i].table)}
    places = [(i, arm) for i, table in tables.items() for arm in table.arms]
    return places, replace(
        tables[group[0]],
        arms=tuple(f"{i} {arm}" for i, arm in places),
        predicted=np.concatenate([table.predicted for table in tables.values()]),
        probabilities=np.concatenate([table.probabilities for table in tables.values()]),
    )
