"""The stage that fits a generator on the training side of one split (paper, sec. 3.3, 3.4)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from callbacks.gan_findings import Finding
from data_modules.cohort import Cohort
from liverlab.arm_data import arm_seed, generator_data, generator_split
from liverlab.config import ExperimentConfig
from liverlab.models.registry import build_generator
from liverlab.place import Place
from liverlab.stage_fit import fit_tracked
from liverlab.stage_names import unit_name
from liverlab.stage_settings import identity_of_fit
from liverlab.stages import key_of
from liverlab.tracking import RunName
from liverlab.trained_on import TrainedOn
from liverlab.watched_fit import findings_of, fit_until_sound, watching


def fit_generator(
    folder: Path,
    inputs: Sequence[Path],
    *,
    config: ExperimentConfig,
    place: Place,
    label: int | None,
    experiment: str,
) -> None:
    """Fit a generator on the classic pool of the training side: all classes, or the one with this label.

    Raises:
        InputError: If there are fewer images than a batch has, or the watch stopped the fit.
    """
    cohort = Cohort.load(inputs[0])
    split = generator_split(cohort, config, place)
    data = generator_data(config, cohort, split, label)
    (folder / "patients.json").write_text(json.dumps(data.patients))
    TrainedOn.of(cohort, data.lesions).save(folder)
    hyper = asdict(getattr(config, config.generator))
    epochs = hyper.pop("epochs")
    del hyper["batch_size"], hyper["ema_decay"]  # the data module's and a callback's
    unit = unit_name(config, place, label)
    identity = identity_of_fit(config, cohort, place) | {"label": label}

    def fit_once(given_up: int, seed: int) -> list[Finding]:
        torch.manual_seed(seed)
        classes = len(cohort.class_names)
        model = build_generator(config.generator, hyper, size=config.roi.size, num_classes=classes, seed=seed)
        attempt = f"{unit}-attempt-{given_up + 1}" if given_up else unit
        name = RunName(experiment, config.name, "generator", attempt, key_of(folder))
        beside, watch = watching(config, data, folder, class_names=cohort.class_names, seed=seed)
        fit_tracked(model, data, config, folder, name, hyper, {"epochs": epochs}, beside, identity)
        return findings_of(watch)

    attempts = 1 + config.watch.retries if config.watch.action == "retry" else 1
    key = ("generator", config.generator, *place.settings.values(), label)
    seeds = [arm_seed(config, *key, *([attempt] if attempt else [])) for attempt in range(attempts)]
    fit_until_sound(folder, seeds, fit_once)
