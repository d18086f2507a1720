"""Lesion outlines: unions of Gaussian random spheres (Muinonen 1998), scaled to a long diameter.

A Gaussian random sphere's log-radius is a sum of spherical harmonics with random coefficients; their variance falls
with the fourth power of the degree.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.special import sph_harm_y

from data_modules.phantom.canvas import Array

THETA, PHI = 49, 97  # nodes of the table of radii
DEGREES = range(2, 6)


@dataclass(frozen=True, eq=False)
class Blob:
    """One Gaussian random sphere: centre in mm and a table of radii over polar angle and azimuth, (THETA, PHI)."""

    centre: tuple[float, float, float]
    radii: Array

    def level(self, x: Array, y: Array, z: Array) -> Array:
        """Distance to the surface along the ray from the centre, negative inside; broadcasts x, y, z."""
        dx, dy, dz = x - np.float32(self.centre[0]), y - np.float32(self.centre[1]), z - np.float32(self.centre[2])
        rho2 = dx * dx + dy * dy
        r = np.sqrt(rho2 + dz * dz) + np.float32(1e-6)
        theta = np.arccos(np.clip(dz / r, -1, 1)) * np.float32((THETA - 1) / np.pi)
        phi = (np.arctan2(dy, dx) + np.float32(np.pi)) * np.float32((PHI - 1) / (2 * np.pi))
        surface = map_coordinates(self.radii, np.broadcast_arrays(theta, phi), order=1, mode="nearest")
        level: Array = r - surface
        return level


@dataclass(frozen=True, eq=False)
class Shape:
    """A union of blobs."""

    blobs: tuple[Blob, ...]

    def level(self, x: Array, y: Array, z: Array) -> Array:
        """Signed distance in mm, approximately; negative inside."""
        levels = [blob.level(x, y, z) for blob in self.blobs]
        union = levels[0]
        for other in levels[1:]:
            union = np.minimum(union, other)
        return union

    def moved(self, shift: tuple[float, float, float], scale: float = 1.0) -> "Shape":
        """The shape scaled about the origin, then shifted, in mm."""
        blobs = []
        for b in self.blobs:
            x, y, z = (scale * c + s for c, s in zip(b.centre, shift, strict=True))
            blobs.append(replace(b, centre=(x, y, z), radii=b.radii * np.float32(scale)))
        return Shape(tuple(blobs))

    def reach_mm(self) -> float:
        """Radius of a sphere about the origin that holds the shape."""
        return max(float(np.linalg.norm(b.centre) + b.radii.max()) for b in self.blobs)


def random_blob(amplitude: float, rng: np.random.Generator, centre: tuple[float, float, float] = (0, 0, 0)) -> Blob:
    """A Gaussian random sphere of mean radius 1; `amplitude` is the standard deviation of its log-radius."""
    basis, variance = _harmonics()
    log_radius = np.tensordot(amplitude * np.sqrt(variance) * rng.normal(size=len(basis)), basis, axes=1)
    return Blob(centre, np.exp(log_radius).astype(np.float32))


@cache
def _harmonics() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Real spherical harmonics on the nodes, (harmonics, THETA, PHI), and the variance of each one's coefficient.

    With these the field has unit variance at every point, by the addition theorem.
    """
    theta, phi = np.linspace(0, np.pi, THETA)[:, None], np.linspace(-np.pi, np.pi, PHI)[None, :]
    basis, variance = [], []
    for n in DEGREES:
        basis.append(np.broadcast_to(sph_harm_y(n, 0, theta, phi).real, (THETA, PHI)))
        for m in range(1, n + 1):
            harmonic = np.sqrt(2) * sph_harm_y(n, m, theta, phi)
            basis += [harmonic.real, harmonic.imag]
        variance += [float(n) ** -4 * 4 * np.pi / (2 * n + 1)] * (2 * n + 1)
    total = sum(float(n) ** -4 for n in DEGREES)
    return np.array(basis), np.array(variance) / total


def fit_diameter(shape: Shape, diameter_mm: float) -> Shape:
    """Scale and shift a shape so that its largest axial section has this long diameter and lies centred at z = 0."""
    reach = shape.reach_mm()
    heights = np.linspace(-0.5, 0.5, 13) * reach
    sections = [_contour(shape, float(z), reach) for z in heights]
    best = int(np.argmax([_area(contour) for contour in sections]))
    contour = sections[best]
    gaps = np.linalg.norm(contour[:, None] - contour[None], axis=2)
    scale = diameter_mm / float(gaps.max())
    middle = (contour.min(axis=0) + contour.max(axis=0)) / 2
    return shape.moved((-scale * middle[0], -scale * middle[1], -scale * float(heights[best])), scale)


def _contour(shape: Shape, z: float, reach: float, angles: int = 120, steps: int = 160) -> Array:
    """Outline of an axial section as points (angles, 2), seen from the z axis; zero radius where there is none."""
    phi = np.linspace(0, 2 * np.pi, angles, endpoint=False, dtype=np.float32)[:, None]
    r = np.linspace(0, reach, steps, dtype=np.float32)[None, :]
    inside = shape.level(r * np.cos(phi), r * np.sin(phi), np.full((1, 1), z, np.float32)) < 0
    last = np.where(inside.any(axis=1), steps - 1 - np.argmax(inside[:, ::-1], axis=1), 0)
    radius = r[0, last]
    return np.stack([radius * np.cos(phi[:, 0]), radius * np.sin(phi[:, 0])], axis=1)


def _area(contour: Array) -> float:
    """Area within an outline, by the shoelace formula."""
    x, y = contour.T
    return float(0.5 * np.abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()))
