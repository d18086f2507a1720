"""The stage that fits the CNN of one split and predicts its test side (paper, sec. 2.2, 4)."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from callbacks.synthetic_injection import SyntheticInjection
from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.pool import SamplePool
from liverlab.arm_data import arm_seed, classifier_data, find_split, synthetic_per_class
from liverlab.config import ExperimentConfig
from liverlab.control_training import control_notes
from liverlab.models.classifier import LesionClassifier
from liverlab.place import Place
from liverlab.predictions import write_predictions, write_training
from liverlab.stage_fit import fit_tracked
from liverlab.stage_settings import identity_of_fit, leaks_on_purpose
from liverlab.stages import key_of
from liverlab.tracking import RunName
from liverlab.trained_on import MEAN, TrainedOn, write_lineage
from liverlab.training import predict


def fit_classifier(
    folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, place: Place, experiment: str
) -> None:
    """Fit the arm's classifier and write one row of probabilities per test lesion."""
    cohort = Cohort.load(inputs[0])
    split = find_split(cohort, config, place)
    data = classifier_data(config, cohort, split)
    per_class = synthetic_per_class(config, config.synthetic.size)
    pools = [SamplePool.load(path).first(per_class) for path in inputs[1:]]  # one where the arm has a generator
    network = asdict(config.classifier)
    budget = {key: network.pop(key) for key in ("budget", "epochs", "steps")}
    del network["batch_size"], network["mean"]  # the data module's
    # the same seed for every arm: their classifiers start from the same weights
    seed = arm_seed(config, "classifier", *place.settings.values())
    torch.manual_seed(seed)
    model = LesionClassifier(num_classes=len(cohort.class_names), size=config.roi.size, seed=seed, **network)
    unit = f"{place.name}-{config.synthetic.size}" if place.inner else place.name  # a candidate of nested selection
    name = RunName(experiment, config.name, "classifier", unit, key_of(folder))
    length = {budget["budget"]: budget[budget["budget"]]}
    alone, leak = not config.control.real_images, leaks_on_purpose(config)
    injections = [SyntheticInjection(pool, alone=alone, leak_on_purpose=leak) for pool in pools]
    identity = identity_of_fit(config, cohort, place) | {"synthetic": [len(pool.labels) for pool in pools]}
    fit_tracked(model, data, config, folder, name, asdict(config.classifier), length, injections, identity)
    probabilities = predict(model, data, config.trainer)
    if not probabilities.isfinite().all():
        raise InputError(f"The classifier of {config.name} diverged (classifier.lr={config.classifier.lr}). Lower it.")
    write_predictions(folder / "predictions.csv", cohort, split, probabilities)
    TrainedOn.of(cohort, split.train).save(folder)
    write_lineage(folder, data)
    np.save(folder / MEAN, data.training_mean.numpy())
    synthetic = sum(len(pool.labels) for pool in pools)
    write_training(folder / "training.json", config, split, synthetic=synthetic, notes=control_notes(config, data))
