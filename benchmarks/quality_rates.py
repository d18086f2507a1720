"""How often are generators flagged whose faults are known, and generators that have none?

Usage: python benchmarks/quality_rates.py [FIRST_SEED LAST_SEED], by default 0 19: about ten minutes on one core. For
each seed a phantom cohort of the paper's size is drawn and split in three folds; the pools of some invented generators
are measured on every fold as a run measures them. Printed is how many cohorts they were found guilty in, and of what.

A pool never shows a lesion of its own cohort, but for "train" and "held-out".
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from data_modules.classic import ClassicRecipe, render_group, render_originals
from data_modules.cohort import Cohort, Lesion
from data_modules.folds import make_splits
from data_modules.phantom.phantom_cohort import PhantomCohort
from data_modules.phantom.plan import CLASS_NAMES
from data_modules.phantom.scan import make_scans
from data_modules.phantom.subtypes import SUBTYPES
from data_modules.roi import Roi
from data_modules.wide_patch import bounding_centre, key_slice, wide_patch
from liverlab.config import QualityConfig, RoiConfig
from liverlab.quality.distances import distances
from liverlab.quality.draws import draw_patients
from liverlab.quality.feature_spaces import feature_spaces
from liverlab.quality.image_set import ImageSet, SplitImages
from liverlab.quality.measured import Measured
from liverlab.quality.modes import mode_finding

ROI = Roi(**asdict(RoiConfig()))
FOLDS = 3
DRAWS = 50  # fewer than a run makes: a spread is known to a tenth
FRESH = 3  # other cohorts, of the seeds that follow, whose lesions a perfect generator shows: about 180 of a class
FEW, TURNS = 10, 20  # lesions of each class of a generator that knows no others, and how often it shows each
TURNED = ClassicRecipe(
    rotations=TURNS, max_angle_deg=180, flips=0, translations=0, max_shift_px=0, max_shift_diameters=0, scales=0,
    extra_margin=(0, 0),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Phantom:
    """A cohort and all that is shown of it."""

    cohort: Cohort
    images: ImageSet
    usual: npt.NDArray[np.bool_]  # lesions of the subtype that is most frequent in their class
    few: ImageSet  # the first lesions of each class, turned again and again


@lru_cache(maxsize=FRESH + 1)
def draw_phantom(seed: int, lesions: int = 182) -> Phantom:
    """The phantom cohort of a seed as an experiment ingests it, without the detour over DICOM files."""
    rows, patches, subtypes = [], [], []
    for patient in PhantomCohort(lesions, seed, roi_only=True).patients():
        for plan, scan in zip(patient.lesions, make_scans(patient, seed, roi_only=True), strict=True):
            mask, spacing_mm = scan.masks[0], scan.body.spacing_mm
            k = key_slice(mask)
            patches.append(
                wide_patch(
                    scan.hu[k].astype(np.float32),
                    spacing_mm=(spacing_mm, spacing_mm),
                    centre=bounding_centre(mask[k]),
                    diameter_mm=plan.diameter_mm,
                )
            )
            about = (plan.class_name, plan.diameter_mm, spacing_mm, patient.thickness_mm, "phantom")
            rows.append(Lesion(plan.lesion_id, patient.patient_id, *about))
            subtypes.append(plan.subtype)
    cohort = Cohort(CLASS_NAMES, tuple(rows), np.stack(patches))
    usual = {name: max(kinds, key=lambda kind: kinds[kind][0]) for name, kinds in SUBTYPES.items()}
    first = np.concatenate([np.flatnonzero(cohort.labels == label)[:FEW] for label in range(len(CLASS_NAMES))])
    turned, shown = render_group(cohort, first.tolist(), 1 + TURNS, TURNED, ROI, seed=seed)
    originals = render_originals(cohort, range(len(cohort)), ROI)
    return Phantom(
        cohort,
        ImageSet(originals, cohort.labels, cohort.patients),
        np.array([kind == usual[row.class_name] for kind, row in zip(subtypes, rows, strict=True)]),
        nobody(ImageSet(turned, cohort.labels[shown.numpy()], shown.numpy())),
    )


def nobody(images: ImageSet) -> ImageSet:
    """As a pool: each image is drawn by itself."""
    return replace(images, patients=np.arange(len(images)))


def together(sets: Sequence[ImageSet]) -> ImageSet:
    """All images as one pool."""
    images, labels = torch.cat([each.images for each in sets]), np.concatenate([each.labels for each in sets])
    return nobody(ImageSet(images, labels, labels))


def pools(seed: int) -> dict[str, ImageSet]:
    """The pools that are the same for every fold."""
    others = [draw_phantom(seed + 1 + i) for i in range(FRESH)]
    return {
        "perfect": together([other.images for other in others]),
        "one subtype": together([other.images.where(other.usual) for other in others]),
        "ten lesions": others[0].few,
    }


def measured_pools(seed: int) -> dict[str, list[list[Measured]]]:
    """Of each generator the measurements of its pools, by fold."""
    phantom, found = draw_phantom(seed), {}
    for split in make_splits(phantom.cohort, folds=FOLDS, seed=seed):
        train, held_out = (phantom.images.where(np.array(side)) for side in (split.train, split.test))
        real = {"train": nobody(train), "held-out": nobody(held_out)}
        for name, pool in (pools(seed) | real).items():
            images = SplitImages(CLASS_NAMES, train, held_out, classic=train, synthetic=pool)
            found.setdefault(name, []).append(measure(images, seed))
    return found


def measure(images: SplitImages, seed: int) -> list[Measured]:
    """The distances of a pool on one fold, in all spaces that need no training; the floor of classic images is left out."""
    draws = draw_patients(images, DRAWS, seed)
    rows = []
    for space in feature_spaces(images, None, QualityConfig()):
        features = {which: rows for which, rows in space.features.items() if which != "classic"}
        own = replace(space, features=features)
        rows += distances(images, own, draws, neighbours=QualityConfig().neighbours, seed=seed)
    return rows


def over_folds(folds: Sequence[Sequence[Measured]]) -> list[Measured]:
    """Each measurement averaged over the folds, whose patients are different ones."""
    return [
        replace(rows[0], value=np.mean([row.value for row in rows]), draws=np.mean([row.draws for row in rows], axis=0))
        for rows in zip(*folds, strict=True)
    ]


def main() -> None:
    """Print the rates."""
    first, last = (int(text) for text in sys.argv[1:]) if len(sys.argv) > 1 else (0, 19)
    flags: dict[str, Counter[str]] = {}
    for seed in range(first, last + 1):
        for name, folds in measured_pools(seed).items():
            found = mode_finding(over_folds(folds))
            where = {finding["class"] for finding in found} | ({"any"} if found else set())
            flags.setdefault(name, Counter()).update(where)
        print(f"seed {seed} of {first} to {last}", file=sys.stderr, flush=True)
    columns = ("any", "all", *CLASS_NAMES)
    print(f"Flagged as dropping modes, of {last + 1 - first} cohorts\n| generator |", " | ".join(columns), "|")
    for name, counts in flags.items():
        print(f"| {name} |", " | ".join(str(counts[column]) for column in columns), "|")


if __name__ == "__main__":
    main()
