"""Noise power spectrum of a CT: how much noise there is at each spatial frequency.

One patient's spectrum follows Blackman and Tukey: autocovariance first, then its Fourier transform, because between
vessels and lesions a liver leaves few whole boxes, while pairs of pixels at a given distance are plenty. A cohort's
spectrum takes out the tissue, whose own unevenness is strongest just where noise has its peak.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import fft, special

from data_modules.phantom_check.phantom_files import Hu, Mask

Floats = npt.NDArray[np.float64]
FREQUENCIES_PER_MM = np.arange(0.0, 0.5501, 0.0025)  # up to the Nyquist frequency of a 0.9 mm pixel
LONGEST_LAG_MM = 25.0


def noise_power(residual: Hu, mask: Mask, spacing_mm: float) -> Floats:
    """Power spectrum averaged over slices and directions; a Hann window ends the autocovariance at 25 mm.

    Args:
        residual: HU around the local mean, shape (Z, Y, X).
        mask: Pixels that count, of that shape.
        spacing_mm: Distance of pixels in the slice.

    Returns:
        Power at `FREQUENCIES_PER_MM`, in HU^2 mm^2; NaN where the mask is empty.
    """
    if not mask.any():
        return np.full(len(FREQUENCIES_PER_MM), np.nan)
    reach = int(LONGEST_LAG_MM / spacing_mm)
    covariance = _lag_products(np.where(mask, residual, 0), reach) / np.maximum(_lag_products(mask, reach), 1)
    lag = np.arange(-reach, reach + 1) * spacing_mm
    distance = np.hypot(lag[:, None], lag)
    window = np.where(distance < LONGEST_LAG_MM, 0.5 + 0.5 * np.cos(np.pi * distance / LONGEST_LAG_MM), 0)
    weights = (covariance * window).ravel() * spacing_mm**2
    # the mean over directions of cos(2 pi f . d) is J0
    power: Floats = special.j0(2 * np.pi * FREQUENCIES_PER_MM[:, None] * distance.ravel()) @ weights
    return power


def _lag_products(images: Hu | Mask, reach: int) -> Floats:
    """Sum over images and pixels of a(p) a(p + d) for each lag d of at most `reach`, by FFT of the padded images."""
    shape = [fft.next_fast_len(n + reach, real=True) for n in images.shape[1:]]
    spectrum = fft.rfft2(images.astype(np.float64), s=shape)
    products = fft.irfft2((np.abs(spectrum) ** 2).sum(axis=0), s=shape)
    lags = np.arange(-reach, reach + 1)
    result: Floats = products[np.ix_(lags, lags)]
    return result


def common_spectrum(powers: Sequence[Floats], variances: Sequence[float]) -> Floats:
    """The spectrum that scans share and that grows with their noise.

    At each frequency a line is fitted through the scans' power over their variance: the slope is noise, which thin
    slices have more of, and the intercept is tissue, which all have alike.

    Args:
        powers: One spectrum per scan, in HU^2 mm^2.
        variances: Variance of noise and tissue of each scan, in HU^2; they must differ.

    Returns:
        Power at `FREQUENCIES_PER_MM` in mm^2, for noise of unit variance.
    """
    slope: Floats = np.polyfit(variances, np.stack(powers), 1)[0]
    return slope


def peak_and_mean(power: Floats) -> tuple[float, float]:
    """Frequencies in 1/mm of a spectrum's peak and of its centre of gravity (the "average frequency" of TG-233).

    The peak is that of a parabola through what is higher than .9 of the largest value, since its top is flat.
    """
    top = power > 0.9 * power.max()
    a, b, _ = np.polyfit(FREQUENCIES_PER_MM[top], power[top], 2)
    return float(-b / (2 * a)), float(FREQUENCIES_PER_MM @ power / power.sum())
