"""What a lesion looks like inside its outline, at the portal-venous phase: HU by class and subtype.

Numbers are published measurements: contrast to liver from Chen et al. 2016 (PMC5026898, Table A1), enhancement patterns
from the radiological literature. A look is drawn once, without pixels, and can then be painted on any canvas.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_modules.phantom.canvas import Array
from data_modules.phantom.patterns import Points, draw_nodules, draw_plane, draw_specks, draw_waves, layer, step
from data_modules.phantom.physique import Physique
from data_modules.phantom.plan import LesionPlan
from data_modules.phantom.shapes import Blob, Shape, random_blob

# In a fatty liver a contrast measured in a healthy one would give fat: necrosis stays fluid, a pool stays blood.
DARKEST_TUMOUR, DARKEST_POOL = 8.0, 25.0  # HU
BLOOD_HU = 40.0  # before contrast agent
BELOW_RIM = 15.0  # HU: the published -47 is a mean over whole lesions; inside a rim it is darker


@dataclass(frozen=True, eq=False)
class Look:
    """The inside of one lesion.

    Attributes:
        hu: HU from the depth below the surface (mm, positive inside) and the position relative to the lesion's centre.
        edge_mm: Width of the edge.
        texture_hu: Strength of the inner texture.
    """

    hu: Callable[[Array, Points], Array]
    edge_mm: float = 0.0
    texture_hu: float = 0.0


def outline(lesion: LesionPlan, rng: np.random.Generator) -> Shape:
    """A lesion's shape of unit size: sphericity and lobes by class."""
    low, high = {"cyst": (0.015, 0.045), "metastasis": (0.05, 0.14), "hemangioma": (0.04, 0.10)}[lesion.class_name]
    amplitude = rng.uniform(low, high)
    blobs = [random_blob(amplitude, rng)]
    if lesion.lobes == 2:
        blobs.append(_beside(amplitude, rng))
    return Shape(tuple(blobs))


def _beside(amplitude: float, rng: np.random.Generator) -> Blob:
    """A second blob that overlaps one of radius 1 at the origin, about as large."""
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.3)
    return random_blob(amplitude, rng, (distance * np.cos(angle), distance * np.sin(angle), rng.uniform(-0.3, 0.3)))


def cyst(lesion: LesionPlan, body: Physique, rng: np.random.Generator) -> Look:
    """Water, or 28 HU with thin septa."""
    if lesion.subtype == "simple":
        return _plain(float(np.clip(rng.normal(7, 4), 0, 16)))
    value, d = rng.normal(28, 6), lesion.diameter_mm
    sheets = [
        (draw_plane(rng), draw_waves(d / 3, rng), np.float32(rng.uniform(-0.25, 0.25) * d))
        for _ in range(int(rng.integers(1, 4)))
    ]

    def hu(depth: Array, points: Points) -> Array:
        result = np.full_like(depth, value)
        for plane, bend, offset in sheets:
            sheet = np.abs(plane(points) + np.float32(0.06 * d) * bend(points) - offset)
            result += np.float32(45) * step(np.float32(0.6) - sheet, 0.8)
        return result

    return Look(hu)


def metastasis(lesion: LesionPlan, body: Physique, rng: np.random.Generator) -> Look:
    """Hypodense with or without a rim; necrotic, cystic, calcified or hypervascular."""
    radius, edge, texture = lesion.diameter_mm / 2, rng.uniform(1, 4), rng.uniform(4, 9)
    core = body.liver + np.clip(rng.normal(-47, 22), -88, -12) - (lesion.subtype != "solid") * BELOW_RIM
    rim = body.liver + np.clip(rng.normal(-12, 12), -35, 12)
    width = min(rng.uniform(2, 5), 0.25 * radius)
    necrosis = draw_waves(0.4 * radius, rng), rng.uniform(0.35, 0.5) * radius, rng.uniform(-40, -20)
    specks = draw_specks(lesion.diameter_mm, rng)
    if lesion.subtype == "hypervascular":
        return _plain(float(body.liver + np.clip(rng.normal(15, 15), -5, 45)), edge, texture)
    if lesion.subtype == "cystic":
        rim, core, width = body.liver + rng.normal(-25, 10), rng.uniform(20, 35), min(rng.uniform(2, 4), 0.35 * radius)
    elif lesion.subtype == "solid" or (lesion.subtype == "calcified" and rng.uniform() < 0.4):
        rim = core

    def hu(depth: Array, points: Points) -> Array:
        result = layer(depth, rim, width, core)
        if lesion.subtype == "rim_necrotic":
            waves, deep, darker = necrosis
            inner = depth - np.float32(deep) + np.float32(0.12 * radius) * waves(points)
            result += step(inner, 3) * np.float32(darker)
        if lesion.subtype == "calcified":
            result += specks(points)
        return np.maximum(result, np.float32(DARKEST_TUMOUR))

    return Look(hu, edge, texture)


def hemangioma(lesion: LesionPlan, body: Physique, rng: np.random.Generator) -> Look:
    """Dark pool with bright nodules at the margin; small ones fill at once, atypical ones show no nodules."""
    if lesion.subtype == "flash":
        return _plain(float(body.liver + np.clip(rng.normal(40, 20), 5, 75)), 0, 3)
    if lesion.subtype == "atypical":
        return _plain(float(max(body.liver - np.clip(rng.normal(50, 15), 15, 85), DARKEST_POOL)), 0, 5)
    pool = float(max(body.liver - np.clip(rng.normal(55, 15), 20, 85), DARKEST_POOL))
    scar = draw_plane(rng), draw_plane(rng), draw_waves(lesion.diameter_mm / 6, rng)
    progress = np.log(lesion.diameter_mm / 10) / np.log(10.2)  # 0 at 10 mm, 1 at 102 mm
    fill = float(np.clip(0.61 - 0.47 * progress + rng.normal(0, 0.08), 0.05, 0.55))
    values = BLOOD_HU + rng.uniform(0.65, 1.0, 7) * (body.portal_vein - BLOOD_HU)
    nodules = draw_nodules(lesion.diameter_mm, fill, values, rng)

    def hu(depth: Array, points: Points) -> Array:
        result = np.full_like(depth, pool)
        if lesion.subtype == "giant_scar":
            across, along, bend = scar
            bent = across(points) + np.float32(0.12 * lesion.diameter_mm) * bend(points)
            cleft = np.abs(bent) + np.abs(along(points)) * np.float32(0.35)
            result -= np.float32(35) * step(np.float32(0.10 * lesion.diameter_mm) - cleft, 4)
        share, bright = nodules(points)
        return result + share * (bright - result)

    return Look(hu, 0, 4)


def _plain(value: float, edge_mm: float = 0.0, texture_hu: float = 0.0) -> Look:
    """One value throughout."""
    return Look(lambda depth, points: np.full_like(depth, value), edge_mm, texture_hu)


LOOKS: dict[str, Callable[[LesionPlan, Physique, np.random.Generator], Look]] = {
    "cyst": cyst,
    "metastasis": metastasis,
    "hemangioma": hemangioma,
}
