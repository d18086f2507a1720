"""The readable part of a stage's folder."""

import re

from liverlab.config import ExperimentConfig
from liverlab.place import Place
from liverlab.stage_settings import CLASSIFIER_CONTROLS, control_settings, leaks_on_purpose


def unit_name(config: ExperimentConfig, place: Place, label: int | None) -> str:
    """The split, and the class where a stage is about one: "r0-f1-cyst"; fit for a folder's name and a W&B id.

    A generator of all lesions belongs to a repeat and to none of its folds: "r0-everybody".
    """
    where = f"r{place.repeat}-everybody" if leaks_on_purpose(config) else place.name
    return where + ("" if label is None else f"-{file_part(config.data.classes[label])}")


def file_part(text: str) -> str:
    """A name as it can stand in a file's name."""
    return re.sub(r"[^\w.-]", "_", text)


def training_name(config: ExperimentConfig) -> str:
    """What a classifier trains on, e.g. "classic-5000-dcgan-1000": arms of any name share what is the same."""
    parts = [config.augmentation] if config.augmentation == "none" else ["classic", str(config.classic.size)]
    if config.method == "discriminator":
        return "-".join([config.generator, "discriminator", *parts])
    if config.generator != "none":
        volume = "chosen" if config.synthetic.choose_from else str(config.synthetic.size)
        parts += [config.generator, volume]
    # what makes a control, e.g. "classic-5000-permuted_labels"
    names = (*CLASSIFIER_CONTROLS, *(["generator_sees"] if leaks_on_purpose(config) else []))
    parts = [*parts, *control_settings(config, *names).get("control", {})]
    if config.method == "bovw":
        return "-".join(["bovw", *parts])
    return "-".join([*parts, *(["epochs"] if config.classifier.budget == "epochs" else [])])
