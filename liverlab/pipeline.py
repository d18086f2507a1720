"""The method of Frid-Adar et al. 2018 as stages, in order.

1. The cohort: lesions of a manifest, or of the embedded phantom (sec. 2.1).
2. For every split of the cross-validation, and on its training side only: generators on the classic pool (sec. 3.3,
   3.4), and the pool of synthetic lesions that they give.
3. The classifier on the arm's training images, and its predictions for the test side (sec. 2.2, 4).

`plan_arm` says which stages an arm needs; the functions below it are the stages.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_lightning import Callback, LightningDataModule, LightningModule

from callbacks.gan_findings import Finding
from callbacks.synthetic_injection import SyntheticInjection
from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.pool import Provenance, SamplePool
from liverlab.arm_data import classifier_data, derive_seed, find_split, generator_data, synthetic_per_class
from liverlab.bovw_stage import fit_bovw
from liverlab.config import ExperimentConfig
from liverlab.models.classifier import LesionClassifier
from liverlab.models.registry import GENERATORS
from liverlab.predictions import write_predictions, write_training
from liverlab.sources import cohort_stage
from liverlab.stage_names import training_name, unit_name
from liverlab.stages import Stage, key_of, write_progress
from liverlab.synthesis import draw_pool
from liverlab.tracking import RunName, resolve_mode, tracked
from liverlab.trained_on import MEAN, TrainedOn
from liverlab.training import fit, predict
from liverlab.watched_fit import findings_of, fit_until_sound, samplers_file, watching


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
    settings = _split_settings(config, repeat, fold)
    if config.method == "bovw":
        settings["bovw"] = asdict(config.bovw)
        run = partial(fit_bovw, config=config, repeat=repeat, fold=fold)
    else:
        settings |= _fit_settings(config)
        network = settings["classifier"] = asdict(config.classifier)
        del network["epochs" if config.classifier.budget == "steps" else "steps"]  # the other one has no effect
        run = partial(fit_classifier, config=config, repeat=repeat, fold=fold, experiment=experiment)
    if config.augmentation == "classic":
        settings["classic"] = asdict(config.classic)
    needs = [cohort]
    if config.generator != "none":
        settings["synthetic"] = {"size": config.synthetic.size}
        needs.append(plan_pool(config, cohort, repeat, fold, experiment))
    name, trains = f"{training_name(config)}-{unit_name(config, repeat, fold)}", config.method == "cnn"
    return Stage("classifier", name, settings, run, tuple(needs), on_all_ranks=trains, resumes=trains)


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
    sections = {"classic": asdict(config.classic), kind: asdict(getattr(config, kind)), "watch": asdict(config.watch)}
    if config.watch.action != "retry":
        del sections["watch"]["retries"]  # has no effect
    unit = unit_name(config, repeat, fold, label)
    run = partial(fit_generator, config=config, repeat=repeat, fold=fold, label=label, experiment=experiment)
    settings = _split_settings(config, repeat, fold) | _fit_settings(config) | sections | {"label": label}
    return Stage("generator", f"{kind}-{unit}", settings, run, (cohort,), on_all_ranks=True, resumes=True)


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
    """Fit a generator on the classic pool of the training side: all classes, or the one with this label.

    Raises:
        InputError: If there are fewer images than a batch has, or the watch stopped the fit.
    """
    cohort = Cohort.load(inputs[0])
    split = find_split(cohort, config, repeat, fold)
    data = generator_data(config, cohort, split, label)
    (folder / "patients.json").write_text(json.dumps(data.patients))
    TrainedOn.of(cohort, data.lesions).save(folder)
    hyper = asdict(getattr(config, config.generator))
    epochs = hyper.pop("epochs")
    del hyper["batch_size"], hyper["ema_decay"]  # the data module's and a callback's
    kind = GENERATORS[config.generator]
    conditional: dict[str, Any] = {} if kind.one_per_class else {"num_classes": len(cohort.class_names)}
    unit = unit_name(config, repeat, fold, label)
    identity = _identity(config, cohort, repeat, fold) | {"label": label}

    def fit_once(given_up: int, seed: int) -> list[Finding]:
        torch.manual_seed(seed)
        model = kind(size=config.roi.size, seed=seed, **conditional, **hyper)
        attempt = f"{unit}-attempt-{given_up + 1}" if given_up else unit
        name = RunName(experiment, config.name, "generator", attempt, key_of(folder))
        beside, watch = watching(config, data, folder, class_names=cohort.class_names, seed=seed)
        _fit_tracked(model, data, config, folder, name, hyper, {"epochs": epochs}, beside, identity)
        return findings_of(watch)

    attempts = 1 + config.watch.retries if config.watch.action == "retry" else 1
    key = ("generator", config.generator, repeat, fold, label)
    seeds = [derive_seed(config.seed, *key, *([attempt] if attempt else [])) for attempt in range(attempts)]
    fit_until_sound(folder, seeds, fit_once)


def sample_pool(folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, repeat: int, fold: int) -> None:
    """Sample as many synthetic lesions of every class, and note whom their generators saw."""
    cohort = Cohort.load(inputs[0])
    patients = {patient for path in inputs[1:] for patient in json.loads((path / "patients.json").read_text())}
    kind = GENERATORS[config.generator]
    weights = samplers_file(getattr(config, config.generator).ema_decay)
    generators = [
        kind.load_from_checkpoint(path / weights, map_location="cpu", weights_only=True) for path in inputs[1:]
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
    identity = _identity(config, cohort, repeat, fold)
    _fit_tracked(model, data, config, folder, name, asdict(config.classifier), length, injections, identity)
    probabilities = predict(model, data, config.trainer)
    if not probabilities.isfinite().all():
        raise InputError(f"The classifier of {config.name} diverged (classifier.lr={config.classifier.lr}). Lower it.")
    write_predictions(folder / "predictions.csv", cohort, split, probabilities)
    TrainedOn.of(cohort, split.train).save(folder)
    np.save(folder / MEAN, data.training_mean.numpy())
    write_training(folder / "training.json", config, split, synthetic=sum(len(pool.labels) for pool in pools))


def _fit_tracked(
    model: LightningModule,
    data: LightningDataModule,
    config: ExperimentConfig,
    folder: Path,
    name: RunName,
    facts: dict[str, Any],
    length: dict[str, int],
    callbacks: Sequence[Callback],
    identity: dict[str, object],
) -> None:
    """Fit for `length` (epochs or steps) with the run's tracker and the stage's progress; see `fit`."""
    with tracked(name, facts, mode=resolve_mode(config.tracking), folder=Path(config.runs_dir) / "wandb") as logger:
        report = partial(write_progress, folder)
        fit(
            model,
            data,
            config.trainer,
            folder=folder,
            epochs=length.get("epochs"),
            steps=length.get("steps"),
            callbacks=callbacks,
            logger=logger,
            report=report,
            identity=identity,
        )


def _split_settings(config: ExperimentConfig, repeat: int, fold: int) -> dict[str, object]:
    """What every stage of a split depends on."""
    place = {"repeat": repeat, "fold": fold, "n_folds": config.n_folds, "seed": config.seed}
    return place | {"roi": asdict(config.roi)}


def _fit_settings(config: ExperimentConfig) -> dict[str, object]:
    """What every fit depends on: other arithmetic gives other digits, and every device draws noise of its own."""
    devices = config.trainer.devices * config.trainer.num_nodes
    unusual = {"devices": devices} if devices > 1 else {}
    unusual |= {"compile": True} if config.trainer.compile else {}
    return {"precision": config.trainer.precision, **unusual}


def _identity(config: ExperimentConfig, cohort: Cohort, repeat: int, fold: int) -> dict[str, object]:
    """What a killed fit must have in common with the one that goes on from its state."""
    facts: dict[str, object] = {"classes": cohort.class_names, "cohort": cohort.fingerprint}
    return facts | _split_settings(config, repeat, fold) | _fit_settings(config)
