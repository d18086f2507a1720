"""Radiomics-lite: numbers of an ROI that a radiologist can read, the same for an image however it is turned or flipped.

Grey levels, entropy and co-occurrence as the Image Biomarker Standardisation Initiative defines them (Zwanenburg et al.
2020, doi 10.1148/radiol.2020191145; reference manual arXiv:1612.07003, whose codes stand beside the names): population
moments, grey levels discretised with a fixed number of bins over the whole range (0, 1), symmetric co-occurrence
matrices of neighbours, in 2-D, averaged over directions without merging. Edges and radial profile are our own.
"""

import numpy as np
from scipy.special import entr
from torch import Tensor

from liverlab.quality.image_set import Floats, Ints

NAMES = (
    *("mean", "deviation", "skewness", "kurtosis", "p10", "median", "p90"),  # Q4LE, root of ECT3, KE2A, IPH6, QG58, ...
    "entropy",  # TLU2, in bits
    *("contrast", "homogeneity", "energy", "correlation"),  # ACUI, IB1Z (inverse difference), 8ZQL, NI2N
    *("gradient_fine", "laplacian_fine", "gradient_coarse", "laplacian_coarse"),
    *("disc_less_rim", "disc_deviation", "rim_deviation"),
    *("ring_1", "ring_2", "ring_3", "ring_4", "ring_5"),
)
ABOUT = f"{len(NAMES)} numbers of each image: grey levels, texture, edges, and how it changes from the centre outwards."
LEVELS = 32  # of the published window of 340 HU each is 11 HU: about the noise of a portal-phase slice
FLAT = 1e-6  # standard deviation below which an image has no shape of grey levels, only rounding
COARSE_PX = 4  # pixels averaged on each side: noise goes, the lesion's border stays
DISC = 0.5  # radius in half-widths of the ROI; a lesion's is 1 / (1 + 2 margin), .67 for the published margin of .25
RINGS = 5  # of equal width, out to the middle of the ROI's sides


def radiomics(images: Tensor) -> Floats:
    """The numbers called `NAMES` of each image.

    Args:
        images: Shape (N, 1, H, W) in (0, 1).

    Returns:
        Shape (N, 24).
    """
    pixels: Floats = images[:, 0].double().numpy()
    levels = np.minimum((pixels * LEVELS).astype(np.int64), LEVELS - 1)
    parts = (
        grey_levels(pixels),
        entropy(levels),
        texture(co_occurrence(levels, LEVELS)),
        edges(pixels),
        edges(coarser(pixels)),
        disc_and_rim(pixels),
        profile(pixels),
    )
    return np.concatenate(parts, axis=1)


def grey_levels(pixels: Floats) -> Floats:
    """Mean, standard deviation, skewness, excess kurtosis (both 0 for a flat image), 10th, 50th and 90th percentile.

    Args:
        pixels: Shape (N, H, W).

    Returns:
        Shape (N, 7).
    """
    flat = pixels.reshape(len(pixels), -1)
    mean, deviation = flat.mean(axis=1), flat.std(axis=1)
    shaped = deviation > FLAT
    scaled = (flat - mean[:, None]) / np.where(shaped, deviation, 1)[:, None]
    skewness = np.where(shaped, (scaled**3).mean(axis=1), 0)
    kurtosis = np.where(shaped, (scaled**4).mean(axis=1) - 3, 0)
    return np.stack([mean, deviation, skewness, kurtosis, *np.percentile(flat, (10, 50, 90), axis=1)], axis=1)


def entropy(levels: Ints) -> Floats:
    """Entropy of the grey levels in bits, shape (N, 1), of levels of shape (N, H, W)."""
    counts = _counted(levels.reshape(len(levels), -1), LEVELS)
    bits: Floats = entr(counts / counts.sum(axis=1, keepdims=True)).sum(axis=1, keepdims=True) / np.log(2)
    return bits


def co_occurrence(levels: Ints, count: int) -> Floats:
    """How often each two levels are neighbours, either way round, for neighbours at 0, 90, 135 and 45 degrees.

    Args:
        levels: Shape (N, H, W), values below `count`.
        count: Number of levels.

    Returns:
        Shares of shape (N, 4, count, count): symmetric matrices, each of sum 1.
    """
    neighbours = (
        (levels[:, :, :-1], levels[:, :, 1:]),
        (levels[:, :-1], levels[:, 1:]),
        (levels[:, :-1, :-1], levels[:, 1:, 1:]),
        (levels[:, 1:, :-1], levels[:, :-1, 1:]),
    )
    codes = [(one * count + other).reshape(len(levels), -1) for one, other in neighbours]
    pairs = np.stack([_counted(code, count**2) / code.shape[1] for code in codes], axis=1)
    matrices = pairs.reshape(len(levels), 4, count, count)
    return (matrices + matrices.swapaxes(2, 3)) / 2


def texture(matrices: Floats) -> Floats:
    """Contrast, homogeneity (inverse difference), energy (angular second moment), correlation; means over directions.

    Args:
        matrices: Co-occurrence of shape (N, directions, L, L), symmetric.

    Returns:
        Shape (N, 4). The correlation of a flat image is 1.
    """
    level = np.arange(matrices.shape[-1])
    apart = np.abs(level[:, None] - level)
    mean = (matrices * level).sum(axis=(2, 3))
    centred = level - mean[..., None]  # (N, directions, L)
    variance = (matrices.sum(axis=2) * centred**2).sum(axis=2)
    covariance = (matrices * centred[..., None] * centred[..., None, :]).sum(axis=(2, 3))
    features = (
        (matrices * apart**2).sum(axis=(2, 3)),
        (matrices / (1 + apart)).sum(axis=(2, 3)),
        (matrices**2).sum(axis=(2, 3)),
        np.divide(covariance, variance, out=np.ones_like(variance), where=variance > 0),
    )
    return np.stack([feature.mean(axis=1) for feature in features], axis=1)


def edges(pixels: Floats) -> Floats:
    """Root mean square of the gradient (differences of neighbours) and of the five-point Laplacian.

    Args:
        pixels: Shape (N, H, W).

    Returns:
        Shape (N, 2), per pixel and per square pixel.
    """
    down, right = np.diff(pixels, axis=1), np.diff(pixels, axis=2)
    laplacian = np.diff(down, axis=1)[:, :, 1:-1] + np.diff(right, axis=2)[:, 1:-1]
    squares = ((down**2).mean(axis=(1, 2)) + (right**2).mean(axis=(1, 2)), (laplacian**2).mean(axis=(1, 2)))
    roots: Floats = np.sqrt(np.stack(squares, axis=1))
    return roots


def coarser(pixels: Floats) -> Floats:
    """Means over blocks of 4 x 4 pixels, shape (N, H / 4, W / 4); what is left over at the end is not used."""
    high, wide = pixels.shape[1] // COARSE_PX, pixels.shape[2] // COARSE_PX
    cut = pixels[:, : high * COARSE_PX, : wide * COARSE_PX]
    means: Floats = cut.reshape(-1, high, COARSE_PX, wide, COARSE_PX).mean(axis=(2, 4))
    return means


def disc_and_rim(pixels: Floats) -> Floats:
    """Mean of the central disc less that of the rim around it, and the standard deviation within each.

    Args:
        pixels: Shape (N, H, W).

    Returns:
        Shape (N, 3).
    """
    radius = _radius(pixels)
    disc, rim = pixels[:, radius < DISC], pixels[:, (radius >= DISC) & (radius < 1)]
    return np.stack([disc.mean(axis=1) - rim.mean(axis=1), disc.std(axis=1), rim.std(axis=1)], axis=1)


def profile(pixels: Floats) -> Floats:
    """Mean of each of five rings from the centre outwards less the image's mean, which is a number of its own.

    Args:
        pixels: Shape (N, H, W), at least 8 x 8.

    Returns:
        Shape (N, 5).
    """
    ring = (_radius(pixels) * RINGS).astype(np.int64)
    means = [pixels[:, ring == i].mean(axis=1) for i in range(RINGS)]
    differences: Floats = np.stack(means, axis=1) - pixels.mean(axis=(1, 2))[:, None]
    return differences


def _radius(pixels: Floats) -> Floats:
    """Distance of each pixel's centre from the image's, (H, W), in half-widths."""
    y, x = (np.abs(2 * (np.arange(n) + 0.5) / n - 1) for n in pixels.shape[1:])
    distance: Floats = np.hypot(y[:, None], x)
    return distance


def _counted(codes: Ints, size: int) -> Ints:
    """How often each of 0 ... size - 1 stands in each row of (N, P), as (N, size)."""
    rows = np.arange(len(codes))[:, None] * size
    return np.bincount((codes + rows).ravel(), minlength=len(codes) * size).reshape(-1, size)
