"""One patient as geometry and tissue values, before any pixel: anatomy, organs, lesions in their places, vessels.

Each part has a random stream of its own, so that a lesion is the same whatever else is drawn around it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from data_modules.phantom.anatomy import Anatomy, draw_anatomy
from data_modules.phantom.looks import LOOKS, Look, outline
from data_modules.phantom.organs import Organ, Rib, draw_organs
from data_modules.phantom.physique import Physique, draw_physique
from data_modules.phantom.plan import LesionPlan, PatientPlan
from data_modules.phantom.shapes import Shape, fit_diameter
from data_modules.phantom.vessels import MASS_EFFECT, Vector, Vessels, liver_vessels, push_aside

SUBCAPSULAR, AT_VESSEL = 0.10, 0.15  # of the lesions
LARGE_VESSEL_MM = 2.0  # radius of a vessel that counts
SPREAD_MM = 12.0  # heights of a patient's lesions around the middle
BODY, ORGANS, VESSELS, PLACES, LESION, SERIES = range(6)  # random streams


@dataclass(frozen=True, eq=False)
class LesionModel:
    """One lesion in its place; `centre` in mm, z included."""

    plan: LesionPlan
    centre: Vector
    shape: Shape
    look: Look

    @property
    def radius_mm(self) -> float:
        """Half the long diameter."""
        return self.plan.diameter_mm / 2

    @cached_property
    def reach_mm(self) -> float:
        """Radius of a ball that holds the lesion with its edge."""
        return self.shape.reach_mm() + 3


@dataclass(frozen=True, eq=False)
class PatientModel:
    """All that is known of one patient; `seed` is that of the plan's random streams, see `stream`."""

    seed: tuple[int, int]
    body: Physique
    anatomy: Anatomy
    organs: list[Organ | Rib]
    vessels: Vessels
    lesions: tuple[LesionModel, ...]

    def is_subcapsular(self, lesion: LesionModel) -> bool:
        """Whether the lesion reaches the liver's surface."""
        x, y, z = lesion.centre.astype(np.float32).reshape(3, 1)
        return bool(self.anatomy.liver_level(x, y, z) > -lesion.radius_mm - 1)

    def touches_vessel(self, lesion: LesionModel) -> bool:
        """Whether a vessel of 4 mm or more runs along the lesion's surface."""
        large = self.vessels[self.vessels.radius_mm >= LARGE_VESSEL_MM]
        along, to_centre = large.end - large.start, lesion.centre - large.start
        part = np.clip((to_centre * along).sum(axis=1) / (along**2).sum(axis=1), 0, 1)[:, None]
        gap = np.linalg.norm(to_centre - part * along, axis=1) - large.radius_mm
        return bool(gap.min() < lesion.radius_mm + 1)


def stream(seed: tuple[int, int], *part: int) -> np.random.Generator:
    """The random numbers of one part of a patient: `seed` holds the cohort's seed and the patient's number."""
    return np.random.default_rng([*seed, *part])


def draw_patient(patient: PatientPlan, seed: int) -> PatientModel:
    """Draw one patient; a pure function of its arguments."""
    own = (seed, patient.number)
    body_rng = stream(own, BODY)
    body = draw_physique(patient.thickness_mm, body_rng)
    anatomy = draw_anatomy(body, body_rng)
    vessels = liver_vessels(anatomy, stream(own, VESSELS))
    centres = place(patient.lesions, anatomy, vessels, stream(own, PLACES))
    lesions = []
    for i, (plan, centre) in enumerate(zip(patient.lesions, centres, strict=True)):
        rng = stream(own, LESION, i)
        shape = fit_diameter(outline(plan, rng), plan.diameter_mm)
        lesions.append(LesionModel(plan, centre, shape, LOOKS[plan.class_name](plan, body, rng)))
        vessels = push_aside(vessels, centre, plan.diameter_mm / 2)
    return PatientModel(own, body, anatomy, draw_organs(anatomy, stream(own, ORGANS)), vessels, tuple(lesions))


def place(
    lesions: tuple[LesionPlan, ...], anatomy: Anatomy, vessels: Vessels, rng: np.random.Generator
) -> list[Vector]:
    """A centre for each lesion, the largest first: in the liver, apart from the others.

    One in ten lies at the capsule, three in twenty where a growing ball would come to touch a large vessel.
    """
    body = anatomy.body
    x = np.arange(-body.cavity_x_mm, 0.6 * body.cavity_x_mm, 2, dtype=np.float32)[None, :]
    y = np.arange(-body.cavity_y_mm, body.cavity_y_mm, 2, dtype=np.float32)[:, None]
    large = vessels[vessels.radius_mm >= LARGE_VESSEL_MM]
    tree = cKDTree((large.start + large.end) / 2)
    centres: dict[int, Vector] = {}
    for i in sorted(range(len(lesions)), key=lambda i: -lesions[i].diameter_mm):
        radius = lesions[i].diameter_mm / 2
        z = np.full((1, 1), rng.uniform(-SPREAD_MM, SPREAD_MM) if len(lesions) > 1 else 0, np.float32)
        clearance = -anatomy.liver_level(x, y, z)
        if anatomy.gallbladder:
            clearance = np.minimum(clearance, anatomy.gallbladder.level(x, y, z) - 2)
        for j, (cx, cy, cz) in centres.items():
            apart = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2)
            clearance = np.minimum(clearance, apart - np.float32(lesions[j].diameter_mm / 2 + 3))
        choice = rng.uniform()
        wanted = clearance >= radius + 2
        if choice < SUBCAPSULAR:
            wanted = (clearance > 0.7 * radius) & (clearance < 0.95 * radius)
        # distance of a vessel's axis that the lesion's growth makes a touch
        touch = np.cbrt((radius + LARGE_VESSEL_MM) ** 3 - MASS_EFFECT * radius**3)
        to_vessel = tree.query(np.stack(np.broadcast_arrays(x, y, z), axis=-1))[0]
        beside = np.abs(to_vessel - touch) < 1.5 if choice > 1 - AT_VESSEL else to_vessel > touch + 3
        free = next((found for f in (wanted & beside, wanted) if len(found := np.flatnonzero(f))), None)
        spot = int(np.argmax(clearance)) if free is None else int(rng.choice(free))
        row, column = divmod(spot, x.shape[1])
        centres[i] = np.array([x[0, column], y[row, 0], z[0, 0]], np.float64)
    return [centres[i] for i in range(len(lesions))]
