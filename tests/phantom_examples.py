"""Small phantom scans in place of drawn ones, for the tests of what is written around them."""

from dataclasses import dataclass

import numpy as np

from data_modules.phantom.plan import LesionPlan, PatientPlan
from data_modules.phantom.scan import LesionTruth, Scan

SHAPE = (5, 40, 36)
ORIGIN_MM = (-101.25, 37.5, -600.0)


@dataclass(frozen=True)
class TinyBody:
    spacing_mm: float = 0.75
    thickness_mm: float = 2.5
    noise_sd_hu: float = 12.0
    steatotic: bool = False


def patient(number=1, lesions=2, prefix="P"):
    name = f"{prefix}{number:04d}"
    plans = [LesionPlan(f"{name}-L{i}", ("cyst", "metastasis")[i % 2], ("simple", "solid")[i % 2], 10.0 + i)
             for i in range(1, lesions + 1)]  # fmt: skip
    return PatientPlan(number, 2.5, tuple(plans), prefix)


def ball(i):
    """The mask of lesion i (from 0): largest on slice 2, around row 12 + 8 i and column 10."""
    z, y, x = np.indices(SHAPE)
    return (2 * (z - 2)) ** 2 + (y - 12 - 8 * i) ** 2 + (x - 10) ** 2 <= 9


def tiny_scans(patient, seed, *, roi_only):
    """As `make_scans`, of noise with a ball per lesion."""
    rng = np.random.default_rng([seed, patient.number])
    hu = rng.integers(-1024, 1500, SHAPE).astype(np.int16)
    truths = tuple(LesionTruth(p, 8.5, -50.25, -40.125, i == 0, False, True) for i, p in enumerate(patient.lesions))
    masks = tuple(ball(i) for i in range(len(truths)))
    if roi_only:
        return [
            Scan(hu + np.int16(i), (truths[i],), (masks[i],), None, ORIGIN_MM, TinyBody()) for i in range(len(masks))
        ]
    return [
        Scan(hu, truths, masks, np.pad(np.ones((5, 36, 32), bool), ((0, 0), (2, 2), (2, 2))), ORIGIN_MM, TinyBody())
    ]
