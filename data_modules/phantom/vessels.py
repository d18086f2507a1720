"""Portal and hepatic veins by recursive branching, pushed aside by lesions, and how they are painted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from data_modules.phantom.anatomy import Anatomy
from data_modules.phantom.canvas import Canvas

Vector = npt.NDArray[np.float64]
THINNEST_MM = 0.75  # radius at which branching ends
FLATTEN = 0.6  # branches leave the axial plane slowly
HEIGHTS_MM = (-45.0, 0.0, 45.0)  # of the liver segments, around the middle of the lesions
TREE_HALF_MM = 75.0  # above and below the middle, as far as the largest lesion reaches
PIECE_MM = 4.0  # of a vessel that bends around a lesion
MASS_EFFECT = 0.8  # part of a lesion's volume that pushed tissue aside; the rest replaced it


@dataclass(frozen=True, eq=False)
class Segment:
    """A straight piece of vessel between two points (x, y, z) in mm."""

    start: Vector
    end: Vector
    radius_mm: float
    hu: float


def grow(
    start: Vector,
    direction: Vector,
    radius_mm: float,
    hu: float,
    inside: Callable[[Vector], bool],
    rng: np.random.Generator,
) -> Iterator[Segment]:
    """Branch until the vessel is thin or leaves the organ; the daughters keep Murray's law r^3 = r1^3 + r2^3."""
    end = start + direction * np.clip(rng.uniform(3.5, 6) * radius_mm, 7, 28)
    if radius_mm < THINNEST_MM or not inside(end):
        return
    yield Segment(start, end, radius_mm, hu)
    share = rng.uniform(0.55, 0.85)
    turn = rng.choice([-1, 1])
    for part, angle in ((share, rng.uniform(8, 25) * turn), (1 - share, -rng.uniform(35, 65) * turn)):
        yield from grow(end, _turned(direction, np.deg2rad(angle), rng), radius_mm * part ** (1 / 3), hu, inside, rng)


def _turned(direction: Vector, angle: float, rng: np.random.Generator) -> Vector:
    """The direction turned in the axial plane, with some drift along z."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = direction
    turned = np.array([c * x - s * y, s * x + c * y, z + FLATTEN * rng.normal() * abs(s)])
    turned[2] = np.clip(turned[2], -0.6, 0.6)
    unit: Vector = turned / np.linalg.norm(turned)
    return unit


def liver_vessels(anatomy: Anatomy, rng: np.random.Generator) -> list[Segment]:
    """Two portal branches and three hepatic veins at each of three heights, from an upright stem and from the cava."""
    body = anatomy.body

    def inside(point: Vector) -> bool:
        x, y, z = point.astype(np.float32).reshape(3, 1)
        return abs(point[2]) < TREE_HALF_MM and bool(anatomy.liver_level(x, y, z) < -3)

    segments: list[Segment] = []
    stem: list[Vector] = []
    for height in HEIGHTS_MM:
        hilum = np.array([float(anatomy.border_x(-0.05)) - 14 - height / 4, -0.05 * body.cavity_y_mm, height])
        cava = np.array([float(anatomy.border_x(0.25)) - 6 - height / 4, 0.25 * body.cavity_y_mm, height])
        roots = [(hilum, angle, radius, body.portal_vein) for angle, radius in ((185.0, 6.0), (285.0, 4.5))]
        roots += [(cava, angle, 4.2, body.hepatic_vein) for angle in (160.0, 215.0, 262.0)]
        for start, angle_deg, radius_mm, hu in roots:
            angle, lift = np.deg2rad(angle_deg + rng.uniform(-10, 10)), rng.uniform(-6, 6)
            direction = np.array([np.cos(angle), np.sin(angle), 0.0])
            segments += grow(start + (0, 0, lift), direction, radius_mm, hu, inside, rng)
        stem.append(hilum)
    return segments + [Segment(a, b, 5.0, body.portal_vein) for a, b in pairwise(stem)]


def push_aside(segments: Sequence[Segment], centre: Vector, radius_mm: float) -> list[Segment]:
    """Vessels around a lesion that has grown between them.

    Tissue around a growing sphere keeps its volume, so that what lay at distance r comes to lie at the cube root of
    r^3 + m R^3, m being the part of the lesion's volume that displaced tissue.
    """
    pushed = []
    for segment in segments:
        if min(np.linalg.norm(p - centre) for p in (segment.start, segment.end)) > 3 * radius_mm + 28:
            pushed.append(segment)
            continue
        pieces = max(1, round(float(np.linalg.norm(segment.end - segment.start)) / PIECE_MM))
        points = segment.start + np.linspace(0, 1, pieces + 1)[:, None] * (segment.end - segment.start)
        offset = points - centre
        r = np.linalg.norm(offset, axis=1, keepdims=True) + 1e-6
        points = centre + offset * np.cbrt(1 + MASS_EFFECT * (radius_mm / r) ** 3)
        pushed += [replace(segment, start=a, end=b) for a, b in zip(points[:-1], points[1:], strict=True)]
    return pushed


def paint_segment(canvas: Canvas, segment: Segment) -> None:
    """Paint a tube with round ends."""
    reach = segment.radius_mm + canvas.pixel_mm
    low, high = np.minimum(segment.start, segment.end) - reach, np.maximum(segment.start, segment.end) + reach
    box = canvas.box(low.tolist(), high.tolist())
    x, y, z = canvas.points(box)
    if not x.size * y.size * z.size:
        return
    ax, ay, az = segment.start.astype(np.float32)
    dx, dy, dz = (segment.end - segment.start).astype(np.float32)
    along = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz)
    along = np.clip(along, 0, 1)
    distance = np.sqrt((x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2 + (z - az - along * dz) ** 2)
    canvas.paint(box, canvas.cover(distance - np.float32(segment.radius_mm)), segment.hu)
