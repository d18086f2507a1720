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

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MULTIFRAME_CT = {"1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"}  # Enhanced CT and its legacy conversion
# what pydicom raises on damaged files (found by changing bytes at random), on reading or on first use of a value
DAMAGED = (
    *(InvalidDicomError, BytesLengthException, struct.error, EOFError, OSError, RuntimeError, NotImplementedError),
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
)
TAGS = [
    *("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "AcquisitionNumber", "ImageType"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "Rows", "Columns"),
    *("RescaleSlope", "RescaleIntercept", "PixelPaddingValue", "PixelPaddingRangeLimit", "PixelRepresentation"),
    *("PhotometricInterpretation", "BurnedInAnnotation"),
]


@dataclass(frozen=True)
class SliceHeader:
    """One CT slice without its pixels; positions and spacings in mm, spacing as (y, x)."""

    path: Path
    series_uid: str
    instance_uid: str
    frame_of_reference: str
    acquisition: str
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, ...]
    shape: tuple[int, int]
    thickness_mm: float
    padding_hu: tuple[float, float] | None
    transfer_syntax: str


def read_headers(path: Path) -> list[SliceHeader]:
    """Read the headers of all CT slices in a folder (and its subfolders), or of one file.

    Localizers and objects that are not CT images (SEG, SR, dose reports, secondary captures) are left out.

    Raises:
        CaseError: If there is no single-frame CT slice, or a `.dcm` file or a CT header cannot be read.
    """
    # dot files are what macOS leaves beside copied ones
    files = sorted(p for p in path.rglob("[!.]*") if p.is_file()) if path.is_dir() else [path]
    headers, others = [], Counter[str]()
    for file in files:
        dataset = read_dataset(file, TAGS)
        if dataset is None:
            if file.suffix.lower() == ".dcm":
                raise CaseError("E-DCM-01", "a .dcm file is not readable as DICOM. Refused. Export the series again.")
            continue
        kind = str(dataset.get("SOPClassUID", ""))
        if kind == CT_IMAGE and "LOCALIZER" not in dataset.get("ImageType", []):
            headers.append(_slice_header(file, dataset))
        else:
            others["localizer" if kind == CT_IMAGE else kind] += 1
    if not headers:
        raise _no_slices(others)
    return headers


def read_dataset(path: Path, tags: list[str] | None = None) -> pydicom.FileDataset | None:
    """Read a DICOM file, or without its pixels only some attributes; None if it is not DICOM."""
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=tags is not None, specific_tags=list(tags or []) or None)
        list(dataset)  # values are decoded on first use: now, where damage is expected
    except DAMAGED:
        return None
    return dataset


def _no_slices(others: Counter[str]) -> CaseError:
    if MULTIFRAME_CT & others.keys():
        text = "the CT is one multi-frame object (Enhanced CT), which is not read yet. Export it as single slices."
        return CaseError("E-DCM-04", text)
    names = {uid: UID(uid).name for uid in others}
    # an unregistered UID is its own name, and may be private
    found = ", ".join(f"{n} x {names[uid]}" for uid, n in others.items() if uid == "localizer" or names[uid] != uid)
    text = f"no CT slices where the image should be; found: {found or 'nothing that is DICOM'}. Point to the CT series."
    return CaseError("E-DCM-02", text)


def _slice_header(path: Path, dataset: Any) -> SliceHeader:
    if dataset.get("BurnedInAnnotation") == "YES":
        text = "a slice says that writing is burned into its pixels. Refused: it may name a patient."
        raise CaseError("E-PRV-01", text)
    if dataset.get("PhotometricInterpretation") != "MONOCHROME2":
        raise CaseError("E-HU-04", "a slice is not stored as MONOCHROME2 grey values. Refused. Export the original CT.")
    try:
        return SliceHeader(
            path=path,
            series_uid=str(dataset.SeriesInstanceUID),
            instance_uid=str(dataset.SOPInstanceUID),
            frame_of_reference=str(dataset.get("FrameOfReferenceUID", "")),
            acquisition=str(dataset.get("AcquisitionNumber", "")),
            position=_floats(dataset.ImagePositionPatient, 3),
            orientation=_floats(dataset.ImageOrientationPatient, 6),
            spacing_mm=_floats(dataset.PixelSpacing, 2),
            shape=(int(dataset.Rows), int(dataset.Columns)),
            thickness_mm=float(dataset.get("SliceThickness") or 0),
            padding_hu=_padding(dataset),
            transfer_syntax=str(dataset.file_meta.TransferSyntaxUID),
        )
    except DAMAGED:
        text = "a slice lacks a valid position, orientation, pixel spacing, rescale or transfer syntax. Refused. "
        raise CaseError("E-GEO-01", text + "Export the original CT series.") from None


def _floats(values: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(float(x) for x in values)
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{count} finite numbers expected")
    return numbers


def _padding(dataset: Any) -> tuple[float, float] | None:
    """The padding range in HU; also proves that slope and intercept are there."""
    slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    if dataset.get("PixelPaddingValue") is None:
        return None
    ends = (dataset.PixelPaddingValue, dataset.get("PixelPaddingRangeLimit", dataset.PixelPaddingValue))
    low, high = sorted(slope * int(x) + intercept for x in ends)
    return low, high
