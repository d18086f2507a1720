"""The few DICOM attributes of a CT slice that the reader needs; nothing that names a patient is read."""

import math
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import UID

from data_modules.readers.case_error import CaseError
from data_modules.readers.functional_groups import flat_frames

# CT, Enhanced CT (multi-frame) and Legacy Converted Enhanced CT
CT_IMAGES = {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"}
# what pydicom raises on damaged files (found by changing bytes at random), on reading or on first use of a value
DAMAGED = (
    *(InvalidDicomError, BytesLengthException, struct.error, EOFError, OSError, RuntimeError, NotImplementedError),
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
)
PIXEL_FORMAT = ("SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")
TAGS = [
    *("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "AcquisitionNumber", "ImageType"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "Rows", "Columns"),
    *("RescaleSlope", "RescaleIntercept", "PixelPaddingValue", "PixelPaddingRangeLimit", *PIXEL_FORMAT),
    *("PhotometricInterpretation", "BurnedInAnnotation", "NumberOfFrames"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]

ACQUISITION = ("AcquisitionNumber", "FrameAcquisitionNumber", "TemporalPositionIndex", "StackID")


@dataclass(frozen=True)
class SliceHeader:
    """One CT slice without its pixels; positions and spacings in mm, spacing as (y, x).

    Attributes of a multi-frame file: `frame` counts its frames from 0, and is None for a file with a single slice;
    `instance_uid` is that of the slice before its conversion, or else UID/frame, counted from 1 as in DICOM.
    """

    path: Path
    frame: int | None
    series_uid: str
    instance_uid: str
    frame_of_reference: str
    acquisition: str
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, ...]
    shape: tuple[int, int]
    thickness_mm: float
    rescale: tuple[float, float]
    inverted: bool
    padding_hu: tuple[float, float] | None
    transfer_syntax: str


def read_headers(path: Path) -> list[SliceHeader]:
    """Read the headers of all CT slices in a folder (and its subfolders), or of one file.

    Localizers and objects that are not CT images (SEG, SR, dose reports, secondary captures) are left out, and so are
    files of other kinds: but nothing that may be a damaged slice, since the first or last one would not be missed.

    Raises:
        CaseError: If there is no CT slice, or one that cannot be read.
    """
    # dot files are what macOS leaves beside copied ones
    files = sorted(p for p in path.rglob("[!.]*") if p.is_file()) if path.is_dir() else [path]
    files = [file for file in files if file.name.upper() != "DICOMDIR"]
    headers: list[SliceHeader] = []
    unreadable, unknown_series, others = set[str](), set[str](), Counter[str]()
    for file in files:
        dataset = read_dataset(file, TAGS)
        kind = "" if dataset is None else str(dataset.get("SOPClassUID", ""))
        if dataset is None or not UID(kind).is_valid or not dataset.get("SeriesInstanceUID"):
            unreadable |= {_suffix(file)} if _is_binary(file) else set()
        elif kind in CT_IMAGES and "LOCALIZER" not in (dataset.get("ImageType") or []):
            headers += _slice_headers(file, dataset)
        else:
            others["localizer" if kind in CT_IMAGES else kind] += 1
            if UID(kind).name == kind:  # private, or damaged
                unknown_series.add(str(dataset.get("SeriesInstanceUID")))
    if unreadable & {".dcm", *(_suffix(h.path) for h in headers)}:
        raise CaseError("E-DCM-01", "a file is not readable as DICOM. Refused. Export or copy the series again.")
    if not unknown_series.isdisjoint(h.series_uid for h in headers):
        text = "a file of the CT series is of an unknown kind, perhaps damaged. Refused. Export the series again."
        raise CaseError("E-DCM-01", text)
    if not headers:
        raise _no_slices(others)
    return headers


def _is_binary(file: Path) -> bool:
    """Whether a file is no text; an interrupted copy may be empty, or full of zeros."""
    try:
        with file.open("rb") as opened:
            start = opened.read(1024)
    except OSError:  # its message has the path
        text = "a file beside the slices cannot be opened. Refused. Check who may read it, and the disk."
        raise CaseError("E-DCM-01", text) from None
    return not start or b"\0" in start


def _suffix(file: Path) -> str:
    """What a file's name ends with, in the sense of a format: numbers and parts of UIDs are none."""
    return "" if file.suffix[1:].isdigit() else file.suffix.lower()


def read_dataset(path: Path, tags: list[str] | None = None) -> pydicom.FileDataset | None:
    """Read a DICOM file, or without its pixels only some attributes; None if it is not DICOM."""
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=tags is not None, specific_tags=list(tags or []) or None)
        list(dataset)  # values are decoded on first use: now, where damage is expected
    except DAMAGED:
        return None
    return dataset


def _no_slices(others: Counter[str]) -> CaseError:
    names = {uid: uid if uid == "localizer" else UID(uid).name for uid in others}
    # an unregistered UID is its own name, and may be private
    found = ", ".join(f"{n} x {names[uid]}" for uid, n in others.items() if uid == "localizer" or names[uid] != uid)
    text = f"no CT slices where the image should be; found: {found or 'nothing that is DICOM'}. Point to the CT series."
    return CaseError("E-DCM-02", text)


def _slice_headers(path: Path, dataset: Any) -> list[SliceHeader]:
    if dataset.get("BurnedInAnnotation") == "YES":
        text = "a slice says that writing is burned into its pixels. Refused: it may name a patient."
        raise CaseError("E-PRV-01", text)
    if dataset.get("PhotometricInterpretation") not in ("MONOCHROME1", "MONOCHROME2"):
        raise CaseError("E-HU-04", "a slice is not stored in grey values (MONOCHROME). Refused. Use the original CT.")
    try:
        samples, allocated, stored, high, signed = (int(dataset[name].value) for name in PIXEL_FORMAT)
        if samples != 1 or not high + 1 == stored <= allocated or signed not in (0, 1):
            raise ValueError("one sample in the low bits expected")  # a decoder would guess
        if "PerFrameFunctionalGroupsSequence" not in dataset:
            return [_slice_header(path, dataset, dataset, None)]
        frames = flat_frames(dataset)
        if len(frames) != int(dataset.NumberOfFrames):
            raise ValueError("as many groups as frames expected")
        return [_slice_header(path, dataset, frame, k) for k, frame in enumerate(frames)]
    except DAMAGED:
        text = "a slice lacks a valid position, orientation, pixel spacing, pixel format, rescale or transfer syntax. "
        raise CaseError("E-GEO-01", text + "Refused. Export the original CT series.") from None


def _slice_header(path: Path, dataset: Any, frame: Any, number: int | None) -> SliceHeader:
    """`frame` holds what may differ from frame to frame; it is the dataset itself in a single-frame file."""
    uid = str(dataset.SOPInstanceUID)
    if number is not None:
        uid = str(frame.get("ReferencedSOPInstanceUID") or f"{uid}/{number + 1}")
    rescale = _floats([frame.RescaleSlope, frame.RescaleIntercept], 2)
    acquisition = [str(frame.get(name, "")) for name in ACQUISITION]
    return SliceHeader(
        path=path,
        frame=number,
        series_uid=str(dataset.SeriesInstanceUID),
        instance_uid=uid,
        frame_of_reference=str(dataset.get("FrameOfReferenceUID", "")),
        acquisition=" ".join(filter(None, acquisition)),
        position=_floats(frame.ImagePositionPatient, 3),
        orientation=_floats(frame.ImageOrientationPatient, 6),
        spacing_mm=_floats(frame.PixelSpacing, 2),
        shape=(int(dataset.Rows), int(dataset.Columns)),
        thickness_mm=_floats([frame.get("SliceThickness") or 0], 1)[0],
        rescale=(rescale[0], rescale[1]),
        inverted=dataset.PhotometricInterpretation == "MONOCHROME1",
        padding_hu=_padding(dataset, *rescale),
        transfer_syntax=str(dataset.file_meta.TransferSyntaxUID),
    )


def _floats(values: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(float(x) for x in values)
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{count} finite numbers expected")
    return numbers


def _padding(dataset: Any, slope: float, intercept: float) -> tuple[float, float] | None:
    """The padding range in HU."""
    if dataset.get("PixelPaddingValue") is None:
        return None
    ends = (dataset.PixelPaddingValue, dataset.get("PixelPaddingRangeLimit", dataset.PixelPaddingValue))
    low, high = sorted(slope * int(x) + intercept for x in ends)
    return low, high
