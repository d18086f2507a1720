"""What was looked for in a run's own files that could have let test lesions into training, and what was found.

Looked at are the splits, generators, pools and classifiers of all arms. What should not be there is a failure of ours
and stops the run, but for an arm that leaks on purpose.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pandas as pd

from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.lineage import patients_of
from data_modules.pool import Provenance
from data_modules.twins import ALIKE, expect_no_twins, find_twins
from liverlab.arm_data import find_split
from liverlab.choice_stage import choices_of
from liverlab.config import ExperimentConfig, HoldoutConfig
from liverlab.place import Place
from liverlab.predictions import patients_tested
from liverlab.stages import Stage, in_order
from liverlab.trained_on import read_lineage

CLEAN, ON_PURPOSE, NOTED = "clean", "on purpose", "noted"
STANDARD_ERRORS = 3  # above chance, where an arm whose labels mean nothing is noted
Arms = Mapping[str, Sequence[Stage]]  # classifier stages by arm
Row = tuple[str, str, str]  # check, result, verdict
PLACE = ("repeat", "fold", "holdout")  # all that differs between the splits of one run


def leak_checks(cohort: Cohort, config: ExperimentConfig, arms: Arms, runs: Path) -> list[dict[str, str]]:
    """The audit of a run: rows of check, result and verdict.

    Returns:
        A verdict is "clean", "on purpose" (of arms that declare their leak) or "noted" (to be known).

    Raises:
        InputError: If a training lesion shows the image of a test lesion under another patient.
    """
    classifiers = list({stage.key: stage for planned in arms.values() for stage in planned}.values())
    # arms share their splits, and to split a large cohort takes a second
    places = {str([stage.settings.get(key) for key in PLACE]): stage for stage in classifiers}
    splits = [split_of(cohort, config, stage) for stage in places.values()]
    assert not any(patients_of(cohort, split.train) & patients_of(cohort, split.test) for split in splits)
    rows = [("Patients on both sides of a split", f"0 in {len(splits)} splits", CLEAN)]
    honest = [stage for stage in classifiers if not leaks([stage])]
    rows += [*_generators(honest, runs), *_records(honest, runs), *_choices(honest, runs), _pixels(cohort, splits)]
    for arm, planned in arms.items():
        if leaks(planned):
            rows.append(_leak(arm, planned, runs))
        if control_of(planned[0]).get("permuted_labels"):
            rows.append(_permuted(arm, planned, runs))
    return [dict(zip(("check", "result", "verdict"), row, strict=True)) for row in rows]


def control_of(stage: Stage) -> dict[str, object]:
    """What makes a stage part of a control; empty for an ordinary one."""
    found: dict[str, object] = stage.settings.get("control", {})
    return found


def leaks(stages: Sequence[Stage]) -> bool:
    """Whether the generators behind some classifiers saw their test lesions, on purpose."""
    return any(control_of(stage).get("generator_sees") == "everybody" for stage in in_order(stages))


def split_of(cohort: Cohort, config: ExperimentConfig, stage: Stage) -> Split:
    """The split of a stage, in its own design: the points of a curve may differ in theirs."""
    holdout = stage.settings.get("holdout")
    design = replace(config, holdout=HoldoutConfig(**holdout) if holdout else None)
    return find_split(cohort, design, Place(stage.settings["repeat"], stage.settings["fold"]))


def _seen_by_generators(stage: Stage, runs: Path) -> set[str]:
    """Patients whom the generators and pools behind a classifier saw."""
    seen: set[str] = set()
    for need in in_order([stage]):
        if need.kind == "generator":
            seen |= set(json.loads((need.folder(runs) / "patients.json").read_text()))
        if need.kind == "pool":
            seen |= set(Provenance.load(need.folder(runs)).patients)
    return seen


def _generators(classifiers: Sequence[Stage], runs: Path) -> list[Row]:
    seen = {stage.key: _seen_by_generators(stage, runs) for stage in classifiers}
    fed = [stage for stage in classifiers if seen[stage.key]]
    assert not any(seen[stage.key] & patients_tested(stage.folder(runs)) for stage in fed)
    return [("Test patients behind a generator or a pool", f"0, behind {len(fed)} classifiers", CLEAN)] if fed else []


def _leak(arm: str, classifiers: Sequence[Stage], runs: Path) -> Row:
    pairs = [(_seen_by_generators(stage, runs), patients_tested(stage.folder(runs))) for stage in classifiers]
    found = f"{sum(len(seen & tested) for seen, tested in pairs)} of {sum(len(tested) for _, tested in pairs)}"
    return f"Test patients that a generator of {arm} saw", f"{found}: a leak on purpose", ON_PURPOSE


def _records(classifiers: Sequence[Stage], runs: Path) -> list[Row]:
    """What the classifiers wrote of their own images; those of an earlier version wrote nothing."""
    found = [
        (read_lineage(need.folder(runs)), patients_tested(stage.folder(runs)))
        for stage in classifiers
        for need in in_order([stage])  # and those that a volume was selected with
        if need.kind == "classifier"
    ]
    records = [(lineage, tested) for lineage, tested in found if lineage]
    missing = len(found) - len(records)
    verdict, rest = (NOTED, f"; {missing} have no record") if missing else (CLEAN, "")
    rows = []
    for check, key in (
        ("Test patients among training images", "patients"),
        ("Test patients in a mean image", "mean_of"),
    ):
        assert not any(set(lineage[key]) & tested for lineage, tested in records)
        rows.append((check, f"0, in {len(records)} classifiers{rest}", verdict))
    return rows


def _choices(classifiers: Sequence[Stage], runs: Path) -> list[Row]:
    """Whether a test patient was among those that a split's volume was selected on; nothing where none was selected."""
    asked = {stage.key: set(choice["patients"]) for stage in classifiers for choice in choices_of([stage], runs)}
    chosen = [stage for stage in classifiers if stage.key in asked]
    assert not any(asked[stage.key] & patients_tested(stage.folder(runs)) for stage in chosen)
    return [("Test patients that a volume was selected on", f"0, in {len(chosen)} splits", CLEAN)] if chosen else []


def _pixels(cohort: Cohort, splits: Sequence[Split]) -> Row:
    """One lesion under two patients: across a split it is refused, on one side it makes two patients of one."""
    check, everyone = "Lesions of two patients that show one image", range(len(cohort))
    pairs, largest = find_twins(cohort, everyone, everyone)
    if not pairs:
        return check, f"0; the largest correlation is {largest:.2f}, {ALIKE:g} would count", CLEAN
    for split in splits:
        expect_no_twins(cohort, split)
    listed = "; ".join(f"{pair.named(cohort)} ({pair.correlation:.2f})" for pair in pairs)
    return check, f"{len(pairs)}, none across a split: {listed}", NOTED


def _permuted(arm: str, classifiers: Sequence[Stage], runs: Path) -> Row:
    """Where the training labels mean nothing, an arm is right as often as its answers meet the classes by chance."""
    rows = pd.concat([pd.read_csv(stage.folder(runs) / "predictions.csv", dtype=str) for stage in classifiers])
    right = float((rows["predicted"] == rows["label"]).mean())
    shares = [rows[column].value_counts(normalize=True) for column in ("predicted", "label")]
    chance = float(shares[0].mul(shares[1], fill_value=0).sum())
    limit = chance + STANDARD_ERRORS * sqrt(chance * (1 - chance) / rows["patient_id"].nunique())
    result = f"{right:.3f} of the lesions right; chance is {chance:.3f}, above {limit:.3f} something leaks"
    return f"{arm}: trained on labels dealt out anew", result, CLEAN if right <= limit else NOTED
