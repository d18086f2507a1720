"""DICOM SEG -> masks on the grid of the CT.

Frames come in any order and empty ones are left out, segments may overlap, and some writers flip the frames in-plane:
so every set pixel is carried through the patient's coordinates to its voxel (DICOM PS3.3 C.8.20, C.7.6.16.2.3).
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.functional_groups import flat_frames
from data_modules.readers.mask_grid import (
    ON_GRID,
    check_same_patient_space,
    choose_number,
    off_grid,
    other_grid_warning,
    other_series_warning,
    resample_mask,
)
from data_modules.readers.slice_header import DAMAGED, read_dataset
from data_modules.readers.volume import FloatArray, Volume

SEGMENTATION = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}  # Segmentation, Label Map Segmentation
MAX_SLICES = 5000  # of a stack with its empty frames


class DicomSeg:
    """One DICOM SEG object: binary, fractional or label map.

    Args:
        path: The file.

    Attributes:
        referenced: UIDs of the series and instances that it was drawn on.

    Raises:
        CaseError: If the file is not a readable segmentation.
    """

    def __init__(self, path: Path) -> None:
        dataset: Any = read_dataset(path)
        if dataset is None or str(dataset.get("SOPClassUID")) not in SEGMENTATION:
            raise CaseError(
                "E-SEG-01", "the mask is not a readable DICOM SEG, RTSTRUCT, NIfTI, NRRD or MetaImage file."
            )
        self._dataset = dataset
        try:
            series = {str(s.SeriesInstanceUID) for s in dataset.get("ReferencedSeriesSequence", [])}
            self.segments = [(int(s.SegmentNumber), str(s.SegmentLabel)) for s in dataset.SegmentSequence]
            self._kind = str(dataset.SegmentationType)
            self._frame_of_reference = str(dataset.get("FrameOfReferenceUID", ""))
            self._frames = [_Frame(flat, self._kind == "LABELMAP") for flat in flat_frames(dataset)]
            # a fraction counts from one half
            self._threshold = int(dataset.MaximumFractionalValue) / 2 if self._kind == "FRACTIONAL" else 1
        except DAMAGED:
            text = "the DICOM SEG lacks segments, or positions of its frames. Refused. Export it again."
            raise CaseError("E-SEG-01", text) from None
        self.referenced = frozenset(series | {f.source for f in self._frames if f.source})

    def mask(self, volume: Volume, label: str | None) -> npt.NDArray[np.bool_]:
        """Voxels of one segment.

        Args:
            volume: The CT.
            label: Segment label, or segment number; None if there is only one segment.

        Returns:
            Shape (Z, Y, X).

        Raises:
            CaseError: If the segment is missing or not unique, or does not lie on this CT.
        """
        # 0 is the background of a label map
        number = choose_number([(n, name) for n, name in self.segments if n != 0], label)
        check_same_patient_space(volume, self._frame_of_reference, self.referenced)
        frames = [
            (frame, pixels == number if frame.segment is None else pixels >= self._threshold)
            for frame, pixels in zip(self._frames, self._pixels, strict=True)
            if frame.segment in (number, None)
        ]
        if not all(frame.fits(volume) for frame, _ in frames):
            return resample_mask(_stacked(frames), volume)
        mask = np.zeros(volume.shape, dtype=np.bool_)
        for frame, pixels in frames:
            mask[tuple(frame.voxels(pixels, volume).T)] = True
        return mask

    def warnings(self, volume: Volume) -> tuple[str, ...]:
        """What is doubtful about the segmentation on this CT: a code and a sentence each."""
        found = list(other_series_warning(volume, self.referenced))
        if self._kind == "FRACTIONAL":
            kind = str(self._dataset.get("SegmentationFractionalType", "")).lower()
            kind = kind if kind in ("probability", "occupancy") else "of unknown kind"
            text = f"W-SEG-07 the segmentation is fractional ({kind}): voxels of at least one half were taken. Kept."
            found.append(text)
        off = [frame for frame in self._frames if not frame.fits(volume) or frame.off_grid(volume)[1:].max() > ON_GRID]
        return (*found, *(other_grid_warning(volume, frame.spacing_mm) for frame in off[:1]))

    @cached_property
    def _pixels(self) -> npt.NDArray[np.uint8]:
        """All frames, shape (frames, Y, X); decoded once for all lesions of a patient."""
        try:
            pixels: npt.NDArray[np.uint8] = self._dataset.pixel_array
            return pixels.reshape(len(self._frames), *pixels.shape[-2:])
        except DAMAGED:
            text = "the frames of the DICOM SEG cannot be decoded, or are not as many as their positions. Refused. "
            raise CaseError("E-SEG-01", text + "Export it uncompressed.") from None


class _Frame:
    """Place of one frame: `segment` is None in a label map; `source` is the UID of the CT slice, if it names one."""

    def __init__(self, flat: Any, is_label_map: bool) -> None:
        sources = flat.get("SourceImageSequence") or []
        self.segment = None if is_label_map else int(flat.ReferencedSegmentNumber)
        self.source = ""
        if len(sources) == 1:
            number = sources[0].get("ReferencedFrameNumber")
            self.source = str(sources[0].ReferencedSOPInstanceUID) + (f"/{number}" if number else "")
        self.origin = np.array(flat.ImagePositionPatient, dtype=np.float64)
        self.axes = np.array(flat.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
        y, x = map(float, flat.PixelSpacing)
        self.steps = self.axes[::-1] * np.array([[y], [x]])  # rows: world step of one pixel down, one pixel right
        self.between_mm = float(flat.get("SpacingBetweenSlices") or 0)
        self.spacing_mm = (self.between_mm or float(flat.get("SliceThickness") or 0), y, x)
        if (
            not np.isfinite([*self.origin, *self.axes.ravel(), *self.spacing_mm]).all()
            or self.origin.shape != (3,)
            or min(y, x) <= 0
        ):
            raise ValueError("three finite coordinates and a spacing expected")

    def off_grid(self, volume: Volume) -> FloatArray:
        """See `mask_grid.off_grid`."""
        return off_grid(volume, self.origin, self.steps)

    def fits(self, volume: Volume) -> bool:
        """Whether its pixels are as large as those of the CT, and it belongs to one slice alone."""
        off = self.off_grid(volume)
        drawn_on_it = bool(self.source) and self.source in volume.instance_uids
        same_spacing = (
            not self.between_mm or abs(self.between_mm - volume.spacing_mm[0]) < ON_GRID * volume.spacing_mm[0]
        )
        return bool(np.isfinite(off).all() and (drawn_on_it or (off[0] < ON_GRID and same_spacing)))

    def voxels(self, pixels: npt.NDArray[np.bool_], volume: Volume) -> npt.NDArray[np.intp]:
        """Voxel indices (n, 3) of the set pixels."""
        rows = np.flatnonzero(pixels.any(axis=1))  # first the few rows with a lesion: ten times as fast
        at = np.argwhere(pixels[rows])
        at[:, 0] = rows[at[:, 0]]
        index = np.rint(volume.index_of(self.origin + at @ self.steps)).astype(np.intp)
        if self.source and self.source in volume.instance_uids:
            index[:, 0] = volume.instance_uids.index(self.source)
        if (index < 0).any() or (index >= volume.shape).any():
            text = "the segmentation reaches outside the image. Refused. Check that mask and image belong together."
            raise CaseError("E-SEG-06", text)
        return index


def _stacked(frames: list[tuple[_Frame, npt.NDArray[np.bool_]]]) -> SimpleITK.Image:
    """Frames of any order as one image; left-out ones are empty.

    Raises:
        CaseError: If they do not form one straight stack.
    """
    first, pixels = frames[0]
    direction = np.stack([*first.axes, np.cross(*first.axes)], axis=1)
    at: FloatArray = np.array([frame.origin - first.origin for frame, _ in frames]) @ direction
    places = np.unique(at[:, 2].round(2))
    spacing = first.spacing_mm[0] or (np.diff(places).min() if len(places) > 1 else 1.0)
    slices = (at[:, 2] - places[0]) / spacing
    index = np.rint(slices).astype(int)
    straight = np.abs(at[:, :2]).max() < ON_GRID * min(first.spacing_mm[1:])
    alike = all(np.allclose(f.axes, first.axes, atol=1e-3) and f.spacing_mm == first.spacing_mm for f, _ in frames)
    if not (straight and alike) or np.abs(slices - index).max() > ON_GRID or index.max() > MAX_SLICES:
        text = (
            "the DICOM SEG lies on another grid than the CT, and its frames form no straight regular stack. Refused. "
        )
        raise CaseError("E-SEG-06", text + "Export the segmentation on the grid of the CT.")
    stack = np.zeros((index.max() + 1, *pixels.shape), dtype=np.uint8)
    for k, (_, set_pixels) in zip(index, frames, strict=True):
        stack[k] |= set_pixels
    image = SimpleITK.GetImageFromArray(stack)
    image.SetSpacing((first.spacing_mm[2], first.spacing_mm[1], float(spacing)))
    image.SetDirection(direction.ravel().tolist())
    image.SetOrigin((first.origin + direction[:, 2] * places[0]).tolist())
    return image
