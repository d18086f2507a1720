"""The outline of a phantom's liver within the abdominal wall, and the gallbladder at its lower side.

Coordinates are LPS in mm around the spine's axis, z = 0 in the middle of the lesions, so the liver lies at negative x:
on the patient's right, at the left of a displayed slice.
"""

from dataclasses import dataclass

import numpy as np

from data_modules.phantom.canvas import Array, ellipse_level, smooth_max
from data_modules.phantom.physique import Physique

TRUNK_EXPONENT = 2.25  # a trunk is boxier than an ellipse
CAPSULE_MM = 1.2  # fat between liver and wall
LEAN = 0.25  # mm that the liver's left border moves towards the right per mm towards the feet


@dataclass(frozen=True)
class Gallbladder:
    """An ellipsoid of bile."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    hu: float

    def level(self, x: Array, y: Array, z: Array) -> Array:
        """Signed distance to its surface in mm, to first order; negative inside."""
        u, v, w = (
            (axis - np.float32(c)) / np.float32(r)
            for axis, c, r in zip((x, y, z), self.centre, self.radii, strict=True)
        )
        level: Array = (np.sqrt(u * u + v * v + w * w) - 1) * np.float32(min(self.radii))
        return level


@dataclass(frozen=True)
class Anatomy:
    """Outlines of one patient; `visceral` are the coefficients of the liver's left border, `waves` its unevenness."""

    body: Physique
    visceral: tuple[float, float, float]
    waves: tuple[tuple[float, float, float, float], ...]
    gallbladder: Gallbladder | None

    def wall_level(self, x: Array, y: Array) -> Array:
        """Signed distance to the inner side of the abdominal wall."""
        return ellipse_level(x, y, (0, 0), (self.body.cavity_x_mm, self.body.cavity_y_mm), TRUNK_EXPONENT)

    def border_x(self, t: Array | float) -> Array:
        """Where the liver ends towards the patient's left, at depth t = y / cavity depth and z = 0."""
        return _border(self.body, self.visceral, t)

    def liver_level(self, x: Array, y: Array, z: Array, wall: Array | None = None) -> Array:
        """Signed distance to the liver's surface: inside the wall and right of the visceral border.

        Args:
            x: Coordinates in mm, broadcast with `y` and `z`.
            y: Likewise.
            z: Likewise.
            wall: `wall_level(x, y)` where the caller has it already.
        """
        t = y / np.float32(self.body.cavity_y_mm)
        slope = self.body.cavity_x_mm / self.body.cavity_y_mm * (self.visceral[1] + 2 * self.visceral[2] * t)
        ripple = sum(
            (
                amplitude * np.sin(x * u + z * u / 2 + phase) * np.cos(y * v - phase)
                for amplitude, u, v, phase in self.waves
            ),
            start=np.float32(0),
        )
        side = (x - self.border_x(t) + np.float32(LEAN) * z) / np.sqrt(1 + slope * slope) + ripple
        wall = self.wall_level(x, y) if wall is None else wall
        return smooth_max(wall + np.float32(CAPSULE_MM), side.astype(np.float32), 12)


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
    return Anatomy(body, visceral, waves, _draw_gallbladder(body, visceral, rng))


def _border(body: Physique, visceral: tuple[float, float, float], t: Array | float) -> Array:
    a, b, c = visceral
    return np.asarray(body.cavity_x_mm * (a + b * t + c * t * t), np.float32)


def _draw_gallbladder(
    body: Physique, visceral: tuple[float, float, float], rng: np.random.Generator
) -> Gallbladder | None:
    """Half sunk into the liver's lower side, in the lower part of the slab; some patients have lost theirs."""
    if rng.uniform() < 0.15:
        return None
    t, z = rng.uniform(-0.40, -0.15), rng.uniform(-60, -5)
    radii = (rng.uniform(11, 17), rng.uniform(15, 24), rng.uniform(25, 35))
    x = float(_border(body, visceral, t)) - LEAN * z + rng.uniform(-0.2, 0.5) * radii[0]
    return Gallbladder((x, t * body.cavity_y_mm, z), radii, float(np.clip(rng.normal(9, 4), 0, 20)))
