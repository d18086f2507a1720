"""How often are generators flagged whose faults are known, and generators that have none?

Usage: python benchmarks/quality_rates.py [FIRST_SEED LAST_SEED], by default 0 19: about ten minutes on one core. For
each seed a phantom cohort of the paper's size is drawn and split in three folds; the pools of some invented generators
are measured on every fold as a run measures them. Printed is how many cohorts they were found guilty in, and of what.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from quality_phantoms import ROI, draw_phantom

from data_modules.classic import ClassicRecipe, render_group
from data_modules.folds import Split, make_splits
from data_modules.phantom.plan import CLASS_NAMES
from data_modules.phantom.subtypes import SUBTYPES
from liverlab.config import QualityConfig
from liverlab.quality.distances import distances
from liverlab.quality.draws import draw_patients
from liverlab.quality.feature_spaces import FeatureSpace, extractors, standardised
from liverlab.quality.image_set import Floats, ImageSet, Ints, SplitImages
from liverlab.quality.measured import Measured
from liverlab.quality.modes import mode_finding
from liverlab.quality.over_splits import mean_over_splits

Chosen = npt.NDArray[np.bool_]
FOLDS = 3
DRAWS = 40  # fewer than a run makes: a spread is known to a tenth
FRESH = 3  # cohorts of the next seeds, whose lesions a perfect generator shows: about 180 of a class
FEW, TURNS = 10, 20  # lesions of each class of a generator that knows no others, and how often it shows each
TURNED = ClassicRecipe(rotations=TURNS, max_angle_deg=180, flips=0, translations=0, max_shift_px=0,
                       max_shift_diameters=0, scales=0, extra_margin=(0, 0))  # fmt: skip
USUAL = {name: max(kinds, key=lambda kind: kinds[kind][0]) for name, kinds in SUBTYPES.items()}


@dataclass(frozen=True, eq=False)
class Phantoms:
    """Images of one or several phantom cohorts: each lesion once, then the first of each class turned again and again.

    Attributes:
        images: Patients are those of their cohort.
        usual: Whether the lesion is of the subtype that most lesions of its class have.
        turned: Whether the image is one of the turned ones.
        features: Of every extractor, as it gives them.
    """

    images: ImageSet
    usual: Chosen
    turned: Chosen
    features: dict[str, list[Floats]]


@lru_cache(maxsize=FRESH + 1)
def draw_world(seed: int) -> tuple[Phantoms, list[Split]]:
    """Everything of one phantom, and its folds."""
    drawn = draw_phantom(seed)
    cohort = drawn.cohort
    first = np.concatenate([np.flatnonzero(cohort.labels == label)[:FEW] for label in range(len(CLASS_NAMES))])
    turned, shown = render_group(cohort, first.tolist(), 1 + TURNS, TURNED, ROI, seed=seed)
    images = torch.cat([drawn.images.images, turned])
    lesions = np.concatenate([np.arange(len(cohort)), shown.numpy()])
    rows = zip(drawn.subtypes, cohort.lesions, strict=True)
    usual = np.array([subtype == USUAL[lesion.class_name] for subtype, lesion in rows])
    features = {each.name: [read(images) for read in each.draws] for each in extractors(None, QualityConfig())}
    phantom = Phantoms(
        ImageSet(images, cohort.labels[lesions], cohort.patients[lesions]),
        usual[lesions],
        np.arange(len(lesions)) >= len(cohort),
        features,
    )
    return phantom, make_splits(cohort, folds=FOLDS, seed=seed)


def together(phantoms: Sequence[Phantoms]) -> Phantoms:
    """Several phantoms as one, in their order."""
    images = [each.images for each in phantoms]
    return Phantoms(
        ImageSet(
            torch.cat([each.images for each in images]),
            np.concatenate([each.labels for each in images]),
            np.concatenate([each.patients for each in images]),
        ),
        np.concatenate([each.usual for each in phantoms]),
        np.concatenate([each.turned for each in phantoms]),
        {
            name: [np.concatenate(rows) for rows in zip(*(each.features[name] for each in phantoms), strict=True)]
            for name in phantoms[0].features
        },
    )


def measured_pools(seed: int) -> dict[str, list[list[Measured]]]:
    """Of each generator the measurements of its pools, by fold."""
    phantoms, splits = zip(*(draw_world(seed + i) for i in range(1 + FRESH)), strict=True)
    world, own, neighbour = together(phantoms), len(phantoms[0].usual), len(phantoms[1].usual)
    place = np.arange(len(world.usual))
    perfect = (place >= own) & ~world.turned
    few = (place >= own) & (place < own + neighbour) & world.turned
    pools = {"perfect": perfect, "one subtype": perfect & world.usual, "ten lesions": few}
    found: dict[str, list[list[Measured]]] = {}
    folds = [phantoms[0].images.patients[list(split.test)] for split in splits[0]]
    for split in splits[0]:
        train, held_out = np.array(split.train), np.array(split.test)
        every = {name: np.flatnonzero(chosen) for name, chosen in pools.items()}
        for name, pool in (every | {"train": train, "held-out": held_out}).items():
            rows = measure(world, {"train": train, "held_out": held_out, "synthetic": pool}, folds, seed)
            found.setdefault(name, []).append(rows)
    return found


def measure(world: Phantoms, sets: dict[str, Ints], folds: Sequence[Ints], seed: int) -> list[Measured]:
    """The distances of one pool on one fold, in all spaces that need no training; classic images are left out."""
    parts = {which: world.images.where(positions) for which, positions in sets.items()}
    parts["synthetic"] = replace(parts["synthetic"], patients=np.arange(len(sets["synthetic"])))
    images = SplitImages(CLASS_NAMES, **parts, classic=world.images.where(np.array([], dtype=np.int64)))
    draws, rows = draw_patients(images, DRAWS, seed, folds), []
    for name, raw in world.features.items():
        each = [standardised({which: values[sets[which]] for which in sets}) for values in raw]
        space = FeatureSpace(name, "", {which: [one[which] for one in each] for which in sets}, whole=False)
        rows += distances(images, space, draws, neighbours=QualityConfig().neighbours, seed=seed)
    return rows


def main() -> None:
    """Print the rates."""
    first, last = (int(text) for text in sys.argv[1:]) if len(sys.argv) > 1 else (0, 19)
    flags: dict[str, Counter[str]] = {}
    for seed in range(first, last + 1):
        for name, folds in measured_pools(seed).items():
            found = {finding["class"] for finding in mode_finding(mean_over_splits([(0, rows) for rows in folds]))}
            flags.setdefault(name, Counter()).update(found | ({"any"} if found else set()))
        print(f"seed {seed} of {first} to {last}", file=sys.stderr, flush=True)
    columns = ("any", "all", *CLASS_NAMES)
    print(f"Flagged as dropping modes, of {last + 1 - first} cohorts\n| generator |", " | ".join(columns), "|")
    for name, counts in flags.items():
        print(f"| {name} |", " | ".join(str(counts[column]) for column in columns), "|")


if __name__ == "__main__":
    main()
