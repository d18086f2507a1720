"""The scanner: slice average, point-spread function, sampling and coloured noise, in the order of the physics."""

import numpy as np
from scipy import fft, ndimage

from data_modules.phantom.canvas import Array

NOISE_F0_PER_MM = 0.30  # noise power ~ f exp(-(f / f0)^2): peak at 0.212/mm, as measured on scanners
MTF_AT_1 = 2 * np.pi**2  # a Gaussian PSF of s mm passes exp(-MTF_AT_1 s^2 f^2) of the amplitude at f


def blur(slices: Array, spacing_mm: float, psf_sigma_mm: float) -> Array:
    """Apply the in-plane PSF to (Z, Y, X); the pixel's own width, already in the painted edges, counts towards it."""
    sigma = np.sqrt(psf_sigma_mm**2 - spacing_mm**2 / 12) / spacing_mm
    blurred: Array = ndimage.gaussian_filter(slices, (0, sigma, sigma), mode="nearest")
    return blurred


def frequencies(shape: tuple[int, int], spacing_mm: float) -> Array:
    """Spatial frequency in 1/mm on the grid of a real FFT of (Y, X): shape (Y, X // 2 + 1)."""
    fy, fx = fft.fftfreq(shape[0], spacing_mm), fft.rfftfreq(shape[1], spacing_mm)
    radius: Array = np.hypot(fy[:, None], fx[None, :]).astype(np.float32)
    return radius


def coloured(power: Array, shape: tuple[int, int, int], rng: np.random.Generator, passed: Array | None = None) -> Array:
    """Gaussian noise of shape (Z, Y, X), Y and X even, with the given in-plane power spectrum and unit variance.

    Args:
        power: On the grid of `frequencies`.
        shape: Of the result.
        rng: Source.
        passed: What a later filter passes of the power; unit variance is then reached behind that filter.
    """
    size = shape[1] * shape[2]
    weights = np.full(power.shape[1], 2.0)  # columns of a real FFT stand for two, but the first and the last
    weights[[0, -1]] = 1
    seen = power if passed is None else power * passed
    gain = np.sqrt(power / ((seen * weights).sum() / size)).astype(np.float32)
    noise = np.empty(shape, np.float32)
    for k in range(shape[0]):
        white = rng.standard_normal(shape[1:], dtype=np.float32)
        noise[k] = fft.irfft2(fft.rfft2(white) * gain, s=shape[1:])
    return noise


def scanner_noise(shape: tuple[int, int, int], spacing_mm: float, rng: np.random.Generator) -> Array:
    """Noise of a filtered-back-projection CT, unit variance, independent from slice to slice."""
    f = frequencies(shape[1:], spacing_mm)
    return coloured(f * np.exp(-((f / np.float32(NOISE_F0_PER_MM)) ** 2)), shape, rng)


def tissue_texture(
    shape: tuple[int, int, int], spacing_mm: float, thickness_mm: float, psf_sigma_mm: float, rng: np.random.Generator
) -> Array:
    """Smooth inhomogeneity of parenchyma, about 3 mm wide in all directions, of unit variance behind the PSF."""
    f = frequencies(shape[1:], spacing_mm)
    passed = np.exp(-2 * np.float32(MTF_AT_1 * psf_sigma_mm**2) * f**2)
    texture = coloured(np.exp(-((f * 9) ** 2)) + 2 * np.exp(-((f * 40) ** 2)), shape, rng, passed)
    keep = np.float32(np.exp(-thickness_mm / 4))  # of the slice above
    for k in range(1, shape[0]):
        texture[k] = keep * texture[k - 1] + np.sqrt(1 - keep**2) * texture[k]
    return texture


def push_texture(texture: Array, offset: tuple[Array, Array, Array], radius_mm: float, part: float) -> Array:
    """Texture of one slice as a lesion has pushed it outwards; within the lesion it stays, as that tissue's own.

    Args:
        texture: Shape (Y, X), a box around the lesion.
        offset: Position x, y, z of its pixels from the lesion's centre in mm; z is one number.
        radius_mm: Of the lesion.
        part: Of the lesion's volume that displaced tissue.
    """
    x, y, z = offset
    pixel_mm = float(x[0, 1] - x[0, 0])
    cube = np.maximum((x * x + y * y + z * z) ** np.float32(1.5), np.float32(radius_mm**3))
    shrink = np.where(cube > radius_mm**3, np.cbrt(1 - np.float32(part * radius_mm**3) / cube), np.float32(1))
    rows = (y * shrink - y[0, 0]) / pixel_mm
    columns = (x * shrink - x[0, 0]) / pixel_mm
    pushed: Array = ndimage.map_coordinates(texture, (rows, columns), order=1, mode="reflect")
    return pushed


def to_integers(slices: Array) -> np.ndarray[tuple[int, int, int], np.dtype[np.int16]]:
    """Round to int16 HU within the usual range of a scanner."""
    rounded: np.ndarray[tuple[int, int, int], np.dtype[np.int16]] = np.clip(np.rint(slices), -1024, 3071).astype(
        np.int16
    )
    return rounded
