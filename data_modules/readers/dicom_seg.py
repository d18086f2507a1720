"""DICOM SEG -> masks on the grid of the CT.

Frames come in any order and empty ones are left out, segments may overlap, and some writers flip the frames in-plane:
so every set pixel is carried through the patient's coordinates to its voxel (DICOM PS3.3 C.8.20, C.7.6.16.2.3).
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_modules.readers.case_error import CaseError
from data_modules.readers.slice_header import DAMAGED, read_dataset
from data_modules.readers.volume import FloatArray, Volume

SEGMENTATION = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}  # Segmentation, Label Map Segmentation
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"


def choose_label(labels: Sequence[str], label: str | None) -> str:
    """The label asked for, or the only one.

    Args:
        labels: Voxel values or segment numbers that are there. Segment names would be free text, and are not printed.
        label: The one asked for.

    Raises:
        CaseError: If it is not there, or none was asked for and there are several.
    """
    if not labels:
        raise CaseError("E-SEG-03", "the mask is empty. Refused. Check the export of the segmentation.")
    if label is None and len(labels) > 1:
        text = f"the mask holds several labels: {', '.join(labels)}. Refused. Name one in the column mask_label."
        raise CaseError("E-SEG-04", text)
    if label is not None and label not in labels:
        text = f"mask_label is not in the mask, which holds {', '.join(labels)}. Refused. Correct the manifest."
        raise CaseError("E-SEG-04", text)
    return label if label is not None else labels[0]


class DicomSeg:
    """One DICOM SEG object, binary or label map.

    Args:
        path: The file.

    Attributes:
        referenced: UIDs of the series and instances that it was drawn on.

    Raises:
        CaseError: If the file is not a readable segmentation.
    """

    def __init__(self, path: Path) -> None:
        dataset: Any = read_dataset(path)
        kind = "" if dataset is None else str(dataset.get("SOPClassUID", ""))
        if kind == RTSTRUCT:
            text = "the mask is an RTSTRUCT (contours), which is not read yet. Convert it to DICOM SEG or NIfTI."
            raise CaseError("E-SEG-01", text)
        if kind not in SEGMENTATION:
            raise CaseError("E-SEG-01", "the mask is not a readable DICOM SEG, NIfTI, NRRD or MetaImage file. Refused.")
        if dataset.get("SegmentationType") == "FRACTIONAL":
            text = "the DICOM SEG is fractional, which is not read yet. Export it as a binary segmentation."
            raise CaseError("E-SEG-01", text)
        self._dataset = dataset
        try:
            series = {str(s.SeriesInstanceUID) for s in dataset.get("ReferencedSeriesSequence", [])}
            self.segments = [(int(s.SegmentNumber), str(s.SegmentLabel)) for s in dataset.SegmentSequence]
            self._frames = [_frame(dataset, item) for item in dataset.PerFrameFunctionalGroupsSequence]
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
        number = self._number(label)
        self._check_same_patient_space(volume)
        mask = np.zeros(volume.shape, dtype=np.bool_)
        for frame, pixels in zip(self._frames, self._pixels, strict=True):
            if frame.segment in (number, None):
                index = frame.voxels(pixels == (1 if frame.segment else number), volume)
                mask[tuple(index.T)] = True
        return mask

    @cached_property
    def _pixels(self) -> npt.NDArray[np.uint8]:
        """All frames, shape (frames, Y, X); decoded once for all lesions of a patient."""
        try:
            pixels: npt.NDArray[np.uint8] = self._dataset.pixel_array
            return pixels.reshape(len(self._frames), *pixels.shape[-2:])
        except DAMAGED:
            text = "the frames of the DICOM SEG cannot be decoded. Refused. Export it uncompressed."
            raise CaseError("E-SEG-01", text) from None

    def _number(self, label: str | None) -> int:
        segments = {str(n): name for n, name in self.segments if n != 0}  # 0 is the background of a label map
        named = [n for n, name in segments.items() if name == label]
        if len(named) > 1:
            text = f"mask_label fits several segments. Refused. Give one of their numbers instead: {', '.join(named)}."
            raise CaseError("E-SEG-04", text)
        return int(named[0] if named else choose_label(list(segments), label))

    def _check_same_patient_space(self, volume: Volume) -> None:
        own = str(self._dataset.get("FrameOfReferenceUID", ""))
        drawn_on_it = not self.referenced.isdisjoint(volume.instance_uids)
        if volume.frame_of_reference and own != volume.frame_of_reference and not drawn_on_it:
            text = "the segmentation refers to another series and another frame of reference than the image. Refused. "
            raise CaseError("E-SEG-02", text + "Point the column image to the series that was segmented.")


class _Frame:
    """Place of one frame: `segment` is None in a label map; `source` is the UID of the CT slice, if it names one."""

    def __init__(
        self, segment: int | None, source: str, origin: FloatArray, axes: FloatArray, spacing: FloatArray
    ) -> None:
        self.segment = segment
        self.source = source
        self.origin = origin
        self.steps = axes * spacing[:, None]  # rows: world step of one pixel down, one pixel right

    def voxels(self, pixels: npt.NDArray[np.bool_], volume: Volume) -> npt.NDArray[np.intp]:
        """Voxel indices (n, 3) of the set pixels."""
        ends = volume.index_of(self.origin + np.vstack([np.zeros(3), self.steps]))
        if not np.allclose(np.abs(ends[1:] - ends[0]).sum(axis=1), 1, atol=0.01):
            text = "the DICOM SEG has another pixel spacing or orientation than the CT, which is not read yet. "
            raise CaseError("E-SEG-06", text + "Export the segmentation on the grid of the CT.")
        rows = np.flatnonzero(pixels.any(axis=1))  # first the few rows with a lesion: ten times as fast
        at = np.argwhere(pixels[rows])
        at[:, 0] = rows[at[:, 0]]
        index = volume.index_of(self.origin + at @ self.steps)
        if self.source in volume.instance_uids:
            index[:, 0] = volume.instance_uids.index(self.source)
        rounded = np.rint(index).astype(np.intp)
        if (rounded < 0).any() or (rounded >= volume.shape).any():
            text = "the segmentation reaches outside the image. Refused. Check that mask and image belong together."
            raise CaseError("E-SEG-06", text)
        return rounded


def _frame(dataset: Any, item: Any) -> _Frame:
    shared = dataset.SharedFunctionalGroupsSequence[0]

    def group(name: str) -> Any:
        return (item.get(name) or shared.get(name) or [None])[0]

    segment, derivation = group("SegmentIdentificationSequence"), group("DerivationImageSequence")
    sources = derivation.get("SourceImageSequence", []) if derivation else []
    orientation = np.array(group("PlaneOrientationSequence").ImageOrientationPatient, dtype=np.float64)
    return _Frame(
        segment=int(segment.ReferencedSegmentNumber) if segment else None,
        source=str(sources[0].ReferencedSOPInstanceUID) if len(sources) == 1 else "",
        origin=np.array(group("PlanePositionSequence").ImagePositionPatient, dtype=np.float64),
        axes=orientation.reshape(2, 3)[::-1],
        spacing=np.array(group("PixelMeasuresSequence").PixelSpacing, dtype=np.float64),
    )
