"""A folder of DICOM CT slices -> one checked Volume.

Slices are sorted by their position along the slice normal, never by name or number. Gaps are looked for
here, since ITK's series reader divides the whole length by the number of slices and says nothing: with one missing, all
others move (ITK issue 441). Frames of a multi-frame CT are slices like any others.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from data_modules.readers.case_error import CaseError
from data_modules.readers.hounsfield import check_transfer_syntax, read_hu
from data_modules.readers.regular_stack import fill_gaps, straighten
from data_modules.readers.slice_header import SliceHeader, read_headers
from data_modules.readers.volume import FloatArray, Volume

GAP_TOLERANCE_MM = 0.05
GAP_TOLERANCE = 0.02  # of the spacing


class CTFolder:
    """The CT series of one folder; headers are read once, pixels when a slice is asked for.

    Args:
        path: A folder with slices, or a single file.
        allow_gaps: Interpolate missing slices instead of refusing the series.

    Raises:
        CaseError: If it holds no readable CT slice.
    """

    def __init__(self, path: Path, *, allow_gaps: bool = False) -> None:
        self._allow_gaps = allow_gaps
        self.stacks = _stacks(read_headers(path))

    def volume(self, referenced: frozenset[str] = frozenset()) -> Volume:
        """The one series, or the one that a segmentation refers to.

        Args:
            referenced: Series and SOP instance UIDs that the segmentation names; may be empty.

        Raises:
            CaseError: If the series is ambiguous or its geometry cannot be trusted.
        """
        stacks = self.stacks
        if len(stacks) > 1:
            by_slice = [s for s in stacks if any(h.instance_uid in referenced for h in s)]
            stacks = by_slice or [s for s in stacks if s[0].series_uid in referenced]
        if len(stacks) != 1:
            text = (
                f"the folder holds {len(self.stacks)} CT stacks (series or acquisitions) and the mask does not refer "
            )
            text += (
                "to exactly one of them. Refused. Give each series its own folder, or a DICOM SEG that refers to one."
            )
            raise CaseError("E-DCM-03", text)
        return _volume(stacks[0], self._allow_gaps)


def _stacks(headers: Iterable[SliceHeader]) -> list[list[SliceHeader]]:
    """Slices by series and geometry; by acquisition as well where a position occurs twice."""
    groups: defaultdict[tuple[object, ...], list[SliceHeader]] = defaultdict(list)
    for h in headers:
        groups[h.series_uid, np.round(h.orientation, 3).tobytes(), h.shape, np.round(h.spacing_mm, 4).tobytes()].append(
            h
        )
    stacks: list[list[SliceHeader]] = []
    for group in groups.values():
        parts: defaultdict[str, list[SliceHeader]] = defaultdict(list)
        repeated = len({h.position for h in group}) < len(group)
        for h in group:
            parts[h.acquisition if repeated else ""].append(h)
        stacks += parts.values()
    return stacks


def _volume(stack: list[SliceHeader], allow_gaps: bool) -> Volume:
    first = stack[0]
    for syntax in {h.transfer_syntax for h in stack}:
        check_transfer_syntax(syntax)
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    if not np.allclose([row @ row, column @ column, row @ column], [1, 1, 0], atol=1e-3) or min(first.spacing_mm) <= 0:
        text = "the slices' orientation or pixel spacing is impossible. Refused. Export the series again."
        raise CaseError("E-GEO-01", text)
    if len({h.instance_uid for h in stack}) < len(stack):
        text = "two slices carry the same identifier. Refused. Export one series without copies."
        raise CaseError("E-GEO-02", text)
    direction = np.stack([row, column, np.cross(row, column)], axis=1)
    stack = sorted(stack, key=lambda h: float(np.dot(h.position, direction[:, 2])))
    at = np.array([h.position for h in stack]) @ direction  # (slices, 3): along rows, columns and normal
    spacing, regular = _slice_spacing(at[:, 2]) if len(stack) > 1 else (first.thickness_mm, True)
    if not (regular or allow_gaps):
        raise _gap(at[:, 2], spacing)
    volume = Volume(
        shape=(len(stack), *first.shape),
        spacing_mm=(spacing, first.spacing_mm[0], first.spacing_mm[1]),
        origin_mm=np.array(stack[0].position),
        direction=direction,
        thickness_mm=first.thickness_mm or spacing,
        read_slice=lambda k: read_hu(stack[k]),
        series_uid=first.series_uid,
        instance_uids=tuple(h.instance_uid for h in stack),
        frame_of_reference=first.frame_of_reference,
    )
    volume = straighten(volume, at - at[0])
    return volume if regular else fill_gaps(volume, at[:, 2] - at[0, 2], _tolerance_mm(spacing))


def _slice_spacing(along: FloatArray) -> tuple[float, bool]:
    """Spacing of sorted slices in mm, and whether it is the same everywhere, for positions (slices,) on the normal."""
    steps = np.diff(along)
    if steps.min() < GAP_TOLERANCE_MM:
        z = along[int(steps.argmin())]
        text = f"two slices lie at the same position z={z:.1f} mm. Refused. Export one series without copies."
        raise CaseError("E-GEO-02", text)
    mean = float(steps.mean())  # not the median: over many slices its rounding error grows to whole slices
    if np.abs(along - along[0] - mean * np.arange(len(along))).max() <= _tolerance_mm(mean):
        return mean, True
    median = np.sort(steps)[(len(steps) - 1) // 2]  # the lower one: of two steps, the one without the gap
    return float(steps.sum() / round(steps.sum() / median)), False


def _tolerance_mm(spacing: float) -> float:
    return max(GAP_TOLERANCE_MM, GAP_TOLERANCE * spacing)


def _gap(along: FloatArray, spacing: float) -> CaseError:
    worst = int(np.abs(np.diff(along) - spacing).argmax())
    start, stop = along[worst], along[worst + 1]
    missing = round((stop - start) / spacing) - 1
    what = "slice spacing is irregular" if missing < 1 else f"{missing} slice{'s' * (missing > 1)} missing"
    return CaseError(
        "E-GEO-03",
        f"{what} between z={start:.1f} and {stop:.1f} mm (spacing {spacing:.3g}, gap {stop - start:.3g}). Refused. "
        "Export the whole series again, or pass --allow-gaps to interpolate.",
    )
