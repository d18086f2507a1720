"""Portal and hepatic veins by recursive branching, pushed aside by lesions, and how they are painted.

A tree is kept as arrays over its straight pieces: thousands of them make one liver.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from data_modules.phantom.anatomy import LEAN, Anatomy
from data_modules.phantom.canvas import Canvas

Vector = npt.NDArray[np.float64]
THINNEST_MM = 0.75  # radius at which branching ends
HEIGHTS_MM = (-45.0, 0.0, 45.0)  # of the liver segments, around the middle of the lesions
TREE_HALF_MM = 75.0  # above and below the middle, as far as the largest lesion reaches
STEM_MM, HILAR_FAT_MM = 5.0, 1.5  # radius of the portal vein at the hilum, and the fat around it
PIECES = 3  # of a vessel that bends around a lesion
MASS_EFFECT = 0.8  # part of a lesion's volume that pushed tissue aside; the rest replaced it


@dataclass(frozen=True, eq=False)
class Vessels:
    """Straight pieces of vessel: `start` and `end` (N, 3) as x, y, z in mm, `radius_mm` (N,), `hu` (N,)."""

    start: Vector
    end: Vector
    radius_mm: Vector
    hu: Vector

    def __getitem__(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Vessels":
        """Some of the pieces."""
        return Vessels(self.start[chosen], self.end[chosen], self.radius_mm[chosen], self.hu[chosen])


def join(parts: list[Vessels]) -> Vessels:
    """Several trees as one."""
    return Vessels(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("start", "end", "radius_mm", "hu")))


def grow(
    start: Vector,
    direction: Vector,
    radius_mm: Vector,
    hu: Vector,
    inside: Callable[[Vector], npt.NDArray[np.bool_]],
    rng: np.random.Generator,
) -> Vessels:
    """Branch until the vessels are thin or leave the organ; daughters keep Murray's law r^3 = r1^3 + r2^3.

    Args:
        start: Roots, (N, 3) in mm.
        direction: Of the roots, unit vectors (N, 3).
        radius_mm: Of the roots, (N,).
        hu: Of the roots and all that grows from them, (N,).
        inside: Tells which of (M, 3) points lie in the organ.
        rng: Source.
    """
    generations = []
    while len(start):
        n = len(start)
        end = start + direction * np.clip(rng.uniform(3.5, 6, n) * radius_mm, 7, 28)[:, None]
        kept = Vessels(start, end, radius_mm, hu)[(radius_mm >= THINNEST_MM) & inside(end)]
        direction = direction[(radius_mm >= THINNEST_MM) & inside(end)]
        generations.append(kept)
        n = len(kept.hu)
        share, turn = rng.uniform(0.55, 0.85, n), rng.choice([-1, 1], n)
        main = _turned(direction, np.deg2rad(rng.uniform(8, 25, n)) * turn, rng)
        side = _turned(direction, -np.deg2rad(rng.uniform(35, 65, n)) * turn, rng)
        start, direction = np.tile(kept.end, (2, 1)), np.concatenate([main, side])
        radius_mm, hu = np.tile(kept.radius_mm, 2) * np.cbrt(np.concatenate([share, 1 - share])), np.tile(kept.hu, 2)
    return join(generations)


def _turned(direction: Vector, angle: Vector, rng: np.random.Generator) -> Vector:
    """Directions (N, 3) turned in the axial plane, with some drift along z."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = direction.T
    rise = np.clip(z + 0.6 * rng.normal(size=len(angle)) * np.abs(s), -0.6, 0.6)
    turned = np.stack([c * x - s * y, s * x + c * y, rise], axis=1)
    unit: Vector = turned / np.linalg.norm(turned, axis=1, keepdims=True)
    return unit


def liver_vessels(anatomy: Anatomy, rng: np.random.Generator) -> Vessels:
    """Two portal branches and three hepatic veins at each of three heights, from an upright stem and from the cava."""
    body = anatomy.body

    def inside(points: Vector) -> npt.NDArray[np.bool_]:
        x, y, z = points.astype(np.float32).T
        kept: npt.NDArray[np.bool_] = (np.abs(z) < TREE_HALF_MM) & (anatomy.liver_level(x, y, z) < -3)
        return kept

    def foot(t: float, in_mm: float, height: float) -> tuple[float, float, float]:
        return float(anatomy.border_x(t)) - in_mm - LEAN * height, t * body.cavity_y_mm, height

    stem = np.array([foot(-0.05, 14, height) for height in HEIGHTS_MM])
    roots = []
    for hilum in stem:
        cava = foot(0.25, 6, hilum[2])
        roots += [(hilum, angle, radius, body.portal_vein) for angle, radius in ((185.0, 6.0), (285.0, 4.5))]
        roots += [(cava, angle, 4.2, body.hepatic_vein) for angle in (160.0, 215.0, 262.0)]
    start, angle, radius, hu = (np.array(column, np.float64) for column in zip(*roots, strict=True))
    start[:, 2] += rng.uniform(-6, 6, len(start))
    angle = np.deg2rad(angle + rng.uniform(-10, 10, len(angle)))
    direction = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    sleeve, upright = (
        Vessels(stem[:-1], stem[1:], np.full(len(stem) - 1, r), np.full(len(stem) - 1, value))
        for r, value in ((STEM_MM + HILAR_FAT_MM, body.fat), (STEM_MM, body.portal_vein))
    )
    return join([sleeve, upright, grow(start, direction, radius, hu, inside, rng)])


def push_aside(vessels: Vessels, centre: Vector, radius_mm: float) -> Vessels:
    """Vessels around a lesion that has grown between them.

    Tissue around a growing sphere keeps its volume, so that what lay at distance r comes to lie at the cube root of
    r^3 + m R^3, m being the part of the lesion's volume that displaced tissue.
    """

    def pushed(points: Vector) -> Vector:
        offset = points - centre
        r = np.linalg.norm(offset, axis=-1, keepdims=True) + 1e-6
        result: Vector = centre + offset * np.cbrt(1 + MASS_EFFECT * (radius_mm / r) ** 3)
        return result

    near = np.linalg.norm((vessels.start + vessels.end) / 2 - centre, axis=1) < 1.3 * radius_mm + 10
    far, bent = vessels[~near], vessels[near]
    points = bent.start + np.linspace(0, 1, PIECES + 1)[:, None, None] * (bent.end - bent.start)
    pieces = [replace(bent, start=a, end=b) for a, b in pairwise(pushed(points))]
    return join([replace(far, start=pushed(far.start), end=pushed(far.end)), *pieces])


def paint_vessels(canvas: Canvas, vessels: Vessels) -> None:
    """Paint tubes with round ends."""
    reach = (vessels.radius_mm + canvas.pixel_mm)[:, None]
    low, high = np.minimum(vessels.start, vessels.end) - reach, np.maximum(vessels.start, vessels.end) + reach
    first, stop = canvas.boxes(low, high)
    start, along = vessels.start.astype(np.float32), (vessels.end - vessels.start).astype(np.float32)
    along_squared, radius = (along**2).sum(axis=1), vessels.radius_mm.astype(np.float32)
    for i in np.flatnonzero((first < stop).all(axis=1)):
        x, y, z = (slice(a, b) for a, b in zip(first[i], stop[i], strict=True))
        box = (z, y, x)
        offsets = tuple(p - c for p, c in zip(canvas.points(box), start[i], strict=True))
        part = sum(o * d for o, d in zip(offsets, along[i] / along_squared[i], strict=True))
        part = np.minimum(np.maximum(part, 0), 1)
        squared = sum((o - part * d) ** 2 for o, d in zip(offsets, along[i], strict=True))
        canvas.paint(box, canvas.cover(np.sqrt(squared) - radius[i]), vessels.hu[i])
