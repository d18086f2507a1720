"""Pictures of lesions for people: an ROI in a window, its outline and a scale bar, as radiologists look at CT."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

PAPER, INK, MUTED, LINE = "#0b0d10", "#e6e8ea", "#9aa3ab", "#ffd166"
LIVER_WINDOW_HU = (-60.0, 220.0)
STYLE: dict[Any, Any] = {  # for matplotlib.rc_context
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": "#2b3138",
    "text.color": INK,
    "text.parse_math": False,  # identifiers may hold a dollar sign
    "font.size": 7,
}


def draw_lesion(
    ax: Axes,
    hu: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_] | None,
    spacing_mm: tuple[float, float],
    window_hu: tuple[float, float] = LIVER_WINDOW_HU,
    *,
    centre: tuple[float, float],
    half_width_mm: float,
    bar_mm: float = 10.0,
    colour: str = LINE,
) -> None:
    """Draw the square around a lesion into axes.

    Args:
        ax: Receives the image; its ticks go.
        hu: The slice, shape (Y, X).
        mask: The lesion, of that shape; None draws no outline.
        spacing_mm: Pixel spacing (y, x).
        window_hu: What is drawn black and white.
        centre: Middle of the square as (row, column).
        half_width_mm: Half its side.
        bar_mm: Length of the scale bar, at the lower left.
        colour: Of the outline.
    """
    draw_slice(ax, hu, spacing_mm, window_hu)
    if mask is not None:
        draw_outline(ax, mask, spacing_mm, colour)
    y, x = (c * s for c, s in zip(centre, spacing_mm, strict=True))
    ax.set(xlim=(x - half_width_mm, x + half_width_mm), ylim=(y + half_width_mm, y - half_width_mm))
    draw_bar(ax, bar_mm)


def draw_slice(
    ax: Axes, hu: npt.NDArray[np.float32], spacing_mm: tuple[float, float], window_hu: tuple[float, float]
) -> None:
    """Draw a slice with axes in mm, the first row at the top; interpolated, as viewers do."""
    rows, columns = hu.shape
    extent = (-0.5 * spacing_mm[1], (columns - 0.5) * spacing_mm[1], (rows - 0.5) * spacing_mm[0], -0.5 * spacing_mm[0])
    low, high = window_hu
    ax.imshow(hu, cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="bicubic")
    ax.set(xticks=[], yticks=[])


def draw_outline(
    ax: Axes, mask: npt.NDArray[np.bool_], spacing_mm: tuple[float, float], colour: str, width: float = 0.6
) -> None:
    """Draw a mask's outline over a slice, thin enough to leave the edge visible."""
    rows, columns = (np.arange(n) * s for n, s in zip(mask.shape, spacing_mm, strict=True))
    if mask.any():
        ax.contour(columns, rows, mask, levels=[0.5], colors=[colour], linewidths=width, alpha=0.8)


def draw_bar(ax: Axes, length_mm: float) -> None:
    """Draw a scale bar with its length at the lower left of axes in mm."""
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    x, y = left + 0.05 * (right - left), bottom + 0.06 * (top - bottom)
    shade = [withStroke(linewidth=3, foreground=PAPER)]  # visible on bright tissue too
    ax.plot([x, x + length_mm], [y, y], color=INK, lw=1.5, solid_capstyle="butt", path_effects=shade)
    ax.text(x, y + 0.025 * (top - bottom), f"{length_mm:g} mm", fontsize=6, va="bottom", path_effects=shade)
