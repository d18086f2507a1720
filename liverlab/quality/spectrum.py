"""How much fine and coarse structure images have: their radial power spectrum beside that of held-out lesions.

Durall et al. 2020, "Watch your up-convolution", arXiv:2003.01826: generators that enlarge by transposed convolutions
miss the spectrum of real images at high frequencies. The grid that such layers leave (Odena et al. 2016, "Deconvolution
and checkerboard artifacts", doi 10.23915/distill.00003) is a peak at 0.5 cycles per pixel along an axis, 0.71 along
both, and at halves of these; so frequencies in the corners, beyond 0.5, are kept.
"""

from typing import Any

import numpy as np
from torch import Tensor

from liverlab.quality.class_means import class_means, patients_by_class, rows, times_drawn
from liverlab.quality.draws import Draws
from liverlab.quality.image_set import Floats, SplitImages
from liverlab.quality.measured import ALL, Measured

FLOOR = 1e-12  # power of noise of a millionth of the grey scale: far below CT's, and an even image has a logarithm
BATCH = 256  # images at a time: bounds the memory of a large pool
FEWEST = 5  # held-out patients of a class: a band of fewer says nothing
BAND = (2.5, 97.5)  # per cent


def log_power(images: Tensor) -> tuple[Floats, Floats]:
    """Radial power spectrum of each image, without its mean and under a Hann window.

    Args:
        images: Shape (N, 1, H, W).

    Returns:
        Frequencies in cycles per pixel, shape (F,), one ring of Fourier coefficients each; log10 of the mean power in
        each ring, shape (N, F). White noise has its variance for power.
    """
    height, width = images.shape[-2:]
    window = np.outer(*(np.hanning(n + 1)[:-1] for n in (height, width)))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    ring = (radius * max(height, width)).round().astype(int).ravel()  # 0 is the mean
    rings = np.eye(ring.max() + 1)[ring] / np.bincount(ring)
    logs = []
    for part in np.array_split(images[:, 0].numpy(), len(images) // BATCH + 1):
        even = (part * window).sum((1, 2), keepdims=True) / window.sum()
        power = np.abs(np.fft.fft2((part - even) * window)) ** 2 / (window**2).sum()
        logs.append(np.log10(np.maximum(power.reshape(-1, len(ring)) @ rings, FLOOR))[:, 1:])
    return np.arange(1, rings.shape[1]) / max(height, width), np.concatenate(logs)


def spectrum(images: SplitImages, draws: Draws) -> list[Measured]:
    """How far the mean log power of a set is from that of the held-out lesions of its class.

    Over all classes, every set's mean has the class shares of the held-out lesions.

    Args:
        images: The split.
        draws: Bootstrap samples.

    Returns:
        Rows "spectrum_distance", the root mean square difference over frequencies in log10 of power, above 0 for equal
        sets too; and "spectrum_outside", the share of frequencies where the mean lies outside the 95 % band of the
        held-out mean, which stays as it is in the draws. Each of synthetic, and of classic and train: the floor, which
        for train is patients like the held-out ones, for classic shows what resampling costs. Nan where a class has
        fewer than five held-out patients.
    """
    num_classes = len(images.class_names)
    held_out = _mean_spectra(images, draws, "held_out")
    reference = np.bincount(images.held_out.labels, minlength=num_classes)
    enough = np.array(patients_by_class(images.held_out, num_classes)) >= FEWEST
    measured = []
    for which in ("synthetic", "classic", "train"):
        means = _mean_spectra(images, draws, which)
        count = np.bincount(getattr(images, which).labels, minlength=num_classes)
        for measure, function in (("spectrum_distance", _distance), ("spectrum_outside", _outside)):
            values = np.full(means.shape[:2], np.nan)
            for row in np.flatnonzero(enough & np.isfinite(means[:, 0, 0])):
                values[row] = function(means[row], held_out[row])
            measured += rows("pixels", which, measure, images.class_names, values, count, reference)
    return measured


def spectra(images: SplitImages, draws: Draws) -> dict[str, Any]:
    """Curves for a figure.

    Args:
        images: The split.
        draws: Bootstrap samples.

    Returns:
        `{"frequency": [...], "classes": {"all": {"low": [...], "high": [...], "held_out": [...], "train": [...],
        "synthetic": [...]}, ...}}`: frequencies in cycles per pixel, and as log10 of power the ends of the held-out
        mean's 95 % band and the means of three sets.
        Without classes that have no synthetic image, or fewer than five held-out patients.
    """
    num_classes = len(images.class_names)
    frequency, _ = log_power(images.held_out.images[:1])
    means = {which: _mean_spectra(images, draws, which) for which in ("held_out", "train", "synthetic")}
    patients = patients_by_class(images.held_out, num_classes)
    classes = {}
    for row, name in enumerate((ALL, *images.class_names)):
        if patients[row] >= FEWEST and np.isfinite(means["synthetic"][row, 0, 0]):
            low, high = _band(means["held_out"][row])
            curves = {"low": low, "high": high} | {which: each[row, 0] for which, each in means.items()}
            classes[name] = {key: curve.round(4).tolist() for key, curve in curves.items()}
    return {"frequency": frequency.round(4).tolist(), "classes": classes}


def _mean_spectra(images: SplitImages, draws: Draws, which: str) -> Floats:
    """Mean log power, shape (1 + classes, 1 + draws, F)."""
    part = getattr(images, which)
    shares = np.bincount(images.held_out.labels, minlength=len(images.class_names))
    times = times_drawn(getattr(draws, which), len(part))
    return class_means(log_power(part.images)[1], part.labels, times, shares)


def _band(held_out: Floats) -> Floats:
    """Ends of the held-out mean's band, shape (2, F), from means of shape (1 + draws, F)."""
    return np.nanpercentile(held_out[1:], BAND, axis=0)


def _distance(means: Floats, held_out: Floats) -> Floats:
    return _centred(np.sqrt(((means - held_out) ** 2).mean(axis=1)))


def _outside(means: Floats, held_out: Floats) -> Floats:
    low, high = _band(held_out)
    share = ((means < low) | (means > high)).mean(axis=1)
    return np.minimum(_centred(np.where(np.isfinite(means[:, 0]), share, np.nan)), 1)


def _centred(values: Floats) -> Floats:
    """With draws around the estimate: as samples of a sample they have its noise twice, and lie further away."""
    values[1:] += values[0] - np.nanmean(values[1:])
    return np.maximum(values, 0)
