"""Gathers what the stages of an experiment wrote into its folder: the files that evaluation and report read."""

import csv
import itertools
import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.lineage import patients_of
from data_modules.pool import SamplePool
from data_modules.roi import Roi
from data_modules.whole_file import replacing
from liverlab.choice_stage import choices_of
from liverlab.config import ExperimentConfig
from liverlab.evaluation.evaluate import fingerprint, write_json
from liverlab.exhibits import spread_rows, write_change_images, write_exhibits
from liverlab.features import FILE as FEATURES
from liverlab.features import write_features
from liverlab.generator_record import Arms, describe_generators, generators_of, kind_of, write_generator_curves
from liverlab.leak_audit import leak_checks, leaks, split_of
from liverlab.quality_record import Quality, write_quality
from liverlab.settings import ProfileChange, protocol_name
from liverlab.stages import Stage, in_order, read_record

CURVE = ("train_loss", "train_accuracy", "test_accuracy")
LEAK = "leak on purpose: its generator saw the test lesions"
LIBRARIES = ("torch", "pytorch-lightning", "torchmetrics", "monai", "numpy", "scikit-learn", "scipy", "liverlab")


def gather(
    folder: Path,
    runs: Path,
    arms: Arms,
    quality: Quality,
    config: ExperimentConfig,
    changes: Sequence[ProfileChange],
    overrides: Sequence[str],
    about: Mapping[str, Any],
) -> None:
    """Write the tables and images of the run, `run.json` and links to the stages."""
    _gather_rows(folder / "predictions.csv", runs, arms, "predictions.csv", {})
    _gather_rows(folder / "learning_curves.csv", runs, arms, "log/metrics.csv", dict.fromkeys(("step", *CURVE)))
    write_features(folder / FEATURES, runs, arms, [name for name in (about["baseline"], about["arm"]) if name])
    cohort = Cohort.load(arms[about["arm"]][0].needs[0].folder(runs))
    write_generator_curves(folder / "generator_curves.csv", arms, runs, cohort.class_names)
    splits = [split_of(cohort, config, stage) for stage in arms[about["arm"]]]
    pools = [
        SamplePool.load(need.folder(runs))
        for stage in arms[about["arm"]]
        for need in stage.needs
        if need.kind == "pool"
    ]
    roi = Roi(**asdict(config.roi))
    spread = [row for split, pool in zip(splits, pools, strict=False) for row in spread_rows(cohort, split, pool, roi)]
    records = [read_record(stage.folder(runs)) for stage in _all_stages(arms, quality)]
    assert len({stage.key for stage in _all_stages(arms) if stage.kind == "cohort"}) == 1  # arms share their data
    run = {
        "experiment": config.name,
        "arm": about["arm"],
        "baseline": about["baseline"],
        "also_compare": about["also_compare"],
        "by_epochs": about["by_epochs"],
        "selection": about["selection"],
        "curve": about["curve"],
        "noise_floor": about["noise_floor"],
        "predictions_sha256": fingerprint(folder / "predictions.csv"),
        "class_names": list(cohort.class_names),
        "profile": config.profile,
        "profile_changes": [asdict(change) for change in changes],
        "overrides": list(overrides),
        "budget": config.classifier.budget,
        "cohort": _describe_cohort(cohort, config),
        "splits": [_describe_split(cohort, split) for split in splits],
        "arms": {name: _describe_arm(stages, runs, about["descriptions"][name]) for name, stages in arms.items()},
        "spread": spread if pools else None,
        "generators": describe_generators(arms, runs, cohort.class_names),
        "leak_checks": leak_checks(cohort, config, arms, runs),
        "quality_findings": write_quality(folder, runs, quality, arms),
        "protocol": {
            "name": protocol_name(config),
            "folds": config.n_folds,
            "repeats": config.repeats,
            "seed": config.seed,
            "holdout": asdict(config.holdout) | {"shared": _most_shared(splits)} if config.holdout else None,
        },
        "versions": {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        "hardware": _hardware(),
        "seconds": sum(record["seconds"] for record in records),
        "resumed": sum(record["resumed"] for record in records),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "config_yaml": (folder / "config.yaml").read_text(),
        # the declared arm's images come first
        **write_exhibits(folder, runs, {about["arm"]: arms[about["arm"]], **arms}, cohort, splits[0], config),
    }
    if about["baseline"] is not None:
        write_change_images(folder, run, cohort, roi)
    write_json(folder / "run.json", run)
    _link_stages(folder / "stages", runs, _all_stages(arms, quality))


def _gather_rows(path: Path, runs: Path, arms: Arms, source: str, columns: dict[str, None]) -> None:
    """One table of all stages' rows, led by the arm; `columns` keeps some, led by repeat and fold, else all."""
    rows: list[dict[str, str]] = []
    for arm, stages in arms.items():
        for stage in stages:
            place = {key: str(stage.settings[key]) for key in ("repeat", "fold")} if columns else {}
            if not (stage.folder(runs) / source).is_file():  # what is not trained by steps has no learning curve
                continue
            with (stage.folder(runs) / source).open(newline="") as file:
                for row in csv.DictReader(file):
                    kept = {key: row.get(key, "") for key in columns} if columns else row
                    if not columns or row.get(CURVE[-1]):
                        rows.append({"arm": arm} | place | kept)
    if not rows:
        return
    with replacing(path) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _describe_cohort(cohort: Cohort, config: ExperimentConfig) -> dict[str, Any]:
    return {
        "lesions": len(cohort),
        "patients": len(cohort.patient_ids),
        "per_class": _per_class(cohort, range(len(cohort))),
        "fingerprint": cohort.fingerprint,
        "phantom": config.data.manifest is None,
        "sources": sorted({lesion.source for lesion in cohort.lesions}),
    }


def _most_shared(splits: Sequence[Split]) -> int:
    """The most training lesions that two splits have in common."""
    return max((len(set(a.train) & set(b.train)) for a, b in itertools.combinations(splits, 2)), default=0)


def _describe_split(cohort: Cohort, split: Split) -> dict[str, Any]:
    return {
        "repeat": split.repeat,
        "fold": split.fold,
        "train_lesions": len(split.train),
        "test_lesions": len(split.test),
        "train_patients": len(patients_of(cohort, split.train)),
        "test_patients": len(patients_of(cohort, split.test)),
        "test_per_class": _per_class(cohort, split.test),
    }


def _per_class(cohort: Cohort, lesions: Sequence[int]) -> dict[str, int]:
    counts = Counter(cohort.lesions[i].class_name for i in lesions)
    return {name: counts[name] for name in cohort.class_names}


def _describe_arm(stages: Sequence[Stage], runs: Path, description: str) -> dict[str, Any]:
    """What the arm's first classifier trained on and for how long; the others differ by a few lesions or a choice."""
    training = json.loads((stages[0].folder(runs) / "training.json").read_text())
    length: dict[str, Any] = {"steps": None, "epochs": None}
    if network := stages[0].settings.get("classifier"):  # else not trained by steps
        batches = -(-sum(training["images"].values()) // network["batch_size"])
        steps = network.get("steps") or network["epochs"] * batches
        length = {"steps": steps, "epochs": steps / batches}
    generators, pools = generators_of(stages), [need for need in stages[0].needs if need.kind == "pool"]
    kind = kind_of(generators[0]) if generators else None
    notes = training.get("control", [])  # stages that were finished before there were controls have none
    leak = leaks(stages)
    return {
        "description": "; ".join([description, *notes, *([LEAK] if leak else [])]),
        "leak_on_purpose": leak,
        "training_images": training["images"],
        **length,
        "generator": pools[0].settings["generator"] if pools else kind,
        "details": generators[0].settings[kind] if kind else {},
        "choices": choices_of(stages, runs),
    }


def _hardware() -> str:
    import torch  # already loaded by the stages in this process, if any ran

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return f"{device}, {platform.machine()}, {platform.system()}"


def _link_stages(folder: Path, runs: Path, stages: Sequence[Stage]) -> None:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for stage in stages:
        target = stage.folder(runs)
        (folder / f"{stage.kind}-{target.name}").symlink_to(Path("../../..") / target.relative_to(runs))


def _all_stages(*groups: Arms) -> list[Stage]:
    return in_order([stage for group in groups for stages in group.values() for stage in stages])
