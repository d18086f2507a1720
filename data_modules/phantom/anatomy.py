"""The upper abdomen around a phantom's lesions: trunk, organs and the liver's outline, in mm around the spine's axis.

Coordinates are LPS, so the liver lies at negative x: on the patient's right, at the left of a displayed slice.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_modules.phantom.canvas import Array, Canvas, ellipse_level, smooth_max
from data_modules.phantom.physique import WALL_MM, Physique

TRUNK_EXPONENT = 2.25  # a trunk is boxier than an ellipse
CAPSULE_MM = 1.2  # fat between liver and wall
Pair = tuple[float, float]
Ellipse = Callable[[Pair, Pair, float], None]


@dataclass(frozen=True)
class Anatomy:
    """Outlines of one patient; `visceral` are the coefficients of the liver's left border, `waves` its unevenness."""

    body: Physique
    visceral: tuple[float, float, float]
    waves: tuple[tuple[float, float, float, float], ...]

    def wall_level(self, x: Array, y: Array) -> Array:
        """Signed distance to the inner side of the abdominal wall."""
        return ellipse_level(x, y, (0, 0), (self.body.cavity_x_mm, self.body.cavity_y_mm), TRUNK_EXPONENT)

    def border_x(self, t: Array | float) -> Array:
        """Where the liver ends towards the patient's left, at depth t = y / cavity depth."""
        a, b, c = self.visceral
        return np.asarray(self.body.cavity_x_mm * (a + b * t + c * t * t), np.float32)

    def liver_level(self, x: Array, y: Array, z: Array) -> Array:
        """Signed distance to the liver's surface: inside the wall and right of the visceral border."""
        t = y / np.float32(self.body.cavity_y_mm)
        slope = self.body.cavity_x_mm / self.body.cavity_y_mm * (self.visceral[1] + 2 * self.visceral[2] * t)
        ripple = sum(
            (
                amplitude * np.sin(x * u + z * u / 2 + phase) * np.cos(y * v - phase)
                for amplitude, u, v, phase in self.waves
            ),
            start=np.float32(0),
        )
        side = (x - self.border_x(t) + np.float32(0.25) * z) / np.sqrt(1 + slope * slope) + ripple
        return smooth_max(self.wall_level(x, y) + np.float32(CAPSULE_MM), side.astype(np.float32), 12)


def draw_anatomy(body: Physique, rng: np.random.Generator) -> Anatomy:
    """Draw one patient's outlines."""
    visceral = (-0.02 + rng.uniform(-0.06, 0.06), -0.52 + rng.uniform(-0.05, 0.05), 0.13 + rng.uniform(-0.04, 0.04))
    waves = tuple(
        (
            rng.uniform(1.5, 3.5),
            2 * np.pi / rng.uniform(50, 120),
            2 * np.pi / rng.uniform(50, 120),
            rng.uniform(0, 6.28),
        )
        for _ in range(3)
    )
    return Anatomy(body, visceral, waves)


def paint_trunk(canvas: Canvas, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Paint everything but the liver on a canvas of one slice; the slab is too thin for it to change."""
    box = canvas.everywhere()
    x, y, _ = canvas.points(box)
    wall = canvas.cover(anatomy.wall_level(x, y))

    def whole(centre: Pair, radii: Pair, hu: float, within: Array | None = None) -> None:
        low, high = ([c + sign * (r + 2) for c, r in zip(centre, radii, strict=True)] for sign in (-1, 1))
        part = canvas.box((*low, -1), (*high, 1))
        px, py, _ = canvas.points(part)
        coverage = canvas.cover(ellipse_level(px, py, centre, radii))
        canvas.paint(part, coverage if within is None else coverage * within[part], hu)

    def inner(centre: Pair, radii: Pair, hu: float) -> None:
        whole(centre, radii, hu, within=wall)

    body = anatomy.body
    canvas.hu[:] = -1000
    skin, muscle = (body.half_width_mm, body.half_depth_mm), (body.cavity_x_mm + WALL_MM, body.cavity_y_mm + WALL_MM)
    for (a, b), hu in ((skin, 45), ((skin[0] - 2, skin[1] - 2), body.fat), (muscle, body.muscle)):
        canvas.paint(box, canvas.cover(ellipse_level(x, y, (0, 0), (a, b), TRUNK_EXPONENT)), hu)
    canvas.paint(box, wall, body.fat)
    _paint_organs(inner, body, rng)
    _paint_back(whole, inner, body, rng)
    inner((8, 0.62 * body.cavity_y_mm - 33), (11, 11), body.aorta)
    inner((float(anatomy.border_x(0.3)) + 8, 0.3 * body.cavity_y_mm), (12, 9), body.hepatic_vein - 10)


def _paint_organs(inner: Ellipse, body: Physique, rng: np.random.Generator) -> None:
    """Bowel, pancreas, spleen, left kidney and stomach, on the patient's left."""
    cx, cy = body.cavity_x_mm, body.cavity_y_mm
    for _ in range(16):
        centre = (rng.uniform(-0.1, 0.85) * cx, rng.uniform(-0.7, 0.35) * cy)
        inner(centre, (rng.uniform(7, 17), rng.uniform(6, 13)), rng.uniform(25, 80))
    inner((0.24 * cx, 0.0), (36, 9), rng.uniform(80, 110))  # pancreas
    inner((0.64 * cx, rng.uniform(0.3, 0.42) * cy), (0.30 * cx, 0.44 * cy), body.spleen)
    inner((0.42 * cx, 0.58 * cy), (27, 23), body.fat)
    inner((0.42 * cx, 0.60 * cy), (23, 19), rng.uniform(150, 180))  # kidney and its sinus
    inner((0.40 * cx, 0.57 * cy), (9, 6), -60)
    stomach = (rng.uniform(0.32, 0.42) * cx, rng.uniform(-0.42, -0.30) * cy)
    inner(stomach, (0.27 * cx, 0.34 * cy), 65)
    inner(stomach, (0.27 * cx - 4, 0.34 * cy - 4), rng.uniform(5, 40))
    inner((stomach[0], stomach[1] - 0.20 * cy), (rng.uniform(8, 0.18 * cx), 0.09 * cy), -850)  # gas rises


def _paint_back(whole: Ellipse, inner: Ellipse, body: Physique, rng: np.random.Generator) -> None:
    """Muscles of the back, vertebra with its canal, and ribs within the wall."""
    cx, cy = body.cavity_x_mm, body.cavity_y_mm
    spine = 0.62 * cy
    for side in (-1, 1):
        whole((side * 34, spine + 34), (30, 20), body.muscle)
        inner((side * 24, spine + 8), (7, 14), body.muscle)  # crus of the diaphragm
    for centre, radii, hu in (((0, 0), (22, 19), 420), ((0, 0), (20, 17), 190)):
        whole((centre[0], spine + centre[1]), radii, hu)
    whole((0, spine + 30), (13, 14), 380)
    whole((0, spine + 28), (8.5, 8.5), 35)
    for angle in np.linspace(0.15, np.pi - 0.15, 7) + rng.uniform(-0.1, 0.1, 7):
        out = (np.sin(angle) ** TRUNK_EXPONENT + abs(np.cos(angle)) ** TRUNK_EXPONENT) ** (-1 / TRUNK_EXPONENT)
        for side in (-1, 1):
            centre = (side * out * (cx + 5.5) * np.sin(angle), -out * (cy + 5.5) * np.cos(angle))
            whole(centre, (rng.uniform(4, 8), 4), 400)
            whole(centre, (3, 2.2), 180)
