"""Generated images as DICOM Secondary Capture (PS3.3 A.8.1): of modality OT, so that no reader of CT takes them.

Same images and words, same bytes: nothing is taken from the clock or from chance.
"""

import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom import FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pydicom.valuerep import DSfloat

TOP = 4095  # 12 bits: a 340 HU window in steps of .08 HU
DATE, TIME = "20180301", "120000"  # fixed, or two runs would differ; importers want a date
SHORT, LONG = 64, 1024  # characters of VR LO and ST


@dataclass(frozen=True, kw_only=True)
class CaptureSeries:
    """What the images of one class share.

    Attributes:
        generator: Names the generator, among all others.
        software: E.g. "liverlab 0.1.0".
        class_name: What the images show.
        number: Of the series, from 1.
        derivation: How the images came about, in words.
        window_hu: HU of the values 0 and 1; None where values mean no HU.
    """

    generator: str
    software: str
    class_name: str
    number: int
    derivation: str
    window_hu: tuple[float, float] | None


def secondary_captures(images: npt.NDArray[np.float32], series: CaptureSeries) -> Iterator[bytes]:
    """One DICOM file per image.

    Args:
        images: Values in (0, 1), shape (N, H, W).
        series: What they share.
    """
    for number, image in enumerate(images, start=1):
        pixels = np.rint(np.clip(image, 0, 1) * TOP).astype("<u2")
        # the pixels enter the name: two different images never share a UID, whatever was drawn with them
        dataset = _blank(_uid(series.derivation, number, pixels.tobytes().hex()))
        _identify(dataset, series)
        _describe(dataset, series)
        dataset.InstanceNumber = number
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.PixelData = pixels.tobytes()
        buffer = io.BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        yield buffer.getvalue()


def _uid(*parts: object) -> UID:
    """A name-based UUID under 2.25, as PS3.5 B.2 allows."""
    name = "/".join(["liverlab-sample", *map(str, parts)])
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}")


def _blank(uid: UID) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, uid
    return dataset


def _identify(dataset: FileDataset, series: CaptureSeries) -> None:
    """Who and what: every field that a viewer shows says that this is no patient."""
    dataset.SpecificCharacterSet = "ISO_IR 192"  # UTF-8, for names of classes
    dataset.PatientName, dataset.PatientID = "SYNTHETIC^LIVERLAB", f"SYNTHETIC-{series.generator}"[:SHORT]
    dataset.PatientBirthDate = dataset.PatientSex = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID, dataset.PatientOrientation = DATE, TIME, "1", ""
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = _uid(series.generator), _uid(series.derivation)
    dataset.StudyDescription = "SYNTHETIC IMAGES - NOT A PATIENT - NOT FOR CLINICAL USE"
    dataset.SeriesDescription = f"SYNTHETIC - NOT A PATIENT - {series.class_name}"[:SHORT]
    dataset.Modality, dataset.SeriesNumber, dataset.ConversionType = "OT", series.number, "SYN"
    dataset.BodyPartExamined = "ABDOMEN"
    dataset.SecondaryCaptureDeviceManufacturer = dataset.Manufacturer = "liverlab"
    dataset.SecondaryCaptureDeviceManufacturerModelName = series.generator[:SHORT]
    dataset.SecondaryCaptureDeviceSoftwareVersions = series.software
    dataset.ImageType, dataset.DerivationDescription = ["DERIVED", "SECONDARY"], series.derivation[:LONG]
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "00"
    dataset.QualityControlImage = "YES"


def _describe(dataset: FileDataset, series: CaptureSeries) -> None:
    """Pixels in 12 bits, with their HU where they have any; no size in mm, since an ROI scales with its lesion."""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    if series.window_hu:
        low, high = series.window_hu
        dataset.RescaleSlope, dataset.RescaleIntercept = DSfloat((high - low) / TOP, auto_format=True), low
        dataset.RescaleType = "HU"
        dataset.WindowCenter, dataset.WindowWidth = (low + high) / 2, high - low
