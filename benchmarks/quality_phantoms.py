"""Phantom cohorts for the simulations of this folder: an experiment's lesions without the detour over DICOM files."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from data_modules.classic import render_originals
from data_modules.cohort import Cohort, Lesion
from data_modules.phantom.phantom_cohort import PhantomCohort
from data_modules.phantom.plan import CLASS_NAMES
from data_modules.phantom.scan import make_scans
from data_modules.roi import Roi
from data_modules.wide_patch import bounding_centre, key_slice, long_diameter_mm, wide_patch
from liverlab.config import RoiConfig
from liverlab.quality.image_set import ImageSet

ROI = Roi(**asdict(RoiConfig()))


@dataclass(frozen=True, eq=False)
class Phantom:
    """A cohort and what is shown of it.

    Attributes:
        cohort: Lesions and wide patches.
        images: The lesions as they are.
        subtypes: Of each lesion.
    """

    cohort: Cohort
    images: ImageSet
    subtypes: tuple[str, ...]


@lru_cache(maxsize=8)
def draw_phantom(seed: int, lesions: int = 182) -> Phantom:
    """The cohort of a seed, drawn in small series; about a quarter of a minute."""
    rows, patches, subtypes = [], [], []
    for patient in PhantomCohort(lesions, seed, roi_only=True).patients():
        for plan, scan in zip(patient.lesions, make_scans(patient, seed, roi_only=True), strict=True):
            k, mm = key_slice(scan.masks[0]), scan.body.spacing_mm
            mask = scan.masks[0][k]
            place = {"centre": bounding_centre(mask), "diameter_mm": long_diameter_mm(mask, (mm, mm))}
            patches.append(wide_patch(scan.hu[k].astype(np.float32), spacing_mm=(mm, mm), **place))
            about = (plan.class_name, place["diameter_mm"], mm, patient.thickness_mm, "phantom")
            rows.append(Lesion(plan.lesion_id, patient.patient_id, *about))
            subtypes.append(plan.subtype)
    cohort = Cohort(CLASS_NAMES, tuple(rows), np.stack(patches))
    images = ImageSet(render_originals(cohort, range(len(cohort)), ROI), cohort.labels, cohort.patients)
    return Phantom(cohort, images, tuple(subtypes))


def fresh_lesions(seeds: Iterable[int]) -> ImageSet:
    """The pool of a perfect generator: lesions of other cohorts of the same plan."""
    return together([draw_phantom(seed).images for seed in seeds])


def together(sets: Sequence[ImageSet]) -> ImageSet:
    """All images as one pool."""
    images, labels = torch.cat([each.images for each in sets]), np.concatenate([each.labels for each in sets])
    return nobody(ImageSet(images, labels, labels))


def nobody(images: ImageSet) -> ImageSet:
    """As a pool: each image is drawn by itself."""
    return replace(images, patients=np.arange(len(images)))
