"""The scanner: slice average, point-spread function, sampling and coloured noise, in the order of the physics."""

import numpy as np
from scipy import fft, ndimage

from data_modules.phantom.canvas import Array

PSF_SIGMA_MM = 0.64  # Gaussian, f50 = 0.29/mm
NOISE_F0_PER_MM = 0.30  # noise power ~ f exp(-(f / f0)^2): peak at 0.212/mm, as measured on scanners


def slice_average(stack: Array, per_slice: int) -> Array:
    """Average `per_slice` thin sub-slices at a time: (Z * per_slice, Y, X) to (Z, Y, X)."""
    mean: Array = stack.reshape(-1, per_slice, *stack.shape[1:]).mean(axis=1)
    return mean


def blur(slices: Array, spacing_mm: float) -> Array:
    """Apply the in-plane PSF; the pixel's own width, already in the painted edges, counts towards it."""
    sigma = np.sqrt(PSF_SIGMA_MM**2 - spacing_mm**2 / 12) / spacing_mm
    blurred: Array = ndimage.gaussian_filter(slices, (0, sigma, sigma), mode="nearest")
    return blurred


def frequencies(size: int, spacing_mm: float) -> Array:
    """Spatial frequency in 1/mm on the grid of a real FFT, shape (size, size // 2 + 1)."""
    fy, fx = fft.fftfreq(size, spacing_mm), fft.rfftfreq(size, spacing_mm)
    radius: Array = np.hypot(fy[:, None], fx[None, :]).astype(np.float32)
    return radius


def coloured(power: Array, slices: int, rng: np.random.Generator) -> Array:
    """Gaussian noise of unit variance with the given power spectrum, shape (slices, size, size)."""
    size = power.shape[0]
    weights = np.full(power.shape[1], 2.0)  # columns of a real FFT stand for two, but the first and the last
    weights[[0, -1]] = 1
    gain = np.sqrt(power / ((power * weights).sum() / size**2)).astype(np.float32)
    noise = np.empty((slices, size, size), np.float32)
    for k in range(slices):
        white = rng.standard_normal((size, size), dtype=np.float32)
        noise[k] = fft.irfft2(fft.rfft2(white) * gain, s=(size, size))
    return noise


def scanner_noise(slices: int, size: int, spacing_mm: float, rng: np.random.Generator) -> Array:
    """Noise of a filtered-back-projection CT, unit variance, independent from slice to slice."""
    f = frequencies(size, spacing_mm)
    return coloured(f * np.exp(-((f / np.float32(NOISE_F0_PER_MM)) ** 2)), slices, rng)


def tissue_texture(slices: int, size: int, spacing_mm: float, thickness_mm: float, rng: np.random.Generator) -> Array:
    """Smooth inhomogeneity of parenchyma, unit variance, about 3 mm wide in all directions."""
    f = frequencies(size, spacing_mm)
    texture = coloured(np.exp(-((f * 9) ** 2)) + 2 * np.exp(-((f * 40) ** 2)), slices, rng)
    keep = np.float32(np.exp(-thickness_mm / 4))  # of the slice above
    for k in range(1, slices):
        texture[k] = keep * texture[k - 1] + np.sqrt(1 - keep**2) * texture[k]
    return texture


def to_integers(slices: Array) -> np.ndarray[tuple[int, int, int], np.dtype[np.int16]]:
    """Round to int16 HU within the usual range of a scanner."""
    rounded: np.ndarray[tuple[int, int, int], np.dtype[np.int16]] = np.clip(np.rint(slices), -1024, 3071).astype(
        np.int16
    )
    return rounded
