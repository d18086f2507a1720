"""A stack of thin sub-slices on which tissues are painted in HU, with anti-aliased edges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Corners = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Canvas:
    """HU values of shape (Z, Y, X) at the positions `z`, `y`, `x` in mm (LPS: x to the left, y to the back)."""

    x: Array
    y: Array
    z: Array
    hu: Array

    @property
    def pixel_mm(self) -> float:
        """Distance of neighbouring pixels."""
        return float(self.x[1] - self.x[0])

    def everywhere(self) -> Box:
        """The box that holds all."""
        return slice(0, len(self.z)), slice(0, len(self.y)), slice(0, len(self.x))

    def box(self, low: Sequence[float], high: Sequence[float]) -> Box:
        """The part between two corners (x, y, z) in mm, clipped to the canvas; possibly empty."""
        ranges = [
            slice(int(np.searchsorted(axis, a)), int(np.searchsorted(axis, b)))
            for axis, a, b in zip((self.x, self.y, self.z), low, high, strict=True)
        ]
        return ranges[2], ranges[1], ranges[0]

    def boxes(self, low: Corners, high: Corners) -> tuple[Indices, Indices]:
        """First and past-the-last indices of many boxes; corners and indices are (N, 3), in the order x, y, z."""
        axes = (self.x, self.y, self.z)
        first, stop = (
            np.stack([np.searchsorted(a, c) for a, c in zip(axes, corner.T, strict=True)], axis=1)
            for corner in (low, high)
        )
        return first, stop

    def points(self, box: Box) -> tuple[Array, Array, Array]:
        """Coordinates x, y, z in mm, shaped to broadcast to the box."""
        return self.x[None, None, box[2]], self.y[None, box[1], None], self.z[box[0], None, None]

    def cover(self, level: Array, edge_mm: float = 0.0) -> Array:
        """How much of each pixel a shape covers, from its signed distance in mm (negative inside), 0 to 1.

        The edge is at least one pixel wide: point samples of a hard edge would alias.
        """
        inside = np.float32(0.5) - level * np.float32(1 / max(edge_mm, self.pixel_mm))
        coverage: Array = np.minimum(np.maximum(inside, 0), 1)
        return coverage

    def paint(self, box: Box, coverage: Array, value: float | Array) -> None:
        """Cover what is there by `value` in HU, as far as `coverage` says."""
        part = self.hu[box]
        part += coverage * (np.asarray(value, np.float32) - part)


def ellipse_level(x: Array, y: Array, centre: Sequence[float], radii: Sequence[float], exponent: float = 2.0) -> Array:
    """Signed distance in mm to |u|^p + |v|^p = 1, to first order: exact on the edge itself.

    An exponent p of 2 gives an ellipse; above 2 it becomes boxy, as a trunk is.
    """
    p = np.float32(exponent)
    u = np.abs(x - np.float32(centre[0])) / np.float32(radii[0]) + np.float32(1e-6)
    v = np.abs(y - np.float32(centre[1])) / np.float32(radii[1]) + np.float32(1e-6)
    up, vp = u**p, v**p
    q = (up + vp) ** (1 / p)
    gradient = np.hypot(up / (u * np.float32(radii[0])), vp / (v * np.float32(radii[1]))) / q ** (p - 1)
    level: Array = (q - 1) / gradient
    return level


def smooth_max(a: Array, b: Array, blend_mm: float) -> Array:
    """Maximum of two signed distances with its crease rounded over `blend_mm`: the intersection of two shapes."""
    crease = np.maximum(np.float32(blend_mm) - np.abs(a - b), 0)
    rounded: Array = np.maximum(a, b) + crease * crease / np.float32(4 * blend_mm)
    return rounded
