"""What whole abdomens must show: noise, edge, tissues, foreground and orientation."""

from collections.abc import Callable

import numpy as np

from data_modules.phantom_check.check_lines import SLABS, Line
from data_modules.phantom_check.measure import LOWEST_HU, LiverMeasures
from data_modules.phantom_check.nps import Floats, common_spectrum, peak_and_mean

FEWEST_SPECTRA = 8  # for a line through them
Patients = dict[str, LiverMeasures]


def liver_lines(patients: Patients) -> list[Line]:
    """The lines on whole abdomens, from the measures by patient; none measured if there are none."""
    demands: list[tuple[str, str, Callable[[Patients], tuple[str, bool | None, str]]]] = [
        ("liver noise SD against plan", "within 5 %", _noise),
        ("noise power spectrum, peak", ".19-.23 /mm", _spectrum),
        ("edge, half modulation", ".27-.31 /mm", _edge),
        ("subcutaneous fat, by patient", "-108 to -92 HU", _fat),
        ("liver median, by patient", "60-125 HU", _liver),
        ("foreground mean", "90-110 HU", _foreground_mean),
        ("foreground 0.5th percentile", "-30 to 0 HU", _foreground_low),
        ("liver right of the body's middle", "all patients", _right),
    ]
    if not patients:
        return [Line(what, target, "", None, SLABS) for what, target, _ in demands]
    lines = []
    for what, target, measure in demands:
        measured, ok, note = measure(patients)
        lines.append(Line(what, target, measured, ok, note))
    return lines


def _values(patients: Patients, name: str) -> Floats:
    return np.array([getattr(liver, name) for liver in patients.values()], dtype=np.float64)


def _within(values: Floats, low: float, high: float) -> bool | None:
    """Whether all finite values lie in a range; None if there are none."""
    known = values[np.isfinite(values)]
    return bool(((known >= low) & (known <= high)).all()) if len(known) else None


def _range(values: Floats, digits: int) -> str:
    low, middle, high = np.nanmin(values), np.nanmedian(values), np.nanmax(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _noise(patients: Patients) -> tuple[str, bool | None, str]:
    deviation = 100 * (_values(patients, "noise_sd_hu") / _values(patients, "planned_sd_hu") - 1)
    if np.isnan(deviation).all():
        return "", None, "no parenchyma between vessels and lesions"
    worst = int(np.nanargmax(np.abs(deviation)))
    text = f"median {np.nanmedian(deviation):+.1f} %, worst {deviation[worst]:+.1f} %"
    return text, _within(deviation, -5, 5), f"worst: {list(patients)[worst]}; noise and texture together"


def _spectrum(patients: Patients) -> tuple[str, bool | None, str]:
    known = [liver for liver in patients.values() if np.isfinite(liver.noise_power).all()]
    if len(known) < FEWEST_SPECTRA:
        return "", None, f"needs {FEWEST_SPECTRA} patients, to tell noise from tissue"
    power = common_spectrum([p.noise_power for p in known], [p.noise_sd_hu**2 for p in known])
    peak, mean = peak_and_mean(power)
    return f"{peak:.3f} /mm", 0.19 <= peak <= 0.23, f"mean frequency up to .55 /mm: {mean:.3f} (scanners, all: .26)"


def _edge(patients: Patients) -> tuple[str, bool | None, str]:
    f50 = _values(patients, "f50_per_mm")
    if np.isnan(f50).all():
        return "", None, "no flank within the image"
    return f"{_range(f50, 3)} /mm", _within(np.array([np.nanmedian(f50)]), 0.27, 0.31), "median of the patients counts"


def _fat(patients: Patients) -> tuple[str, bool | None, str]:
    fat = _values(patients, "fat_hu")
    return f"{_range(fat, 0)} HU", _within(fat, -108, -92), ""


def _liver(patients: Patients) -> tuple[str, bool | None, str]:
    liver = _values(patients, "liver_hu")
    return f"{_range(liver, 0)} HU", _within(liver, 60, 125), ""


def _right(patients: Patients) -> tuple[str, bool | None, str]:
    shift = _values(patients, "right_of_middle_mm")
    return f"{(shift > 0).sum()} of {len(shift)}", bool((shift > 0).all()), f"by {_range(shift, 0)} mm"


def _foreground_mean(patients: Patients) -> tuple[str, bool | None, str]:
    count = np.sum([liver.histogram for liver in patients.values()], axis=0)
    hu = LOWEST_HU + np.arange(len(count))
    mean = float(hu @ count / count.sum())
    spread = float(np.sqrt((hu - mean) ** 2 @ count / count.sum()))
    return f"{mean:.1f} HU", 90 <= mean <= 110, f"SD {spread:.1f} HU (LiTS: 39)"


def _foreground_low(patients: Patients) -> tuple[str, bool | None, str]:
    share = np.cumsum(np.sum([liver.histogram for liver in patients.values()], axis=0))
    low, high = (LOWEST_HU + int(np.searchsorted(share, q * share[-1])) for q in (0.005, 0.995))
    return f"{low} HU", -30 <= low <= 0, f"99.5th percentile {high} HU (LiTS: 201)"
