"""From an arm's config to its data modules."""

import hashlib
from dataclasses import asdict

from data_modules.classic import ClassicRecipe, group_size
from data_modules.classic_data import ClassicDataModule
from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.folds import Split, inner_split, make_splits
from data_modules.gan_data import GANDataModule
from data_modules.holdout import make_holdout
from data_modules.lesion_data import LesionDataModule
from data_modules.roi import Roi
from liverlab.config import ClassicConfig, ExperimentConfig
from liverlab.control_training import shown_labels
from liverlab.place import Place
from liverlab.stage_settings import leaks_on_purpose


def classifier_data(config: ExperimentConfig, cohort: Cohort, split: Split) -> LesionDataModule:
    """The arm's data module, without any pool."""
    roi, mean, batch_size = Roi(**asdict(config.roi)), config.classifier.mean, config.classifier.batch_size
    seed = data_seed(config, split)
    shown_as = shown_labels(cohort, split, config.control, arm_seed(config, "labels", split.repeat, split.fold))
    if config.augmentation == "none":
        return LesionDataModule(cohort, split, roi=roi, mean=mean, batch_size=batch_size, seed=seed, shown_as=shown_as)
    return ClassicDataModule(
        cohort,
        split,
        per_lesion=classic_per_lesion(config, split),
        recipe=classic_recipe(config.classic),
        roi=roi,
        mean=mean,
        batch_size=batch_size,
        seed=seed,
        shown_as=shown_as,
    )


def data_seed(config: ExperimentConfig, split: Split) -> int:
    """Seed of transforms and order, the same for every arm and fold of a repeat."""
    return arm_seed(config, "data", split.repeat)


def arm_seed(config: ExperimentConfig, *parts: object) -> int:
    """A seed of this purpose: the same for all arms, but for those that shall differ by their seeds alone."""
    other = config.control.reseed
    return derive_seed(config.seed, *parts, *(["reseed", other] if other else []))


def derive_seed(seed: int, *parts: object) -> int:
    """A seed of its own for every purpose, 31 bits."""
    return int.from_bytes(hashlib.sha256(repr((seed, *parts)).encode()).digest()[:4]) >> 1


def classic_recipe(config: ClassicConfig) -> ClassicRecipe:
    """The transforms, without the group's size."""
    numbers = asdict(config)
    del numbers["size"], numbers["count"]
    return ClassicRecipe(**numbers)


def classic_per_lesion(config: ExperimentConfig, split: Split) -> int:
    """Images per training lesion, the original included: 1 without augmentation."""
    if config.augmentation == "none":
        return 1
    return group_size(
        config.classic.size,
        training_folds=config.n_folds - 1,
        lesions=len(split.train),
        count=config.classic.count,
        recipe=classic_recipe(config.classic),
    )


def synthetic_per_class(config: ExperimentConfig, size: int) -> int:
    """Synthetic images of each class over the whole training side, of a pool of this size."""
    return size * (config.n_folds - 1) if config.synthetic.count == "per_fold" else size


def find_split(cohort: Cohort, config: ExperimentConfig, place: Place) -> Split:
    """The split of this place, in the design that the config asks for: folds or a hold-out.

    Of an inner place, both sides are parts of the outer split's training side.
    """
    if config.holdout:
        assert place.fold == 0, "a hold-out has one split in each repeat"
        split = make_holdout(cohort, **asdict(config.holdout), repeat=place.repeat, seed=config.seed)
        return inner_split(cohort, split, folds=config.n_folds, seed=config.seed) if place.inner else split
    split = make_splits(cohort, folds=config.n_folds, repeat=place.repeat, seed=config.seed)[place.fold]
    return inner_split(cohort, split, folds=config.n_folds, seed=config.seed) if place.inner else split


def generator_split(cohort: Cohort, config: ExperimentConfig, place: Place) -> Split:
    """The split whose training side the arm's generators see: that of this place, or all lesions for a leak."""
    if leaks_on_purpose(config):
        return Split(place.repeat, place.fold, tuple(range(len(cohort))), ())
    return find_split(cohort, config, place)


def generator_data(config: ExperimentConfig, cohort: Cohort, split: Split, label: int | None) -> GANDataModule:
    """The classic pool of the training side, for a generator of all classes or of the one with this label.

    Raises:
        InputError: If it has fewer images than a batch.
    """
    kind = config.generator
    data = GANDataModule(
        cohort,
        split,
        label=label,
        per_lesion=classic_per_lesion(config, split),
        recipe=classic_recipe(config.classic),
        roi=Roi(**asdict(config.roi)),
        batch_size=getattr(config, kind).batch_size,
        seed=data_seed(config, split),
    )
    if len(data.labels) < data.batch_size:
        whose = "" if label is None else f" of the class {cohort.class_names[label]}"
        raise InputError(
            f"Repeat {split.repeat}, fold {split.fold}: the training side has {len(data.labels)} images{whose}, fewer "
            f"than one batch ({kind}.batch_size={data.batch_size}). Set a smaller {kind}.batch_size or a larger "
            "classic.size."
        )
    return data
