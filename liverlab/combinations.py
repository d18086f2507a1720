"""Which settings make sense together."""

import math
from dataclasses import asdict, replace

from data_modules.errors import InputError
from liverlab.config import BovwConfig, ControlConfig, ExperimentConfig
from liverlab.pool_kinds import is_trained


def check_together(config: ExperimentConfig) -> None:
    """Refuse settings that contradict each other, or of which one would have no effect beside the other.

    Raises:
        InputError: Naming them, and what would work.
    """
    folds, last = config.folds or [], 0 if config.holdout else config.n_folds - 1
    outside = [fold for fold in folds if not 0 <= fold <= last]
    if outside:
        known = f"n_folds={config.n_folds} gives folds 0 to {last}"
        if config.holdout:
            known = "a hold-out has one split in each repeat, fold 0"
        raise InputError(f"folds={folds}: there is no fold {outside[0]}; {known}.")
    if config.folds == []:
        raise InputError("folds=[]: no fold is left to run. Leave the setting out to run all.")
    if len(set(folds)) < len(folds):
        raise InputError(f"folds={folds}: a fold is listed twice.")
    if is_trained(config) and config.augmentation == "none":
        raise InputError("generator: a generator is trained on the classic pool; set augmentation=classic.")
    if config.generator == "classic_more" and config.augmentation == "none":
        raise InputError("generator=classic_more: it continues the classic pool; set augmentation=classic.")
    if config.generator != "none" and config.method == "bovw":
        raise InputError("method=bovw: visual words are learned from real lesions; set generator=none.")
    if config.method == "discriminator":
        _check_discriminator(config)
    _check_holdout(config)
    _check_batches(config)
    _check_control(config)
    _check_bovw(config.bovw)
    _check_choice(config)
    drawn = config.synthetic.pool_size
    if drawn is not None and config.generator != "none" and config.synthetic.size > drawn:
        raise InputError(
            f"synthetic.size: {config.synthetic.size} per class are more than synthetic.pool_size={drawn}."
        )
    if config.curve and not 0 < config.curve.scale < math.inf:
        raise InputError(f"curve.scale: {config.curve.scale}; a scale is above 0, and 1 for the published sizes.")
    if not 2 <= len(set(config.data.classes)) == len(config.data.classes) <= 20:
        raise InputError(f"data.classes: {config.data.classes}; 2 to 20 different classes are possible.")
    if config.roi.size not in (32, 64, 128):
        raise InputError(f"roi.size={config.roi.size}: the networks need 32, 64 or 128 pixels.")
    low, high = config.roi.window_hu
    if not -math.inf < low < high < math.inf:
        raise InputError(f"roi.window_hu: {low} to {high} HU is no window; the lower end comes first.")


def _check_holdout(config: ExperimentConfig) -> None:
    setting = config.curve.setting if config.curve else ""
    if setting == "holdout.test_lesions":
        raise InputError(f"curve.setting: arms share their test side, so that {setting} cannot differ between them.")
    if config.holdout is None:
        if setting.startswith("holdout."):
            raise InputError(f"curve.setting: {setting} has no effect without a hold-out; set holdout.test_lesions.")
        return
    budgets = config.curve.budgets if config.curve and setting else None
    if setting.startswith("holdout.") and budgets and config.classifier.budget not in budgets:
        raise InputError(
            f"curve.budgets: [{', '.join(budgets)}]; arms are read off the curve of their own budget, so it must hold "
            f"classifier.budget={config.classifier.budget}."
        )
    sides, classes = asdict(config.holdout), len(config.data.classes)
    for side, lesions in sides.items():
        if lesions < classes:
            raise InputError(f"holdout.{side}: {lesions} is too small; it starts at {classes}, a lesion of each class.")
    lesions = config.data.phantom_lesions
    if config.data.manifest is None and sum(sides.values()) > lesions:
        asked = " and ".join(f"{count} {side.partition('_')[0]}" for side, count in sides.items())
        raise InputError(f"holdout: {asked} lesions are more than data.phantom_lesions={lesions}. Set it larger.")


def _check_bovw(bovw: BovwConfig) -> None:
    if bovw.components > bovw.patch_px**2:
        pixels = f"a patch of bovw.patch_px={bovw.patch_px} has {bovw.patch_px**2} pixels"
        raise InputError(f"bovw.components: {bovw.components} is too large; {pixels}.")
    if not 0 < bovw.penalty < math.inf:
        raise InputError(f"bovw.penalty: {bovw.penalty} fits nothing; it is a finite number above 0.")


def _check_choice(config: ExperimentConfig) -> None:
    sizes, drawn = config.synthetic.choose_from, config.synthetic.pool_size
    if sizes is None:
        return
    given = f"synthetic.choose_from: {sizes}"
    if len(sizes) < 2 or sizes[0] < 0 or sizes != sorted(set(sizes)):
        raise InputError(f"{given}; list two or more sizes of at least 0, each once and in rising order.")
    if config.generator == "none" or config.method != "cnn":
        raise InputError(f"{given}; there is something to choose where method=cnn and a generator is set.")
    if config.selection == "test" or (config.curve and config.curve.setting == "synthetic.size"):
        raise InputError(
            f"{given} are selected within each training side; selection=test and a curve over synthetic.size try "
            "sizes on the test folds. Leave out one or the other."
        )
    if drawn is not None and drawn < sizes[-1]:
        raise InputError(f"{given} per class are more than synthetic.pool_size={drawn}.")
    if sizes[0] == 0 and not config.control.real_images:
        raise InputError(f"{given}: without real images (control.real_images=false) nothing is left to train on at 0.")


def _check_control(config: ExperimentConfig) -> None:
    """Controls that would have no effect, or not the one that makes them a control."""
    control = config.control
    relabelled = control.corrupted_labels > 0 or control.permuted_labels
    if not control.real_images and config.generator == "none":
        raise InputError(
            "control.real_images=false leaves only a pool to train on, and generator=none makes none. Set a generator."
        )
    if control.corrupted_labels > 0 and control.permuted_labels:
        raise InputError("control: labels are either corrupted or permuted; set corrupted_labels or permuted_labels.")
    if relabelled and not control.real_images:
        raise InputError("control.real_images=false leaves no real label to change; pools keep their labels.")
    if relabelled and config.generator != "none":
        raise InputError(
            "control: a pool keeps its labels, and the classes could be learned from it; corrupted_labels and "
            "permuted_labels need generator=none."
        )
    # a curve's point without a synthetic image has no generator
    if control.generator_sees == "everybody" and not is_trained(config) and not config.curve:
        raise InputError("control.generator_sees=everybody: no generator is trained; set generator=dcgan or acgan.")


def _check_discriminator(config: ExperimentConfig) -> None:
    if config.generator != "acgan":
        raise InputError(
            f"method=discriminator: only an ACGAN's discriminator names classes, and the generator is "
            f"{config.generator}; set generator=acgan."
        )
    if config.curve and config.curve.setting.startswith(("synthetic.", "classifier.")):
        raise InputError(f"curve.setting: {config.curve.setting} has no effect on a discriminator.")
    own = asdict(replace(config.control, reseed=0))
    if own != asdict(ControlConfig()):
        listed = ", ".join(name for name, value in asdict(ControlConfig()).items() if own[name] != value)
        raise InputError(
            f"method=discriminator: control.{listed} has no place there; of the controls it has reseed alone."
        )


def _check_batches(config: ExperimentConfig) -> None:
    devices = config.trainer.devices * config.trainer.num_nodes
    used = ["classifier"] if config.method == "cnn" else []
    used += [config.generator] if is_trained(config) else []
    for section in used:
        size = getattr(config, section).batch_size
        if size < devices:
            raise InputError(
                f"{section}.batch_size: {size} images cannot be shared by {devices} devices (trainer.devices times "
                f"trainer.num_nodes); it starts at {devices} there."
            )
