"""Contact sheets of a written phantom: every kind of lesion, and whole slices, to be judged by eye.

Import it only where pages are drawn: it needs matplotlib.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from data_modules.lesion_drawing import INK, MUTED, STYLE, draw_bar, draw_lesion, draw_outline, draw_slice
from data_modules.phantom_check.phantom_files import Hu, Mask, PhantomFolder, PhantomSeries, Row, open_phantom
from data_modules.wide_patch import bounding_centre, key_slice

LESION_WINDOW_HU, BODY_WINDOW_HU = (-60.0, 220.0), (-130.0, 230.0)
COLOURS = {"cyst": "#56b4e9", "metastasis": "#e69f00", "hemangioma": "#cc79a7"}  # Okabe and Ito
ACROSS, SLICES = 8, 10
HALF_WIDTH = 0.6  # diameters
NOTE = "Synthetic images of a digital phantom: not patients."
DPI = 150
Grid = npt.NDArray[np.object_]  # of Axes, shape (lines, columns)


def write_contact_sheet(out: Path) -> list[Path]:
    """Write PNG pages into `out`/contact_sheet: one per class, whole slices, and one patient in three planes.

    Args:
        out: The folder that `write_phantom` filled; one of lesion slabs gets the pages of the classes only.

    Returns:
        The pages written.

    Raises:
        InputError: If the folder holds no complete phantom.
    """
    phantom = open_phantom(out)
    (out / "contact_sheet").mkdir(exist_ok=True)
    pages = []
    with matplotlib.rc_context(STYLE):
        for name in dict.fromkeys(row["class"] for row in _rows(phantom)):
            pages.append(_save(out, name, class_page(phantom, name)))
        if not phantom.cohort.roi_only:
            pages += [_save(out, "slices", slices_page(phantom)), _save(out, "planes", planes_page(phantom))]
    return pages


def _save(out: Path, name: str, figure: Figure) -> Path:
    path = out / "contact_sheet" / f"{name}.png"
    figure.savefig(path, dpi=DPI)
    return path


def _rows(phantom: PhantomFolder) -> list[Row]:
    return [row for rows in phantom.patients.values() for row in rows]


def class_page(phantom: PhantomFolder, class_name: str) -> Figure:
    """A line per subtype with up to eight lesions, evenly from the smallest to the largest, each at its own scale."""
    subtypes: dict[str, list[Row]] = {}
    for row in sorted(_rows(phantom), key=lambda row: float(row["diameter_mm"])):
        if row["class"] == class_name:
            subtypes.setdefault(row["subtype"], []).append(row)
    text = f"Each tile spans 1.2 diameters. {_window(LESION_WINDOW_HU)}"
    figure, grid = _page(len(subtypes), ACROSS, (1.5, 1.9), class_name.capitalize(), text, left=1.2)
    for line, (subtype, rows) in zip(grid, sorted(subtypes.items()), strict=True):
        line[0].text(-0.12, 0.56, subtype.replace("_", " "), transform=line[0].transAxes, ha="right", fontsize=9)
        count = f"{len(rows)} lesion{'s' * (len(rows) > 1)}"
        line[0].text(-0.12, 0.42, count, transform=line[0].transAxes, ha="right", color=MUTED)
        for ax, i in zip(line, _spread(len(rows), ACROSS), strict=False):
            _draw_tile(ax, phantom, rows[i])
    return figure


def _draw_tile(ax: Axes, phantom: PhantomFolder, row: Row) -> None:
    series = next(s for s in phantom.series(row["patient_id"]) if row in s.rows)
    mask = series.masks[series.rows.index(row)]
    k, diameter_mm = key_slice(mask), float(row["diameter_mm"])
    ax.set_visible(True)
    draw_lesion(
        ax,
        series.hu[k],
        mask[k],
        series.volume.spacing_mm[1:],
        LESION_WINDOW_HU,
        centre=bounding_centre(mask[k]),
        half_width_mm=HALF_WIDTH * diameter_mm,
        colour=COLOURS.get(row["class"], INK),
    )
    ax.set_title(f"{row['lesion_id']}   {diameter_mm:.0f} mm", fontsize=7, pad=3)
    if row.get("mimics"):
        ax.set_xlabel(f"mimics {row['mimics']}", fontsize=6, color=MUTED, labelpad=2)


def slices_page(phantom: PhantomFolder) -> Figure:
    """Key slices of ten patients spread over the cohort, all lesions outlined."""
    patients = list(phantom.patients)
    chosen = [patients[i] for i in _spread(len(patients), SLICES)]
    lines = -(-len(chosen) // 5)
    text = f"Key slice of the largest lesion; outlines: {', '.join(COLOURS)}. {_window(BODY_WINDOW_HU)}"
    figure, grid = _page(lines, 5, (3.3, 2.5), "Whole slices", text, gap=0.06)
    _legend(figure)
    for ax, patient in zip(grid.ravel(), chosen, strict=False):
        series = next(phantom.series(patient))
        k = key_slice(_largest(series))
        _draw_plane(ax, series, (k, slice(None), slice(None)), "RL")
        height = series.volume.thickness_mm
        ax.set_title(f"{patient}   {height:g} mm slices", fontsize=7, pad=3)
    return figure


def planes_page(phantom: PhantomFolder) -> Figure:
    """Axial, coronal and sagittal plane through the largest lesion of the patient with most slices."""
    patient = max(phantom.patients, key=lambda p: len(list((phantom.folder(p) / "CT").glob("*.dcm"))))
    series = next(phantom.series(patient))
    mask = _largest(series)
    k = key_slice(mask)
    row, column = (round(c) for c in bounding_centre(mask[k]))
    everything = slice(None)
    figure, grid = _page(1, 3, (5.2, 4.0), f"{patient} in three planes", _window(BODY_WINDOW_HU))
    _legend(figure)
    planes: dict[str, tuple[tuple[slice | int, ...], str]] = {
        "axial": ((k, everything, everything), "RL"),
        "coronal": ((slice(None, None, -1), row, everything), "RL"),
        "sagittal": ((slice(None, None, -1), everything, column), "AP"),
    }
    for ax, (name, (plane, sides)) in zip(grid[0], planes.items(), strict=True):
        _draw_plane(ax, series, plane, sides)
        ax.set_title(name, fontsize=8, pad=3)
    return figure


def _draw_plane(ax: Axes, series: PhantomSeries, plane: tuple[slice | int, ...], sides: str) -> None:
    """Draw one plane of a series with outlines, the names of its left and right side, and a scale bar."""
    ax.set_visible(True)
    hu: Hu = series.hu[plane]
    size = [s for s, at in zip(series.volume.spacing_mm, plane, strict=True) if isinstance(at, slice)]
    spacing_mm = (size[0], size[1])
    draw_slice(ax, hu, spacing_mm, BODY_WINDOW_HU)
    for row, mask in zip(series.rows, series.masks, strict=True):
        draw_outline(ax, mask[plane], spacing_mm, COLOURS.get(row["class"], INK), width=0.8)
    body = np.flatnonzero((hu > -300).any(axis=1))
    if len(body):
        ax.set_ylim((body[-1] + 0.5) * spacing_mm[0] + 14, (body[0] - 0.5) * spacing_mm[0] - 14)
    for side, x in zip(sides, (0.02, 0.98), strict=True):
        ax.text(x, 0.97, side, transform=ax.transAxes, ha="left" if x < 0.5 else "right", va="top", fontsize=9)
    draw_bar(ax, 50)


def _largest(series: PhantomSeries) -> Mask:
    return max(series.masks, key=lambda mask: int(mask.sum()))


def _page(
    lines: int, across: int, tile: tuple[float, float], title: str, text: str, left: float = 0.2, gap: float = 0.26
) -> tuple[Figure, Grid]:
    """A page of hidden axes, tiles (width, height) in inches `gap` tiles apart, under a title and a line of text."""
    head, width, height = 0.75, left + across * tile[0] + 0.2, lines * tile[1] + 0.95
    figure = Figure((width, height))
    margins = {"left": left / width, "right": 1 - 0.2 / width, "bottom": 0.15 / height, "top": 1 - head / height}
    grid = figure.subplots(lines, across, squeeze=False, gridspec_kw={**margins, "wspace": 0.06, "hspace": gap})
    for ax in grid.ravel():
        ax.set_visible(False)
        ax.set_anchor("N")
    figure.text(0.2 / width, 1 - 0.2 / height, title, fontsize=13, va="top")
    figure.text(0.2 / width, 1 - 0.46 / height, f"{NOTE} {text}", fontsize=8, va="top", color=MUTED)
    return figure, grid


def _legend(figure: Figure) -> None:
    """Names of the classes in their colours, at the upper right."""
    width, height = figure.get_size_inches()
    for i, (name, colour) in enumerate(reversed(COLOURS.items())):
        figure.text(
            1 - (0.25 + 1.05 * i) / width, 1 - 0.22 / height, name, color=colour, fontsize=9, ha="right", va="top"
        )


def _window(window_hu: Sequence[float]) -> str:
    return f"Window {window_hu[0]:.0f} to {window_hu[1]:.0f} HU."


def _spread(items: int, most: int) -> list[int]:
    """At most so many positions, evenly from the first to the last."""
    return [int(i) for i in np.linspace(0, items - 1, min(most, items)).round()]
