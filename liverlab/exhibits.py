"""What a report shows of a run beside its numbers: images, unpicked, and the layers of its networks.

Images are those of the run's first split, in the order in which the run has them.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from data_modules.classic import render_originals
from data_modules.classic_examples import classic_examples
from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.pool import SamplePool
from data_modules.roi import Roi, from_signed
from liverlab.arm_data import classic_per_lesion, classic_recipe, data_seed
from liverlab.config import ClassicConfig, ControlConfig, ExperimentConfig
from liverlab.evaluation.gained_lost import changed, to_show
from liverlab.evaluation.prediction_table import read_predictions
from liverlab.evaluation.spread import class_spread
from liverlab.evaluation.volume_curve import select_arm
from liverlab.generator_record import Arms, generators_of, kind_of
from liverlab.models.architecture_table import classifier_table, gan_tables
from liverlab.stages import Stage

SHOWN_PER_CLASS = 64  # 8 x 8, as the paper's Fig. 6
MOST_GRIDS = 12  # of pools: each is up to a quarter of a megabyte in the report, which stays below five


def write_exhibits(
    folder: Path, runs: Path, arms: Arms, cohort: Cohort, split: Split, config: ExperimentConfig
) -> dict[str, Any]:
    """Write `samples.npz` and `augmentation.npz`, where the run has pools and classic images.

    Args:
        folder: The run's.
        runs: Folder of all runs.
        arms: Classifier stages by arm, the one to show first leading.
        cohort: The lesions.
        split: The first one of the run.
        config: The experiment's.

    Returns:
        What `run.json` says of them: `samples`, `augmentation` and `networks`.
    """
    return {
        "samples": _write_samples(folder / "samples.npz", runs, arms, cohort, split, Roi(**asdict(config.roi))),
        "augmentation": _write_augmentation(folder / "augmentation.npz", arms, cohort, split, config),
        "networks": describe_networks(arms, len(cohort.class_names)),
    }


def _write_samples(
    path: Path, runs: Path, arms: Arms, cohort: Cohort, split: Split, roi: Roi
) -> list[dict[str, Any]] | None:
    """The first images of every class of the training side, and of the arms' pools: each pool once, as it is.

    Returns:
        name (of its arrays), kind and arm (the first that uses it) of every pool; no name for those beyond MOST_GRIDS.
        None without pools.
    """
    pools: dict[str, tuple[Stage, str]] = {}
    for arm, stages in arms.items():
        for need in stages[0].needs:
            if need.kind == "pool" and not need.settings.get("inner"):
                pools.setdefault(need.key, (need, arm))
    if not pools:
        return None
    labels = cohort.labels[list(split.train)]
    first = _first_of_each(labels)
    real = render_originals(cohort, [split.train[i] for i in first], roi)
    arrays: dict[str, npt.NDArray[Any]] = {"real": in_bytes(real), "real_labels": labels[first]}
    described, shown = [], max(1, MOST_GRIDS // len(cohort.class_names))
    for i, (stage, arm) in enumerate(pools.values()):
        name = f"pool_{i}" if i < shown else None
        described.append({"name": name, "kind": kind_of(stage), "arm": arm})
        if name:
            pool = SamplePool.load(stage.folder(runs))
            first = _first_of_each(pool.labels.numpy())
            arrays |= {name: in_bytes(from_signed(pool.images[first])), f"{name}_labels": pool.labels.numpy()[first]}
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return described


def _write_augmentation(
    path: Path, arms: Arms, cohort: Cohort, split: Split, config: ExperimentConfig
) -> dict[str, Any] | None:
    """Classic images of the split's first training lesion, of the first arm that has any.

    Returns:
        Which lesion and pool, and a caption of each image; None without classic images.
    """
    for arm, stages in arms.items():
        settings = stages[0].settings
        if "classic" not in settings:
            continue
        control = ControlConfig(**settings.get("control", {}))
        if not control.real_images:
            continue
        own = replace(config, augmentation="classic", classic=ClassicConfig(**settings["classic"]), control=control)
        if (per_lesion := classic_per_lesion(own, split)) == 1:
            continue
        lesion, roi, seed = split.train[0], Roi(**asdict(config.roi)), data_seed(own, split)
        recipe = classic_recipe(own.classic)
        images, captions = classic_examples(cohort, lesion, per_lesion, recipe, roi, seed=seed)
        np.savez_compressed(path, images=in_bytes(images))
        shown = cohort.lesions[lesion]
        return {
            "arm": arm,
            "repeat": split.repeat,
            "fold": split.fold,
            "class": shown.class_name,
            "diameter_mm": shown.diameter_mm,
            "pixel_mm": shown.spacing_mm,
            "per_lesion": per_lesion,
            "captions": captions,
        }
    return None


def write_change_images(folder: Path, run: dict[str, Any], cohort: Cohort, roi: Roi) -> None:
    """Write `changes.npz`: the ROIs of up to 24 lesions that the arm gained or lost from its baseline.

    Args:
        folder: The run's, with predictions.csv.
        run: Content of `run.json`; of several arms to choose from, the images are those of the chosen one.
        cohort: The lesions.
        roi: As the arms saw them.
    """
    table = read_predictions(folder / "predictions.csv")
    selected = select_arm(run, dict(zip(table.arms, table.correct.sum(1).tolist(), strict=True)))
    shown = to_show(changed(table, (selected["arm"], run["baseline"])))
    lesions = [change.lesion_id for part in shown.values() for change in part]
    if not lesions:
        return
    place = {lesion.lesion_id: i for i, lesion in enumerate(cohort.lesions)}
    images = render_originals(cohort, [place[lesion] for lesion in lesions], roi)
    np.savez_compressed(folder / "changes.npz", lesions=np.array(lesions), images=in_bytes(images))


def describe_networks(arms: Arms, num_classes: int) -> list[dict[str, Any]]:
    """Every network that the arms train, each once: `classifier_table` or `gan_tables`, and the arms that train it."""
    described: list[dict[str, Any]] = []
    for arm, stages in arms.items():
        settings = stages[0].settings
        size = settings["roi"]["size"]
        tables = []
        if "classifier" in settings:  # else not a network of its own
            tables.append(classifier_table(settings["classifier"], size=size, num_classes=num_classes))
        for generator in generators_of(stages)[:1]:
            kind = kind_of(generator)
            tables += gan_tables(kind, generator.settings[kind], size=size, num_classes=num_classes)
        for table in tables:
            same = next((entry for entry in described if entry | {"arms": []} == table | {"arms": []}), None)
            if same:
                same["arms"].append(arm)
            else:
                described.append(table | {"arms": [arm]})
    return described


def in_bytes(images: Tensor) -> npt.NDArray[np.uint8]:
    """Images of shape (n, 1, H, W) in (0, 1) as shape (n, H, W) from 0 to 255."""
    values: npt.NDArray[np.uint8] = (images[:, 0].clamp(0, 1) * 255).round().byte().numpy()
    return values


def _first_of_each(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.flatnonzero(labels == label)[:SHOWN_PER_CLASS] for label in np.unique(labels)])


def spread_rows(cohort: Cohort, split: Split, pool: SamplePool, roi: Roi) -> list[dict[str, Any]]:
    """Rows of `class_spread` for the pool of one split, led by repeat and fold."""
    real = render_originals(cohort, split.train, roi)[:, 0].numpy()
    rows = class_spread(
        real,
        cohort.labels[list(split.train)],
        from_signed(pool.images)[:, 0].numpy(),
        pool.labels.numpy(),
        cohort.class_names,
        seed=0,
    )
    return [{"repeat": split.repeat, "fold": split.fold} | row for row in rows]
