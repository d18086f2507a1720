"""What a lesion looks like inside its outline, at the portal-venous phase: HU by class and subtype.

Numbers are published measurements: contrast to liver from Chen et al. 2016 (PMC5026898, Table A1), enhancement patterns
from the radiological literature. Each function takes `depth` (mm below the lesion's surface, positive inside) and the
position relative to the lesion's centre, and returns HU in the shape of `depth`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_modules.phantom.canvas import Array
from data_modules.phantom.physique import Physique
from data_modules.phantom.plan import LesionPlan
from data_modules.phantom.shapes import Blob, Shape, random_blob

Points = tuple[Array, Array, Array]
# In a fatty liver a contrast measured in a healthy one would give fat: necrosis stays fluid, a pool stays blood.
DARKEST_TUMOUR, DARKEST_POOL = 8.0, 25.0  # HU


@dataclass(frozen=True, eq=False)
class Look:
    """HU inside a lesion, the width of its edge in mm, and the strength of its inner texture in HU."""

    hu: Array
    edge_mm: float = 0.0
    texture_hu: float = 0.0


def outline(lesion: LesionPlan, rng: np.random.Generator) -> Shape:
    """A lesion's shape of unit size: sphericity and lobes by class."""
    if lesion.class_name == "cyst":
        main = random_blob(rng.uniform(0.015, 0.045), rng)
        return Shape((main, _beside(0.03, rng))) if lesion.subtype == "two_lobed" else Shape((main,))
    if lesion.class_name == "hemangioma":
        return Shape((random_blob(rng.uniform(0.04, 0.10), rng),))
    main = random_blob(rng.uniform(0.05, 0.14), rng)
    return Shape((main, _beside(0.10, rng))) if lesion.subtype == "confluent" else Shape((main,))


def _beside(amplitude: float, rng: np.random.Generator) -> Blob:
    """A second blob that overlaps one of radius 1 at the origin, about as large."""
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.3)
    return random_blob(amplitude, rng, (distance * np.cos(angle), distance * np.sin(angle), rng.uniform(-0.3, 0.3)))


def cyst(lesion: LesionPlan, body: Physique, depth: Array, points: Points, rng: np.random.Generator) -> Look:
    """Water, or 28 HU with thin septa."""
    if lesion.subtype != "dense_septated":
        return Look(np.full_like(depth, np.clip(rng.normal(7, 4), 0, 16)))
    hu = np.full_like(depth, rng.normal(28, 6))
    for _ in range(int(rng.integers(1, 4))):
        bend = np.float32(0.03 * lesion.diameter_mm) * _waves(points, lesion.diameter_mm / 3, rng)
        sheet = np.abs(_plane(points, rng) + bend - np.float32(rng.uniform(-0.25, 0.25) * lesion.diameter_mm))
        hu += np.float32(45) * (sheet < 0.6)
    return Look(hu)


def metastasis(lesion: LesionPlan, body: Physique, depth: Array, points: Points, rng: np.random.Generator) -> Look:
    """Hypodense with or without a rim; necrotic, cystic, calcified or hypervascular."""
    radius, edge = lesion.diameter_mm / 2, rng.uniform(1, 4)
    core = body.liver + np.clip(rng.normal(-47, 22), -88, -12)
    rim = body.liver + np.clip(rng.normal(-12, 12), -35, 12)
    width = min(rng.uniform(2, 5), 0.35 * radius)
    subtype = lesion.subtype
    if subtype == "hypervascular":
        hu = np.full_like(depth, body.liver + np.clip(rng.normal(15, 15), -5, 45))
    elif subtype == "cystic":
        hu = _layer(depth, body.liver + rng.normal(-25, 10), min(rng.uniform(2, 4), 0.35 * radius), rng.uniform(20, 35))
    elif subtype == "solid" or (subtype in ("confluent", "calcified") and rng.uniform() < 0.4):
        hu = np.full_like(depth, core)
    else:
        hu = _layer(depth, rim, width, core)
    if subtype == "rim_necrotic":
        wobble = np.float32(0.12 * radius) * _waves(points, 0.4 * radius, rng)
        inner = _step(depth - np.float32(rng.uniform(0.35, 0.5) * radius) + wobble, 3)
        hu += inner * np.float32(rng.uniform(-40, -20))
    if subtype == "calcified":
        hu = _speckled(hu, depth, points, lesion.diameter_mm, rng)
    return Look(np.maximum(hu, np.float32(DARKEST_TUMOUR)), edge, rng.uniform(4, 9))


def hemangioma(lesion: LesionPlan, body: Physique, depth: Array, points: Points, rng: np.random.Generator) -> Look:
    """Dark pool with bright nodules at the margin; small ones fill at once, atypical ones show no nodules."""
    if lesion.subtype == "flash":
        return Look(np.full_like(depth, body.liver + np.clip(rng.normal(40, 20), 5, 75)), 0, 3)
    if lesion.subtype == "atypical":
        level = body.liver - np.clip(rng.normal(50, 15), 15, 85)
        return Look(np.full_like(depth, max(level, DARKEST_POOL)), 0, 5)
    pool = body.liver - np.clip(rng.normal(55, 15), 20, 85)
    hu = np.full_like(depth, max(pool, DARKEST_POOL))
    if lesion.subtype == "giant_scar":
        cleft = np.abs(_plane(points, rng)) + np.abs(_plane(points, rng)) * np.float32(0.3)
        hu -= np.float32(35) * _step(np.float32(0.07 * lesion.diameter_mm) - cleft, 3)
    progress = np.log(lesion.diameter_mm / 10) / np.log(10.2)  # 0 at 10 mm, 1 at 102 mm
    fill = np.clip(0.55 - 0.45 * progress + rng.normal(0, 0.08), 0.05, 0.55)
    share, nodules = _nodules(depth, points, lesion.diameter_mm, float(fill), body, rng)
    return Look(hu + share * (nodules - hu), 0, 4)


def _nodules(
    depth: Array, points: Points, diameter_mm: float, fill: float, body: Physique, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Share and HU of 2 to 7 puddles at the margin that fill a given fraction of the middle of the lesion."""
    x, y, z = points
    best = np.full_like(depth, -9)
    hu = np.zeros_like(depth)
    number = int(rng.integers(2, 8))
    angles = 2 * np.pi * (np.arange(number) + rng.uniform(-0.45, 0.45, number)) / number
    for angle in angles:
        out, size = rng.uniform(0.80, 1.0) * diameter_mm / 2, rng.uniform(0.5, 1.0) * diameter_mm / 2
        cx, cy, cz = out * np.cos(angle), out * np.sin(angle), rng.uniform(-0.3, 0.3) * out
        reach = 1 - np.sqrt(
            (x - np.float32(cx)) ** 2 + (y - np.float32(cy)) ** 2 + (z - np.float32(cz)) ** 2
        ) / np.float32(size)
        value = np.float32(40 + rng.uniform(0.65, 1.0) * (body.hepatic_vein - 40))
        hu = np.where(reach > best, value, hu)
        best = np.maximum(best, reach)
    middle = np.broadcast_to(np.abs(z) < 0.2 * diameter_mm, depth.shape) & (depth > 0)
    best = best + np.float32(0.10) * _waves(points, diameter_mm / 5, rng)
    threshold = np.quantile(best[middle], 1 - fill) if middle.any() else 0.0
    return _step((best - np.float32(threshold)) * np.float32(0.37 * diameter_mm), 1.5), hu.astype(np.float32)


def _layer(depth: Array, outer_hu: float, width_mm: float, inner_hu: float) -> Array:
    """A rim of one value around a core of another."""
    inner = _step(depth - np.float32(width_mm), 1.5)
    layered: Array = np.float32(outer_hu) + inner * np.float32(inner_hu - outer_hu)
    return layered


def _step(distance: Array, width_mm: float) -> Array:
    """0 below zero, 1 above, linear over `width_mm`."""
    step: Array = np.clip(np.float32(0.5) + distance / np.float32(width_mm), 0, 1)
    return step


def _plane(points: Points, rng: np.random.Generator) -> Array:
    """Signed distance in mm to a random plane through the lesion's centre."""
    normal = rng.normal(size=3)
    a, b, c = (normal / np.sqrt((normal**2).sum())).astype(np.float32)
    distance: Array = points[0] * a + points[1] * b + points[2] * c
    return distance


def _waves(points: Points, length_mm: float, rng: np.random.Generator) -> Array:
    """A smooth random field within -1 to 1 that changes over `length_mm`: three crossing plane waves."""
    total = sum(np.sin(_plane(points, rng) / np.float32(length_mm) + np.float32(rng.uniform(0, 6))) for _ in range(3))
    waves: Array = np.asarray(total / np.float32(3), np.float32)
    return waves


def _speckled(hu: Array, depth: Array, points: Points, diameter_mm: float, rng: np.random.Generator) -> Array:
    """Add 3 to 7 specks of calcium near the middle."""
    x, y, z = points
    for _ in range(int(rng.integers(3, 8))):
        cx, cy, cz = (rng.uniform(-0.28, 0.28, 3) * diameter_mm).astype(np.float32)
        distance = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz * np.float32(0.3)) ** 2)
        hu = hu + _step(np.float32(min(rng.uniform(0.7, 1.8), 0.07 * diameter_mm)) - distance, 1) * np.float32(
            rng.uniform(100, 350)
        )
    return hu


LOOKS: dict[str, Callable[[LesionPlan, Physique, Array, Points, np.random.Generator], Look]] = {
    "cyst": cyst,
    "metastasis": metastasis,
    "hemangioma": hemangioma,
}
