"""Portal and hepatic veins by recursive branching, and how they are painted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_modules.phantom.anatomy import Anatomy
from data_modules.phantom.canvas import Canvas

Vector = npt.NDArray[np.float64]
THINNEST_MM = 0.75  # radius at which branching ends
FLATTEN = 0.5  # branches leave the slab slowly, so that it is filled


@dataclass(frozen=True, eq=False)
class Segment:
    """A straight piece of vessel between two points (x, y, z) in mm."""

    start: Vector
    end: Vector
    radius_mm: float


def grow(
    start: Vector, direction: Vector, radius_mm: float, inside: Callable[[Vector], bool], rng: np.random.Generator
) -> Iterator[Segment]:
    """Branch until the vessel is thin or leaves the organ; the daughters keep Murray's law r^3 = r1^3 + r2^3."""
    end = start + direction * np.clip(rng.uniform(3.5, 6) * radius_mm, 7, 28)
    if radius_mm < THINNEST_MM or not inside(end):
        return
    yield Segment(start, end, radius_mm)
    share = rng.uniform(0.55, 0.85)
    turn = rng.choice([-1, 1])
    for part, angle in ((share, rng.uniform(8, 25) * turn), (1 - share, -rng.uniform(35, 65) * turn)):
        yield from grow(end, _turned(direction, np.deg2rad(angle), rng), radius_mm * part ** (1 / 3), inside, rng)


def _turned(direction: Vector, angle: float, rng: np.random.Generator) -> Vector:
    """The direction turned in the axial plane, with some drift along z."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = direction
    turned = np.array([c * x - s * y, s * x + c * y, z + FLATTEN * rng.normal() * abs(s)])
    turned[2] = np.clip(turned[2], -0.6, 0.6)
    unit: Vector = turned / np.linalg.norm(turned)
    return unit


def liver_vessels(anatomy: Anatomy, slab_mm: float, rng: np.random.Generator) -> list[tuple[Segment, float]]:
    """Vessel segments with their HU: two portal branches from the hilum, three hepatic veins from the cava."""
    body = anatomy.body

    def inside(point: Vector) -> bool:
        x, y, z = point.astype(np.float32).reshape(3, 1)
        return abs(point[2]) < slab_mm / 2 + 8 and bool(anatomy.liver_level(x, y, z) < -3)

    hilum = np.array([float(anatomy.border_x(-0.05)) - 14, -0.05 * body.cavity_y_mm, rng.uniform(-6, 6)])
    cava = np.array([float(anatomy.border_x(0.25)) - 6, 0.25 * body.cavity_y_mm, rng.uniform(-4, 4)])
    roots = [(hilum, 185.0, 6.0, body.portal_vein), (hilum, 285.0, 4.5, body.portal_vein)]
    roots += [(cava, angle, 4.2, body.hepatic_vein) for angle in (160.0, 215.0, 262.0)]
    segments = []
    for start, angle_deg, radius_mm, hu in roots:
        angle = np.deg2rad(angle_deg + rng.uniform(-10, 10))
        direction = np.array([np.cos(angle), np.sin(angle), 0.0])
        segments += [(segment, hu) for segment in grow(start, direction, radius_mm, inside, rng)]
    return segments


def paint_segment(canvas: Canvas, segment: Segment, hu: float) -> None:
    """Paint a tube with round ends."""
    reach = segment.radius_mm + canvas.pixel_mm
    low, high = np.minimum(segment.start, segment.end) - reach, np.maximum(segment.start, segment.end) + reach
    box = canvas.box(low.tolist(), high.tolist())
    x, y, z = canvas.points(box)
    ax, ay, az = segment.start.astype(np.float32)
    dx, dy, dz = (segment.end - segment.start).astype(np.float32)
    along = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz)
    along = np.clip(along, 0, 1)
    distance = np.sqrt((x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2 + (z - az - along * dz) ** 2)
    canvas.paint(box, canvas.cover(distance - np.float32(segment.radius_mm)), hu)
