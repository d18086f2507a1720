"""The upper abdomen around a phantom's lesions: trunk, organs and the liver's outline, in mm around the spine's axis.

Coordinates are LPS, so the liver lies at negative x: on the patient's right, at the left of a displayed slice.
"""

from dataclasses import dataclass

import numpy as np

from data_modules.phantom.canvas import Array, Canvas, ellipse_level, smooth_max
from data_modules.phantom.physique import Physique


@dataclass(frozen=True)
class Anatomy:
    """Outlines of one patient; `visceral` are the coefficients of the liver's left border, `waves` its unevenness."""

    body: Physique
    visceral: tuple[float, float, float]
    waves: tuple[tuple[float, float, float, float], ...]

    def wall_level(self, x: Array, y: Array) -> Array:
        """Signed distance to the inner side of the abdominal wall."""
        return ellipse_level(x, y, (0, 0), (self.body.cavity_x_mm, self.body.cavity_y_mm))

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
        return smooth_max(self.wall_level(x, y) + np.float32(2.5), side.astype(np.float32), 12)


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
    body, box = anatomy.body, canvas.everywhere()
    x, y, _ = canvas.points(box)
    cx, cy = body.cavity_x_mm, body.cavity_y_mm
    inside = canvas.cover(anatomy.wall_level(x, y))

    def ellipse(centre: tuple[float, float], radii: tuple[float, float], hu: float, clip: bool = True) -> None:
        coverage = canvas.cover(ellipse_level(x, y, centre, radii))
        canvas.paint(box, coverage * inside if clip else coverage, hu)

    canvas.hu[:] = -1000
    ellipse((0, 0), (body.half_width_mm, body.half_depth_mm), 45, clip=False)  # skin
    ellipse((0, 0), (body.half_width_mm - 2, body.half_depth_mm - 2), body.fat, clip=False)
    ellipse((0, 0), (cx + 11, cy + 11), body.muscle, clip=False)
    ellipse((0, 0), (cx, cy), body.fat, clip=False)
    _paint_bowel(ellipse, body, rng)
    ellipse((0.60 * cx, 0.40 * cy), (0.34 * cx, 0.42 * cy), body.spleen)
    ellipse((0.36 * cx, -0.34 * cy), (0.30 * cx, 0.36 * cy), 55)  # stomach wall
    ellipse((0.36 * cx, -0.34 * cy), (0.30 * cx - 4, 0.36 * cy - 4), rng.uniform(5, 35))
    for side in (-1, 1):
        ellipse((side * 34, 0.62 * cy + 34), (30, 20), body.muscle, clip=False)  # paraspinal
        ellipse((side * 24, 0.62 * cy + 8), (7, 14), body.muscle)  # crus of the diaphragm
    _paint_bones(ellipse, cx, cy, rng)
    ellipse((8, 0.62 * cy - 33), (11, 11), body.aorta)
    ellipse((float(anatomy.border_x(0.3)) + 8, 0.3 * cy), (12, 9), body.hepatic_vein - 10)


def _paint_bowel(ellipse, body: Physique, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    """Soft loops between the organs."""
    for _ in range(9):
        centre = (rng.uniform(-0.1, 0.75) * body.cavity_x_mm, rng.uniform(-0.5, 0.35) * body.cavity_y_mm)
        ellipse(centre, (rng.uniform(7, 16), rng.uniform(6, 12)), rng.uniform(25, 75))


def _paint_bones(ellipse, cx: float, cy: float, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    """Vertebra with its canal, and ribs within the wall."""
    ellipse((0, 0.62 * cy), (22, 19), 420, clip=False)
    ellipse((0, 0.62 * cy), (20, 17), 190, clip=False)
    ellipse((0, 0.62 * cy + 30), (13, 14), 380, clip=False)
    ellipse((0, 0.62 * cy + 28), (8.5, 8.5), 35, clip=False)
    for angle in np.linspace(0.15, np.pi - 0.15, 7) + rng.uniform(-0.08, 0.08):
        for side in (-1, 1):
            centre = (side * (cx + 5.5) * np.sin(angle), -(cy + 5.5) * np.cos(angle))
            ellipse(centre, (5, 4), 400, clip=False)
            ellipse(centre, (3, 2.2), 180, clip=False)
