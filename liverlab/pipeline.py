"""The method of Frid-Adar et al. 2018 as stages, in order.

1. The cohort: lesions of a manifest, or of the embedded phantom (sec. 2.1).
2. For every split of the cross-validation, and on its training side only: generators on the classic pool (sec. 3.3,
   3.4), and the pool of synthetic lesions that they give.
3. The classifier on the arm's training images, and its predictions for the test side (sec. 2.2, 4).

`plan_arm` says which stages an arm needs; the functions below it are the stages.
"""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningDataModule, LightningModule
from torch import Tensor

from callbacks.sample_grid import SampleGrid
from callbacks.synthetic_injection import SyntheticInjection
from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.folds import Split
from data_modules.pool import Provenance, SamplePool
from liverlab.arm_data import (
    classic_per_lesion,
    classifier_data,
    derive_seed,
    find_split,
    generator_data,
    synthetic_per_class,
)
from liverlab.config import ExperimentConfig
from liverlab.models.classifier import LesionClassifier
from liverlab.models.registry import GENERATORS
from liverlab.sources import cohort_stage
from liverlab.stages import Stage, key_of, write_progress
from liverlab.synthesis import draw_pool
from liverlab.tracking import RunName, resolve_mode, tracked
from liverlab.training import CHECKPOINT, fit, predict

GRIDS_PER_FIT = 5


def plan_arm(config: ExperimentConfig, *, experiment: str) -> list[Stage]:
    """The classifier stages of an arm, one per split; each knows the stages that it needs."""
    cohort = cohort_stage(config)
    return [plan_classifier(config, cohort, repeat, fold, experiment) for repeat, fold in splits_to_run(config)]


def splits_to_run(config: ExperimentConfig) -> list[tuple[int, int]]:
    """(repeat, fold) of every split that the config asks for."""
    folds = range(config.n_folds) if config.folds is None else config.folds
    return [(repeat, fold) for repeat in range(config.repeats) for fold in folds]


def plan_classifier(config: ExperimentConfig, cohort: Stage, repeat: int, fold: int, experiment: str) -> Stage:
    """The classifier of one split, with the pool of the split's generators where the arm has one."""
    network = asdict(config.classifier)
    del network["epochs" if config.classifier.budget == "steps" else "steps"]  # the other one has no effect
    settings = _split_settings(config, repeat, fold) | {"classifier": network}
    if config.augmentation == "classic":
        settings["classic"] = asdict(config.classic)
    needs = [cohort]
    if config.generator != "none":
        settings["synthetic"] = {"size": config.synthetic.size}
        needs.append(plan_pool(config, cohort, repeat, fold, experiment))
    run = partial(fit_classifier, config=config, repeat=repeat, fold=fold, experiment=experiment)
    name = f"{training_name(config)}-{unit_name(config, repeat, fold)}"
    return Stage("classifier", name, settings, run, tuple(needs))


def plan_pool(config: ExperimentConfig, cohort: Stage, repeat: int, fold: int, experiment: str) -> Stage:
    """The synthetic lesions of one split, from one generator or one per class."""
    kind = config.generator
    classes = range(len(config.data.classes)) if GENERATORS[kind].one_per_class else [None]
    generators = [plan_generator(config, cohort, repeat, fold, label, experiment) for label in classes]
    drawn = {"size": config.synthetic.pool_size or config.synthetic.size, "count": config.synthetic.count}
    settings = _split_settings(config, repeat, fold) | {"generator": kind, "synthetic": drawn}
    run = partial(sample_pool, config=config, repeat=repeat, fold=fold)
    return Stage("pool", f"{kind}-{unit_name(config, repeat, fold)}", settings, run, (cohort, *generators))


def plan_generator(
    config: ExperimentConfig, cohort: Stage, repeat: int, fold: int, label: int | None, experiment: str
) -> Stage:
    """One generator of one split."""
    kind = config.generator
    sections = {"classic": asdict(config.classic), kind: asdict(getattr(config, kind)), "label": label}
    unit = unit_name(config, repeat, fold, label)
    run = partial(fit_generator, config=config, repeat=repeat, fold=fold, label=label, experiment=experiment)
    return Stage("generator", f"{kind}-{unit}", _split_settings(config, repeat, fold) | sections, run, (cohort,))


def fit_generator(
    folder: Path,
    inputs: Sequence[Path],
    *,
    config: ExperimentConfig,
    repeat: int,
    fold: int,
    label: int | None,
    experiment: str,
) -> None:
    """Fit a generator on the classic pool of the training side: all classes, or the one with this label."""
    cohort = Cohort.load(inputs[0])
    split = find_split(cohort, config, repeat, fold)
    hyper = asdict(getattr(config, config.generator))
    epochs = hyper.pop("epochs")
    del hyper["batch_size"], hyper["ema_decay"]  # the data module's and the callback's
    seed = derive_seed(config.seed, "generator", config.generator, repeat, fold, label)
    data = generator_data(config, cohort, split, label)
    (folder / "patients.json").write_text(json.dumps(data.patients))
    kind = GENERATORS[config.generator]
    conditional: dict[str, Any] = {} if kind.one_per_class else {"num_classes": len(cohort.class_names)}
    torch.manual_seed(seed)
    model = kind(size=config.roi.size, seed=seed, **conditional, **hyper)
    shown = list(range(len(cohort.class_names))) if label is None else [label]
    grid = SampleGrid(
        folder / "grids", labels=shown, columns=8, every_n_epochs=max(1, epochs // GRIDS_PER_FIT), seed=seed
    )
    name = RunName(experiment, config.name, "generator", unit_name(config, repeat, fold, label), key_of(folder))
    _fit_tracked(model, data, config, folder, name, hyper, {"epochs": epochs}, [grid])


def sample_pool(folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, repeat: int, fold: int) -> None:
    """Sample as many synthetic lesions of every class, and note whom their generators saw."""
    cohort = Cohort.load(inputs[0])
    patients = {patient for path in inputs[1:] for patient in json.loads((path / "patients.json").read_text())}
    kind = GENERATORS[config.generator]
    generators = [
        kind.load_from_checkpoint(path / CHECKPOINT, map_location="cpu", weights_only=True) for path in inputs[1:]
    ]
    provenance = Provenance(
        generator=config.generator,
        cohort=cohort.fingerprint,
        repeat=repeat,
        fold=fold,
        patients=tuple(sorted(patients)),
        seed=derive_seed(config.seed, "pool", config.generator, repeat, fold),
    )
    per_class = synthetic_per_class(config, config.synthetic.pool_size or config.synthetic.size)
    pool = draw_pool(generators, per_class=per_class, num_classes=len(cohort.class_names), provenance=provenance)
    if not pool.images.isfinite().all():
        raise InputError(
            f"The {config.generator} of repeat {repeat}, fold {fold} diverged. Lower {config.generator}.lr."
        )
    pool.save(folder)


def fit_classifier(
    folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, repeat: int, fold: int, experiment: str
) -> None:
    """Fit the arm's classifier and write one row of probabilities per test lesion."""
    cohort = Cohort.load(inputs[0])
    split = find_split(cohort, config, repeat, fold)
    data = classifier_data(config, cohort, split)
    per_class = synthetic_per_class(config, config.synthetic.size)
    pools = [SamplePool.load(path).first(per_class) for path in inputs[1:]]  # one where the arm has a generator
    network = asdict(config.classifier)
    budget = {key: network.pop(key) for key in ("budget", "epochs", "steps")}
    del network["batch_size"], network["mean"]  # the data module's
    # the same seed for every arm: their classifiers start from the same weights
    seed = derive_seed(config.seed, "classifier", repeat, fold)
    torch.manual_seed(seed)
    model = LesionClassifier(num_classes=len(cohort.class_names), size=config.roi.size, seed=seed, **network)
    name = RunName(experiment, config.name, "classifier", unit_name(config, repeat, fold), key_of(folder))
    length = {budget["budget"]: budget[budget["budget"]]}
    injections = [SyntheticInjection(pool) for pool in pools]
    _fit_tracked(model, data, config, folder, name, asdict(config.classifier), length, injections)
    probabilities = predict(model, data, config.trainer)
    if not probabilities.isfinite().all():
        raise InputError(f"The classifier of {config.name} diverged (classifier.lr={config.classifier.lr}). Lower it.")
    write_predictions(folder / "predictions.csv", cohort, split, probabilities)
    images = {"real": len(split.train), "classic": (classic_per_lesion(config, split) - 1) * len(split.train)}
    images["synthetic"] = sum(len(pool.labels) for pool in pools)
    (folder / "training.json").write_text(json.dumps({"images": images}))


def _fit_tracked(
    model: LightningModule,
    data: LightningDataModule,
    config: ExperimentConfig,
    folder: Path,
    name: RunName,
    facts: dict[str, Any],
    length: dict[str, int],
    callbacks: Sequence[Callback],
) -> None:
    """Fit for `length` (epochs or steps) with the run's tracker and the stage's progress."""
    with tracked(name, facts, mode=resolve_mode(config.tracking), folder=Path(config.runs_dir) / "wandb") as logger:
        report = partial(write_progress, folder)
        fit(model, data, config.trainer, folder=folder, **length, callbacks=callbacks, logger=logger, report=report)


def write_predictions(path: Path, cohort: Cohort, split: Split, probabilities: Tensor) -> None:
    """One row per test lesion: repeat, fold, lesion, patient, label, predicted class, probabilities of all classes."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        columns = ["repeat", "fold", "lesion_id", "patient_id", "label", "predicted"]
        writer.writerow(columns + [f"p_{name}" for name in cohort.class_names])
        for lesion, row in zip((cohort.lesions[i] for i in split.test), probabilities, strict=True):
            predicted = cohort.class_names[int(row.argmax())]
            facts = [split.repeat, split.fold, lesion.lesion_id, lesion.patient_id, lesion.class_name, predicted]
            writer.writerow(facts + [f"{p:.6f}" for p in row.tolist()])


def unit_name(config: ExperimentConfig, repeat: int, fold: int, label: int | None = None) -> str:
    """The split, and the class where a stage is about one: "r0-f1-cyst"; fit for a folder's name and a W&B id."""
    return f"r{repeat}-f{fold}" + ("" if label is None else re.sub(r"[^\w.-]", "_", f"-{config.data.classes[label]}"))


def training_name(config: ExperimentConfig) -> str:
    """What a classifier trains on, e.g. "classic-5000-dcgan-1000": arms of any name share what is the same."""
    parts = [config.augmentation] if config.augmentation == "none" else ["classic", str(config.classic.size)]
    if config.generator != "none":
        parts += [config.generator, str(config.synthetic.size)]
    return "-".join([*parts, *(["epochs"] if config.classifier.budget == "epochs" else [])])


def _split_settings(config: ExperimentConfig, repeat: int, fold: int) -> dict[str, object]:
    """What every stage of a split depends on."""
    shared = {"n_folds": config.n_folds, "seed": config.seed, "precision": config.trainer.precision}
    return {"repeat": repeat, "fold": fold, "roi": asdict(config.roi), **shared}
