"""RTSTRUCT -> masks on the grid of the CT: the pixel centres inside the closed contours of a region of interest.

Contours of one slice combine by the even-odd rule, so that an inner one is a hole (DICOM PS3.3 C.8.8.6: holes are
either such inner contours, CLOSEDPLANAR_XOR, or a keyhole whose channel has no area).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_modules.readers.case_error import CaseError
from data_modules.readers.mask_grid import check_same_patient_space, choose_number, other_series_warning
from data_modules.readers.slice_header import DAMAGED, read_dataset
from data_modules.readers.volume import FloatArray, Volume

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
MAX_OVERLAP = 0.05  # of the smaller contour: drawn by hand, neighbours and holes cross by a pixel
OFF_SLICE = 0.25  # of the slice spacing: rounded coordinates stay below, half a slice is ambiguous


@dataclass(frozen=True, eq=False)
class _Contour:
    points: FloatArray  # (n, 3), world
    closed: bool
    xor: bool  # says itself that overlaps are holes
    source: str  # UID of the CT slice, if it names one


class RTStruct:
    """One RT Structure Set.

    Args:
        path: The file.

    Attributes:
        referenced: UIDs of the series and slices that it was drawn on.

    Raises:
        CaseError: If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        dataset: Any = read_dataset(path)
        try:
            contours = {
                int(roi.ReferencedROINumber): [_contour(item) for item in roi.get("ContourSequence") or []]
                for roi in dataset.ROIContourSequence
            }
            names = [(int(roi.ROINumber), str(roi.get("ROIName", ""))) for roi in dataset.StructureSetROISequence]
            frames = list(dataset.get("ReferencedFrameOfReferenceSequence") or [])
            series = {str(s.SeriesInstanceUID) for f in frames for s in _referenced_series(f)}
            self._frame_of_reference = str(frames[0].FrameOfReferenceUID) if frames else ""
        except DAMAGED:
            text = "the RTSTRUCT lacks regions of interest, or its contours are damaged. Refused. Export it again."
            raise CaseError("E-SEG-01", text) from None
        self._contours = contours
        self._names = [(n, name) for n, name in names if contours.get(n)]
        self.referenced = frozenset(series | {c.source for roi in contours.values() for c in roi if c.source})

    def mask(self, volume: Volume, label: str | None) -> npt.NDArray[np.bool_]:
        """Voxels of one region of interest.

        Args:
            volume: The CT.
            label: ROI name or number; None if there is only one with contours.

        Returns:
            Shape (Z, Y, X).

        Raises:
            CaseError: If the region is missing or not unique, or a contour is open, lies on no slice of this CT,
                reaches outside, or overlaps another in part.
        """
        contours = self._contours[choose_number(self._names, label)]
        check_same_patient_space(volume, self._frame_of_reference, self.referenced)
        self._refuse([c for c in contours if not c.closed], contours, "are points or open lines")
        absent = [c for c in contours if c.source and c.source not in volume.instance_uids]
        self._refuse(absent, contours, "refer to slices that the image does not hold")
        index = [volume.index_of(c.points) for c in contours]
        slices = [_slice(c, i, volume) for c, i in zip(contours, index, strict=True)]
        off = [c for c, i, k in zip(contours, index, slices, strict=True) if _is_off(i, k, volume)]
        self._refuse(off, contours, "lie between the slices of the image or outside of it")
        mask = np.zeros(volume.shape, dtype=np.bool_)
        for k in set(slices):
            here = {_corners(c): (c, i[:, 1:]) for c, i, at in zip(contours, index, slices, strict=True) if at == k}
            _refuse_overlaps([polygon for c, polygon in here.values() if not c.xor], volume)
            mask[k] = fill_even_odd([polygon for _, polygon in here.values()], (volume.shape[1], volume.shape[2]))
        return mask

    def warnings(self, volume: Volume) -> tuple[str, ...]:
        """What is doubtful about it on this CT, a code and a sentence each; what does not fit is refused."""
        return other_series_warning(volume, self.referenced)

    @staticmethod
    def _refuse(bad: list[_Contour], contours: list[_Contour], what: str) -> None:
        if bad:
            z = ", ".join(f"{c.points[:, 2].mean():.1f}" for c in bad[:5]) + (", ..." if len(bad) > 5 else "")
            text = f"{len(bad)} of {len(contours)} contours of the region of interest {what} (z={z} mm). Refused. "
            raise CaseError("E-SEG-06", text + "Check that the RTSTRUCT and the whole series belong together.")


def fill_even_odd(polygons: Iterable[FloatArray], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Pixels whose centre lies inside an odd number of polygons.

    Args:
        polygons: Corners as (row, column), shape (n, 2) each; whole numbers are pixel centres.
        shape: Rows and columns.

    Returns:
        Shape (Y, X).
    """
    toggles = np.zeros((shape[0], shape[1] + 1), dtype=np.intp)
    rows = np.arange(shape[0])[:, None]
    for start in polygons:
        stop = np.roll(start, -1, axis=0)
        row, edge = np.nonzero((start[:, 0] <= rows) != (stop[:, 0] <= rows))  # where a pixel row crosses an edge
        part = (row - start[edge, 0]) / (stop[edge, 0] - start[edge, 0])
        column = np.ceil(start[edge, 1] + part * (stop[edge, 1] - start[edge, 1]))
        np.add.at(toggles, (row, column.clip(0, shape[1]).astype(np.intp)), 1)
    inside: npt.NDArray[np.bool_] = toggles[:, :-1].cumsum(axis=1) % 2 == 1
    return inside


def _contour(item: Any) -> _Contour:
    points = np.array(item.ContourData, dtype=np.float64).reshape(-1, 3)
    images = item.get("ContourImageSequence") or []
    kind = item.ContourGeometricType
    closed = kind in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR") and len(points) > 2
    if not np.isfinite(points).all() or len(points) == 0:
        raise ValueError("finite coordinates expected")
    source = str(images[0].ReferencedSOPInstanceUID) if len(images) == 1 else ""
    return _Contour(points, closed, kind == "CLOSEDPLANAR_XOR", source)


def _corners(contour: _Contour) -> frozenset[tuple[float, ...]]:
    """The same for a contour that is stored twice, wherever each begins: under even-odd the two would leave nothing."""
    return frozenset(map(tuple, contour.points.round(3).tolist()))


def _refuse_overlaps(polygons: list[FloatArray], volume: Volume) -> None:
    """Neither a hole nor apart: the standard takes the common part out, who drew them meant both."""
    filled = [fill_even_odd([polygon], (volume.shape[1], volume.shape[2])) for polygon in polygons]
    for one, other in combinations(filled, 2):
        parts = [np.count_nonzero(part) for part in (one & other, one & ~other, other & ~one)]
        if min(parts) > MAX_OVERLAP * min(np.count_nonzero(one), np.count_nonzero(other)):
            text = "two contours of one slice overlap in part, so that it is open what lies inside. Refused. "
            raise CaseError("E-SEG-07", text + "Unite them in your viewer, or draw the hole inside its outline.")


def _referenced_series(frame: Any) -> Iterable[Any]:
    studies = frame.get("RTReferencedStudySequence") or []
    return (series for study in studies for series in study.get("RTReferencedSeriesSequence") or [])


def _slice(contour: _Contour, index: FloatArray, volume: Volume) -> int:
    return volume.instance_uids.index(contour.source) if contour.source else round(float(index[:, 0].mean()))


def _is_off(index: FloatArray, k: int, volume: Volume) -> bool:
    inside = (index[:, 1:] >= -1).all() and (index[:, 1:] <= volume.shape[1:]).all()
    return not (inside and 0 <= k < volume.shape[0] and np.abs(index[:, 0] - k).max() <= OFF_SLICE)
