"""Patterns inside lesions: layers, septa, nodules, specks; all chance is settled before any pixel is seen."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from data_modules.phantom.canvas import Array

Points = tuple[Array, Array, Array]  # x, y, z relative to the lesion's centre in mm, broadcast to one another
Field = Callable[[Points], Array]


def layer(depth: Array, outer_hu: float, width_mm: float, inner_hu: float) -> Array:
    """A rim of one value around a core of another."""
    inner = step(depth - np.float32(width_mm), 1.5)
    layered: Array = np.float32(outer_hu) + inner * np.float32(inner_hu - outer_hu)
    return layered


def step(distance: Array, width_mm: float) -> Array:
    """0 below zero, 1 above, linear over `width_mm`."""
    result: Array = np.clip(np.float32(0.5) + distance / np.float32(width_mm), 0, 1)
    return result


def draw_plane(rng: np.random.Generator) -> Field:
    """Signed distance in mm to a random plane through the lesion's centre."""
    normal = rng.normal(size=3)
    a, b, c = (normal / np.sqrt((normal**2).sum())).astype(np.float32)

    def distance(points: Points) -> Array:
        result: Array = points[0] * a + points[1] * b + points[2] * c
        return result

    return distance


def draw_waves(length_mm: float, rng: np.random.Generator) -> Field:
    """A smooth random field within -1 to 1 that changes over `length_mm`: three crossing plane waves."""
    planes = [(draw_plane(rng), np.float32(rng.uniform(0, 6))) for _ in range(3)]

    def waves(points: Points) -> Array:
        total = sum(np.sin(plane(points) / np.float32(length_mm) + phase) for plane, phase in planes)
        return np.asarray(total / np.float32(3), np.float32)

    return waves


def draw_specks(diameter_mm: float, rng: np.random.Generator) -> Field:
    """HU that 3 to 7 specks of calcium near the middle add."""
    specks = [
        (
            (rng.uniform(-0.28, 0.28, 3) * diameter_mm * (1, 1, 0.3)).astype(np.float32),
            np.float32(min(rng.uniform(0.7, 1.8), 0.07 * diameter_mm)),
            np.float32(rng.uniform(100, 350)),
        )
        for _ in range(int(rng.integers(3, 8)))
    ]

    def hu(points: Points) -> Array:
        x, y, z = points
        total = sum(
            step(radius - np.sqrt((x - c[0]) ** 2 + (y - c[1]) ** 2 + (z - c[2]) ** 2), 1) * value
            for c, radius, value in specks
        )
        return np.asarray(total, np.float32)

    return hu


def draw_nodules(
    diameter_mm: float, fill: float, values_hu: npt.NDArray[np.float64], rng: np.random.Generator
) -> Callable[[Points], tuple[Array, Array]]:
    """Share and HU of 2 to 7 puddles at the margin that fill a given fraction of the lesion's middle section.

    The puddles are balls whose common edge is set by a threshold; it is found on a coarse grid of the lesion's own.
    """
    number = int(rng.integers(2, 8))
    angles = 2 * np.pi * (np.arange(number) + rng.uniform(-0.45, 0.45, number)) / number
    out, size = rng.uniform(0.80, 1.0, number) * diameter_mm / 2, rng.uniform(0.45, 1.0, number) * diameter_mm / 2
    lift = rng.uniform(-0.35, 0.35, number) * out
    centres = np.stack([out * np.cos(angles), out * np.sin(angles), lift], axis=1).astype(np.float32)
    ragged, fine = draw_waves(diameter_mm / 5, rng), draw_waves(diameter_mm / 12, rng)

    def closeness(points: Points) -> tuple[Array, Array]:
        x, y, z = points
        best: Array | np.float32 = np.float32(-9)
        hu: Array | np.float32 = np.float32(0)
        for c, radius, value in zip(centres, size, values_hu, strict=False):
            near = 1 - np.sqrt((x - c[0]) ** 2 + (y - c[1]) ** 2 + (z - c[2]) ** 2) / np.float32(radius)
            hu = np.where(near > best, np.float32(value), hu)
            best = np.maximum(best, near)
        return best + np.float32(0.12) * ragged(points) + np.float32(0.08) * fine(points), np.asarray(hu, np.float32)

    threshold = np.float32(np.quantile(closeness(_middle(diameter_mm))[0], 1 - fill))

    def nodules(points: Points) -> tuple[Array, Array]:
        best, hu = closeness(points)
        return step((best - threshold) * np.float32(0.37 * diameter_mm), 1.5), hu

    return nodules


def _middle(diameter_mm: float, nodes: int = 25) -> Points:
    """Points of a disc through the middle of a ball, a tenth of its diameter thick."""
    axis = np.linspace(-0.5, 0.5, nodes) * diameter_mm
    x, y, z = np.meshgrid(axis, axis, axis[::6] * 0.1, indexing="ij")
    inside = x**2 + y**2 + z**2 < diameter_mm**2 / 4
    return x[inside].astype(np.float32), y[inside].astype(np.float32), z[inside].astype(np.float32)
