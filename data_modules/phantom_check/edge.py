"""Edge response of a CT, measured where the body meets the air: the frequency at which its MTF is one half.

Pixels along a slanted edge sample it far finer than their spacing (Reichenbach et al. 1991). Behind 2 mm of skin lies
fat, which bends the inner half of the edge; so only the half on the air's side is used, mirrored.
"""

import numpy as np
import numpy.typing as npt

from data_modules.phantom_check.phantom_files import Hu

Floats = npt.NDArray[np.float64]
LEVEL_HU = -480.0  # half way from air to skin
BIN_MM = 0.05
HALF_FIT_MM = 0.25
REACH_MM = 5.0
FLANK = 0.2  # of the body's depth, to the front and to the back of its middle
MARGIN_PX = 8  # of air that a row needs beside the body
DEGREE = 6  # of the polynomial along which the edge runs


def edge_f50(hu: Hu, spacing_mm: float) -> float:
    """Frequency in 1/mm at which the modulation transfer has fallen to one half.

    Args:
        hu: Slices that show the body's both flanks, shape (Z, Y, X).
        spacing_mm: Distance of pixels.

    Returns:
        NaN where no flank lies within the image.
    """
    sides = [side for one in hu for side in (one, one[:, ::-1])]
    samples = [_across(side, spacing_mm) for side in sides]
    distance, value = (np.concatenate([s[i] for s in samples]) for i in (0, 1))
    position, spread = _line_spread(distance, value)
    return _half_frequency(position, spread) if len(position) else float("nan")


def _line_spread(distance: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Slope of a straight line fitted to the samples within `HALF_FIT_MM` of each position; none where they lack."""
    edges = np.arange(-REACH_MM, 2.0, BIN_MM)
    sums = [np.histogram(distance, edges, weights=w)[0] for w in (None, distance, value, distance**2, distance * value)]
    n, x, y, xx, xy = (np.convolve(one, np.ones(round(2 * HALF_FIT_MM / BIN_MM)), "valid") for one in sums)
    if n.min() < 30:
        return np.empty(0), np.empty(0)
    return edges[0] + HALF_FIT_MM + BIN_MM * np.arange(len(n)), (n * xy - x * y) / (n * xx - x * x)


def _across(one: Hu, spacing_mm: float) -> tuple[Floats, Floats]:
    """Signed distance to the body's left edge in mm (negative in air) and HU, of all pixels near it."""
    body = one > LEVEL_HU
    tall = np.flatnonzero(body.sum(axis=1) > 0.1 * one.shape[1])
    if not len(tall):
        return np.empty(0), np.empty(0)
    middle, depth = (tall[0] + tall[-1]) / 2, tall[-1] - tall[0]
    rows = np.arange(int(middle - FLANK * depth), int(middle + FLANK * depth))
    first = body[rows].argmax(axis=1)
    rows, first = rows[first >= MARGIN_PX], first[first >= MARGIN_PX]
    if len(rows) < 4 * DEGREE:
        return np.empty(0), np.empty(0)
    before, after = one[rows, first - 1].astype(np.float64), one[rows, first].astype(np.float64)
    crossing = first - (after - LEVEL_HU) / (after - before)
    curve = np.polynomial.Polynomial.fit(rows, crossing, DEGREE)
    cosine = 1 / np.sqrt(1 + curve.deriv()(rows) ** 2)
    distance = (np.arange(one.shape[1]) - curve(rows)[:, None]) * cosine[:, None] * spacing_mm
    near = np.abs(distance) <= REACH_MM
    return distance[near], one[rows][near].astype(np.float64)


def _half_frequency(position_mm: Floats, spread: Floats) -> float:
    """Frequency of half modulation of a line spread function, from its half below the peak."""
    top = np.abs(position_mm - position_mm[spread.argmax()]) < 0.45
    a, b, _ = np.polyfit(position_mm[top], np.log(np.maximum(spread[top], 1e-3)), 2)
    u = np.arange(0, REACH_MM - 1, BIN_MM)
    half = np.interp(-b / (2 * a) - u, position_mm, spread)
    half[0] /= 2  # trapezoid
    f = np.arange(0.002, 1.0, 0.002)
    a = 2 * np.pi * f * HALF_FIT_MM
    fit = 3 * (np.sin(a) - a * np.cos(a)) / a**3  # what the fit's own width does to the spectrum: a parabola's
    transfer = np.cos(2 * np.pi * f[:, None] * u) @ half / fit
    below = int((transfer < transfer[0] / 2).argmax())
    return float(np.interp(0.5, transfer[[below, below - 1]] / transfer[0], f[[below, below - 1]]))
