"""Does an image look like a CT in HU, of a body, in millimetres? One sentence per doubt.

An E- code refuses the case, a W- code keeps it. HU of tissues at portal phase: liver 60 to 150, subcutaneous fat about
-100 (Kalender 2011, "Computed Tomography", ch. 1); no vessel or liver tissue reaches 300.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from data_modules.readers.case_error import CaseError
from data_modules.readers.volume import Volume

FIELD_OF_VIEW_MM = (250, 500)
SLICE_SPACING_MM = (0.4, 7)
AIR_BELOW_HU = -900
FAT_PEAK_HU = (-130, -70)
SURROUND_HU = (60, 150)
FAR_ABOVE_LIVER_HU = 300
BODY_HU = -300  # between fat and lung
FloatArray = npt.NDArray[np.float32]
DOUBTS = {  # {}: the measured value, or its range over several lesions
    "W-GEO-11": "the field of view is {} mm, that of a whole CT 250 to 500: a cropped image, or a wrong pixel spacing.",
    "W-GEO-12": "the slice spacing is {} mm, usual are .4 to 7: check the geometry of the export.",
    "W-GEO-13": "origin 0 and voxels of 1 x 1 x 1 mm: the geometry looks stripped, so that diameters are not in mm.",
    "W-HU-01": "the tissue around the lesion has a median of {} HU, liver at portal phase 60 to 150: another phase, "
    "a fatty liver, a lesion at the liver's edge, or values that are not HU.",
    "W-HU-02": "no air below -900 HU on the key slice: a cropped or clipped image, or values that are not HU.",
    "W-HU-03": "the peak of fat lies at {} HU instead of -130 to -70: the values seem shifted.",
    "W-HU-04": "the lesion holds {} HU, far above liver and vessels: calcification, metal or lipiodol.",
    "W-SEG-01": "the lesion is largest on the first or last slice, so that it may continue outside the image.",
}


@dataclass(frozen=True)
class Doubt:
    """What looks odd about one case; which is kept.

    Attributes:
        code: Kind of the doubt.
        text: The sentence; {} stands for `value`.
        value: What was measured; None where the sentence has no number.
    """

    code: str
    text: str
    value: float | None = None


def reader_doubt(warning: str) -> Doubt:
    """A warning of the readers: its code and its sentence, which goes without saying that the case was kept."""
    code, _, text = warning.partition(" ")
    return Doubt(code, text.removesuffix(" Kept."))


def usable_hu(
    slice_hu: FloatArray, hu_window: tuple[float, float] | None = None, *, eight_bit: bool = False
) -> FloatArray:
    """Refuse a slice whose values cannot be HU.

    Args:
        slice_hu: Values as read, shape (Y, X).
        hu_window: HU of the values 0 and 255, where the user knows the window of an 8-bit export.
        eight_bit: Whether the file stores one byte per pixel; wider ones may hold 8-bit values as well.

    Returns:
        HU; values within 0..255 are mapped linearly where `hu_window` is given, all others are left as they are.

    Raises:
        CaseError: If values are not finite, or those of an empty slice, a mask, a normalised image, or an 8-bit image
            of unknown window.
    """
    if not np.isfinite(slice_hu).all():
        text = "the slice holds values that are infinite or no numbers, which no scanner writes. Refused. "
        raise CaseError("E-HU-05", text + "Use the original CT, or store the image again as 16-bit integers.")
    low, high = float(slice_hu.min()), float(slice_hu.max())
    if low == high:
        text = f"the slice is {low:g} everywhere: there is nothing in it. Refused. "
        raise CaseError("E-HU-11", text + "Point the column image to the CT.")
    if low >= 0 and high <= 255 and len(np.unique(slice_hu)) <= 20:  # noise alone gives a CT more
        text = f"at most 20 different values, {low:g} to {high:g}: the image is a mask. Refused. "
        raise CaseError("E-HU-11", text + "Point the column image to the CT.")
    if low >= -5 and high <= 5:  # 0 to 1, -1 to 1, or in standard deviations
        text = f"values {low:.3g}..{high:.3g} (normalised). HU is lost. Refused. Use the original CT."
        raise CaseError("E-HU-03", text)
    if low < 0 or high > 255:
        return slice_hu
    if hu_window:
        return (hu_window[0] + slice_hu / 255 * (hu_window[1] - hu_window[0])).astype(np.float32)
    # an export window gathers pixels at its ends; a small crop of liver has none there, but by the noise of one or two
    if not eight_bit and np.isin(slice_hu, (0, 255)).sum() <= 2:
        return slice_hu
    text = f"values {low:.0f}..{high:.0f} (8 bit). HU is lost. Refused. Use the original CT, or pass "
    text += "--hu-window LOW HIGH if you know the export window (0 255 if the values are HU after all)."
    raise CaseError("E-HU-02", text)


def geometry_doubts(volume: Volume) -> list[Doubt]:
    """Doubts about the size of a volume."""
    sides = [n * spacing for n, spacing in zip(volume.shape[1:], volume.spacing_mm[1:], strict=True)]
    stripped = volume.spacing_mm == (1, 1, 1) and not volume.origin_mm.any()
    return [
        *_outside("W-GEO-11", round(max(sides)), FIELD_OF_VIEW_MM),
        *(_outside("W-GEO-12", volume.spacing_mm[0], SLICE_SPACING_MM) if volume.spacing_mm[0] else []),
        *([_doubt("W-GEO-13")] if stripped else []),
    ]


def slice_doubts(slice_hu: FloatArray) -> list[Doubt]:
    """Doubts about the HU of a slice."""
    fat = fat_peak_hu(slice_hu)
    return [
        *([] if slice_hu.min() < AIR_BELOW_HU else [_doubt("W-HU-02")]),
        *([] if fat is None else _outside("W-HU-03", fat, FAT_PEAK_HU)),
    ]


def lesion_doubts(inside_hu: FloatArray, ring_hu: FloatArray, at_end: bool) -> list[Doubt]:
    """Doubts about a lesion, given the HU of its pixels and of those around it; `at_end`: on the last slice of many."""
    high = float(np.percentile(inside_hu, 95))
    return [
        *(_outside("W-HU-01", float(np.median(ring_hu)), SURROUND_HU) if ring_hu.size else []),
        *([_doubt("W-HU-04", high)] if high > FAR_ABOVE_LIVER_HU else []),
        *([_doubt("W-SEG-01")] if at_end else []),
    ]


def fat_peak_hu(slice_hu: FloatArray) -> float | None:
    """Where the histogram from -200 to 0 HU peaks, in steps of 5 HU; None if nothing stands out there."""
    counts = np.histogram(slice_hu, bins=40, range=(-200, 0))[0].astype(float)
    smooth = np.convolve(counts, [1, 2, 3, 2, 1], mode="same") / 9
    peak = int(smooth[:-8].argmax())  # below -40: not the shoulder of the soft tissue, or a cyst
    enough = smooth[peak] * 10 > 0.01 * np.count_nonzero(slice_hu > BODY_HU)
    if peak == len(smooth) - 9:  # still rising towards soft tissue: no peak
        return None
    if not enough or smooth[peak] < 2 * max(smooth[0], 1) or smooth[peak] < 1.2 * smooth[peak:].min():
        return None
    return float(-200 + 5 * (peak + 0.5))


def left_of_midline_mm(slice_hu: FloatArray, x_pixel: float, column_mm: float) -> float | None:
    """How far a pixel column lies from the body's midline, in mm, positive towards higher columns.

    The midline is the mean column of all tissue. None unless there is air at both sides, or the body is cut off.
    """
    tissue = slice_hu > BODY_HU
    if tissue[:, [0, -1]].mean() > 0.2 or tissue.mean() < 0.1:
        return None
    return float((x_pixel - np.nonzero(tissue)[1].mean()) * column_mm)


def sentences(doubts: Iterable[tuple[int, Doubt]], rows: int = 0) -> list[str]:
    """One sentence per kind of doubt, with the manifest's rows that it is about.

    Args:
        doubts: The manifest's row, or 0 where none shall be named; and the doubt.
        rows: How many rows there are in all.
    """
    groups: dict[tuple[str, str], list[tuple[int, float | None]]] = {}
    for row, doubt in doubts:
        groups.setdefault((doubt.code, doubt.text), []).append((row, doubt.value))
    return [_sentence(code, text, found, rows) for (code, text), found in sorted(groups.items())]


def _sentence(code: str, text: str, found: Sequence[tuple[int, float | None]], rows: int) -> str:
    numbers = sorted({row for row, _ in found if row})
    where = f"row{'s' * (len(numbers) > 1)} {_runs(numbers)}: " if numbers else ""
    if len(numbers) == rows > 1:
        where = f"all {rows} rows: "
    values = sorted(value for _, value in found if value is not None)
    span = " to ".join(dict.fromkeys(f"{value:.3g}" for value in (values[:1] + values[-1:])))
    return f"{code} {where}{text.replace('{}', span, 1) if values else text}"


def _runs(numbers: Sequence[int]) -> str:
    """Sorted numbers with runs shortened: 2, 4 to 7, 9."""
    breaks = [i for i, (a, b) in enumerate(pairwise(numbers), 1) if b > a + 1]
    parts = [numbers[i:j] for i, j in pairwise([0, *breaks, len(numbers)])]
    return ", ".join(f"{p[0]} to {p[-1]}" if len(p) > 2 else ", ".join(map(str, p)) for p in parts)


def _doubt(code: str, value: float | None = None) -> Doubt:
    return Doubt(code, DOUBTS[code], value)


def _outside(code: str, value: float, limits: tuple[float, float]) -> list[Doubt]:
    return [] if limits[0] <= value <= limits[1] else [_doubt(code, value)]
