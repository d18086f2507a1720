"""Everything around the liver as ellipsoids: trunk, spine, ribs, stomach, spleen, kidney, bowel, great vessels.

Drawn once per patient as plain numbers, so that any part of the body can be painted on any canvas.
"""

from dataclasses import dataclass

import numpy as np

from data_modules.phantom.anatomy import LEAN, TRUNK_EXPONENT, Anatomy
from data_modules.phantom.canvas import Array, Canvas, ellipse_level
from data_modules.phantom.physique import WALL_MM, Physique

TUBE = 1e4  # half-length in mm of what runs through the whole abdomen
RIB_SLOPE = 0.010  # radians per mm
SKIN_MM = 2.0
Pair = tuple[float, float]


@dataclass(frozen=True)
class Organ:
    """An ellipsoid with axes along x, y, z in mm; `lean` moves its centre along x, in mm per mm of z."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    hu: float
    in_cavity: bool = True
    lean: float = 0.0

    def section(self, z: float) -> tuple[Pair, Pair] | None:
        """Centre and radii (x, y) of the ellipse that an axial slice cuts out; None beyond the organ's ends."""
        up = z - self.centre[2]
        left = 1 - (up / self.radii[2]) ** 2
        if left <= 0:
            return None
        scale = left**0.5
        return (self.centre[0] + self.lean * up, self.centre[1]), (scale * self.radii[0], scale * self.radii[1])


@dataclass(frozen=True)
class Rib:
    """A tube that runs down within the wall towards the front; `angle` at z = 0, `side` -1 for the patient's right."""

    body: Physique
    angle: float
    side: int
    radii: Pair
    hu: float
    in_cavity: bool = False

    def section(self, z: float) -> tuple[Pair, Pair] | None:
        """Centre and radii (x, y) of the ellipse that an axial slice cuts out."""
        angle = self.angle + RIB_SLOPE * z
        if not 0.1 < angle < np.pi - 0.1:  # past the breast bone or the spine
            return None
        s, c = np.sin(angle), np.cos(angle)
        out = (s**TRUNK_EXPONENT + abs(c) ** TRUNK_EXPONENT) ** (-1 / TRUNK_EXPONENT)
        x, y = out * (self.body.cavity_x_mm + WALL_MM / 2) * s, -out * (self.body.cavity_y_mm + WALL_MM / 2) * c
        return (float(self.side * x), float(y)), self.radii


def draw_organs(anatomy: Anatomy, rng: np.random.Generator) -> list[Organ | Rib]:
    """Draw one patient's organs, in the order in which they are painted."""
    body = anatomy.body
    cy = body.cavity_y_mm
    cava = (float(anatomy.border_x(0.3)) + 8, 0.3 * cy, 0.0)
    return [
        *_digestive(body, rng),
        *_back(body, rng),
        *_ribs(body, rng),
        Organ((8, 0.62 * cy - 33, 0), (11, 11, TUBE), body.aorta),
        Organ(cava, (12, 9, TUBE), body.hepatic_vein - 10, lean=-LEAN),
    ]


def paint_trunk(canvas: Canvas, body: Physique, wall: Array) -> Array:
    """Paint air, skin, fat and muscle; `wall` is the coverage of the abdominal cavity, shape (1, Y, X).

    Returns:
        Coverage of the body within the skin, shape (1, Y, X).
    """
    box = canvas.everywhere()
    x, y, _ = canvas.points(box)
    skin, muscle = (body.half_width_mm, body.half_depth_mm), (body.cavity_x_mm + WALL_MM, body.cavity_y_mm + WALL_MM)
    within = (skin[0] - SKIN_MM, skin[1] - SKIN_MM)
    outer, inner, core = (
        canvas.cover(ellipse_level(x, y, (0, 0), radii, TRUNK_EXPONENT)) for radii in (skin, within, muscle)
    )
    canvas.hu[:] = -1000
    for coverage, hu in ((outer, 45), (inner, body.fat), (core * inner, body.muscle), (wall, body.fat)):
        canvas.paint(box, coverage, hu)
    return inner


def paint_organ(canvas: Canvas, organ: Organ | Rib, within: Array) -> None:
    """Paint one organ on a canvas of a single slice, as far as `within` (1, Y, X) leaves it room."""
    section = organ.section(float(canvas.z[0]))
    if section is None:
        return
    centre, radii = section
    low, high = ([c + sign * (r + 2) for c, r in zip(centre, radii, strict=True)] for sign in (-1, 1))
    if high[0] < canvas.x[0] or low[0] > canvas.x[-1] or high[1] < canvas.y[0] or low[1] > canvas.y[-1]:
        return  # most organs lie far from a small canvas
    box = canvas.box((*low, -np.inf), (*high, np.inf))
    x, y, _ = canvas.points(box)
    coverage = canvas.cover(ellipse_level(x, y, centre, radii)) * within[:, box[1], box[2]]
    canvas.paint(box, coverage, organ.hu)


def _digestive(body: Physique, rng: np.random.Generator) -> list[Organ]:
    """Bowel, pancreas, spleen, left kidney and stomach, on the patient's left."""
    cx, cy = body.cavity_x_mm, body.cavity_y_mm
    organs = []
    for _ in range(40):
        centre = (rng.uniform(-0.1, 0.85) * cx, rng.uniform(-0.7, 0.35) * cy, rng.uniform(-75, 75))
        organs.append(Organ(centre, (rng.uniform(7, 17), rng.uniform(6, 13), rng.uniform(15, 40)), rng.uniform(25, 80)))
    low, high = rng.uniform(-15, 15), rng.uniform(-25, 5)
    organs.append(Organ((0.24 * cx, 0, low), (36, 9, 22), rng.uniform(80, 110)))  # pancreas
    organs.append(Organ((0.64 * cx, rng.uniform(0.30, 0.42) * cy, 10), (0.30 * cx, 0.44 * cy, 75), body.spleen))
    organs.append(Organ((0.42 * cx, 0.58 * cy, high), (27, 23, 62), body.fat))
    organs.append(Organ((0.42 * cx, 0.60 * cy, high), (23, 19, 55), rng.uniform(150, 180)))  # kidney and its sinus
    organs.append(Organ((0.40 * cx, 0.57 * cy, high), (9, 6, 35), -60))
    x, y, z = rng.uniform(0.32, 0.42) * cx, rng.uniform(-0.42, -0.30) * cy, rng.uniform(-10, 25)
    organs.append(Organ((x, y, z), (0.27 * cx, 0.34 * cy, 75), 65))
    organs.append(Organ((x, y, z), (0.27 * cx - 4, 0.34 * cy - 4, 71), rng.uniform(5, 40)))
    gas = (rng.uniform(8, 0.18 * cx), 0.09 * cy, rng.uniform(30, 60))
    organs.append(Organ((x, y - 0.20 * cy, z), gas, -850))  # gas rises
    return organs


def _back(body: Physique, rng: np.random.Generator) -> list[Organ]:
    """Muscles of the back; vertebrae with discs, canal and spinous process."""
    spine = 0.62 * body.cavity_y_mm
    organs = []
    for side in (-1, 1):
        organs.append(Organ((side * 34, spine + 34, 0), (30, 20, TUBE), body.muscle, in_cavity=False))
        organs.append(Organ((side * 24, spine + 8, 0), (7, 14, TUBE), body.muscle))  # crus of the diaphragm
    organs.append(Organ((0, spine, 0), (22, 19, TUBE), 420, in_cavity=False))
    organs.append(Organ((0, spine, 0), (20, 17, TUBE), 190, in_cavity=False))
    first = rng.uniform(-100, -67)
    for z in np.arange(first, 100, 33):
        organs.append(Organ((0, spine, float(z)), (21, 18, 5), 85, in_cavity=False))  # disc
    organs.append(Organ((0, spine + 30, 0), (13, 14, TUBE), 380, in_cavity=False))
    organs.append(Organ((0, spine + 28, 0), (8.5, 8.5, TUBE), 35, in_cavity=False))
    return organs


def _ribs(body: Physique, rng: np.random.Generator) -> list[Rib]:
    """Ribs of both sides: cortical bone around marrow."""
    ribs = []
    for angle in np.linspace(0.15, np.pi - 0.15, 7) + rng.uniform(-0.1, 0.1, 7):
        width = rng.uniform(4, 8)
        for side in (-1, 1):
            ribs += [Rib(body, angle, side, radii, hu) for radii, hu in (((width, 4), 400), ((3, 2.2), 180))]
    return ribs
