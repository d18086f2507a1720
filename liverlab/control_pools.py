"""Pools made of the training lesions themselves, without any training: what does a generator's pool add beyond these?

- `classic_more`: further classic transforms, which the arm's group does not hold. The count-matched classic baseline.
- `duplicate_real`: the lesions as they are, again and again. Nothing but weight is added.
- `placebo`: the lesions with their pixels shuffled. The histogram stays, and no picture.

The lesions of a class take turns in the cohort's order, so every class gets as many images and the first n of each are
the pool of size n. Where the turns do not come out even, the first lesions are shown once more than the last.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor

from data_modules.classic import render_group, render_originals
from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.folds import Split
from data_modules.lineage import patients_of
from data_modules.pool import Provenance, SamplePool
from data_modules.roi import Roi, to_signed
from liverlab.arm_data import arm_seed, classic_per_lesion, classic_recipe, data_seed, synthetic_per_class
from liverlab.config import ExperimentConfig
from liverlab.place import Place


def control_pool(config: ExperimentConfig, cohort: Cohort, split: Split, place: Place) -> SamplePool:
    """The control that `config.generator` names, in [-1, 1]; it notes the patients whose lesions it shows.

    Raises:
        InputError: If `classic_more` wants more transforms than a class has left.
    """
    kind, labels = config.generator, cohort.labels
    per_class = synthetic_per_class(config, config.synthetic.pool_size or config.synthetic.size)
    by_class = [[i for i in split.train if labels[i] == label] for label in range(len(cohort.class_names))]
    if kind == "classic_more":
        seed = data_seed(config, split)  # that of the arm's own transforms, which these continue
        _check_left(config, cohort, split, by_class, per_class)
        images = [_further_transforms(config, cohort, split, lesions, per_class) for lesions in by_class]
    else:
        seed, roi = arm_seed(config, "pool", kind, *place.settings.values()), Roi(**asdict(config.roi))
        images = [render_originals(cohort, lesions, roi)[np.arange(per_class) % len(lesions)] for lesions in by_class]
    if kind == "placebo":
        images = [shuffle_pixels(of_class, [seed, label]) for label, of_class in enumerate(images)]
    shown = tuple(i for lesions in by_class for i in lesions[:per_class])
    provenance = Provenance(
        generator=kind,
        cohort=cohort.fingerprint,
        repeat=split.repeat,
        fold=split.fold,
        patients=tuple(sorted(patients_of(cohort, shown))),
        seed=seed,
        source="control",
    )
    shares = torch.arange(len(by_class)).repeat_interleave(per_class)
    return SamplePool(to_signed(torch.cat(images)), shares, provenance)


def shuffle_pixels(images: Tensor, seed: Sequence[int]) -> Tensor:
    """Each image with its pixels in an order of its own, the same however many images follow.

    Args:
        images: Shape (N, 1, H, W).
        seed: Of the orders.
    """
    rng = np.random.default_rng(seed)
    shuffled = [image.flatten()[torch.from_numpy(rng.permutation(image.numel()))] for image in images]
    return torch.stack(shuffled).reshape(images.shape)


def _further_transforms(
    config: ExperimentConfig, cohort: Cohort, split: Split, lesions: Sequence[int], count: int
) -> Tensor:
    """The transforms after those of the arm's group: one of every lesion, then the next of every lesion."""
    held, rounds = classic_per_lesion(config, split), -(-count // len(lesions))
    recipe, roi = classic_recipe(config.classic), Roi(**asdict(config.roi))
    images, _ = render_group(cohort, lesions, held + rounds, recipe, roi, seed=data_seed(config, split))
    return images[held * len(lesions) :][:count]


def _check_left(
    config: ExperimentConfig, cohort: Cohort, split: Split, by_class: Sequence[Sequence[int]], per_class: int
) -> None:
    """Refuse a pool for which a class has too few transforms left."""
    left = 1 + classic_recipe(config.classic).per_lesion - classic_per_lesion(config, split)
    lesions, name = min((len(lesions), name) for lesions, name in zip(by_class, cohort.class_names, strict=True))
    if per_class > lesions * left:
        setting = "pool_size" if config.synthetic.pool_size else "size"
        most = lesions * left // synthetic_per_class(config, 1)
        advice = f"Set synthetic.{setting} to at most {most}" if most else "Set a smaller classic.size"
        raise InputError(
            f"classic_more, repeat {split.repeat}, fold {split.fold}: {per_class} further transforms of each class "
            f"were asked for; the {lesions} training lesions of {name} have {left} each beside the arm's group. "
            f"{advice}, or more classic.rotations."
        )
