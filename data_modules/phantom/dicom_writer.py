"""One phantom series as DICOM: CT slices and segmentations, honestly labelled; same seed, same bytes."""

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom import Dataset, FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from data_modules.phantom.plan import PatientPlan
from data_modules.phantom.scan import Scan

SERIES_DESCRIPTION = "SYNTHETIC DIGITAL PHANTOM - NOT A PATIENT"
DATE, TIME = "20180301", "120000"  # fixed, or two runs would differ
PIXEL_DATA = 0x7FE00010
LESION, ORGAN = codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.AnatomicalStructure
TYPES = {
    "cyst": codes.SCT.Cyst,
    "metastasis": codes.SCT.NeoplasmSecondary,
    "hemangioma": codes.SCT.Hemangioma,
}
# A standard code, since a validator warns of a private one; no code says "known by construction".
ALGORITHM = hd.AlgorithmIdentificationSequence(name="liverlab digital phantom", version="1", family=codes.DCM.Phantom)


@dataclass(frozen=True)
class SeriesName:
    """What tells a series from all others.

    Attributes:
        patient: Gives names and the rescale intercept.
        cohort: Text that names the cohort; all UIDs derive from it, the patient and the number.
        number: Of the series within the patient, from 1.
    """

    patient: PatientPlan
    cohort: str
    number: int

    def study_uid(self, *parts: object) -> UID:
        """A UID that the patient's series share (a name-based UUID under 2.25, as DICOM PS3.5 B.2 allows)."""
        name = "/".join(["liverlab-phantom", self.cohort, self.patient.patient_id, *map(str, parts)])
        return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}")

    def uid(self, *parts: object) -> UID:
        """A UID of this series alone."""
        return self.study_uid(self.number, *parts)


def write_series(folder: Path, scan: Scan, name: SeriesName) -> None:
    """Write `CT/IM0001.dcm` and so on, `SEG.dcm` and, where the scan knows its liver, `LIVER.dcm`.

    Args:
        folder: Must exist.
        scan: Pixels, masks and geometry.
        name: What the headers and UIDs derive from.
    """
    slices = _write_ct(folder / "CT", scan, name)
    lesions = [
        _segment(i, truth.plan.lesion_id, LESION, TYPES[truth.plan.class_name], name)
        for i, truth in enumerate(scan.lesions, start=1)
    ]
    _write_seg(folder / "SEG.dcm", scan.masks, lesions, slices, name, "LESIONS")
    if scan.liver is not None:
        liver = [_segment(1, "liver", ORGAN, codes.SCT.Liver, name)]
        _write_seg(folder / "LIVER.dcm", [scan.liver], liver, slices, name, "LIVER")


def _write_ct(folder: Path, scan: Scan, name: SeriesName) -> list[FileDataset]:
    """Write one file per slice, the uppermost first, and return the slices in ascending z."""
    folder.mkdir()
    common = Dataset()
    _identify(common, name)
    _describe_pixels(common, scan, intercept=-1024 if name.patient.number % 2 else 0)
    datasets = [_ct_slice(common, scan, k, name) for k in range(len(scan.hu))]
    for dataset in datasets:
        _save(dataset, folder / f"IM{dataset.InstanceNumber:04d}.dcm")
    return datasets


def _identify(dataset: Dataset, name: SeriesName) -> None:
    """Who and what: every free field says that this is no patient."""
    patient_id = name.patient.patient_id
    dataset.SOPClassUID = CTImageStorage
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = DATE
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = TIME
    dataset.PatientName, dataset.PatientID = f"LIVERLAB^PHANTOM^{patient_id.removeprefix('P')}", patient_id
    dataset.PatientBirthDate = dataset.PatientSex = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = name.study_uid("study"), name.uid("series")
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = name.uid("frame"), ""
    dataset.StudyID, dataset.SeriesNumber, dataset.AcquisitionNumber = "1", 3 * name.number - 2, name.number
    dataset.Modality, dataset.Manufacturer, dataset.ManufacturerModelName = "CT", "liverlab", "digital phantom"
    dataset.StudyDescription = dataset.SeriesDescription = SERIES_DESCRIPTION
    dataset.QualityControlImage = "YES"
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "00"
    dataset.BodyPartExamined, dataset.PatientPosition, dataset.KVP = "ABDOMEN", "HFS", None


def _describe_pixels(dataset: Dataset, scan: Scan, intercept: int) -> None:
    """Pixels as int16, axial in LPS; both usual intercepts occur in a cohort."""
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [scan.body.spacing_mm, scan.body.spacing_mm]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = scan.body.thickness_mm
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = scan.hu.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, intercept, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 70, 340


def _ct_slice(common: Dataset, scan: Scan, k: int, name: SeriesName) -> FileDataset:
    """One slice, feet to head with growing k; instances count from the head."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = name.uid("slice", k)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    # the elements are shared between the slices: nothing that `common` holds may be set on one of them
    dataset = FileDataset("", {element.tag: element for element in common}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.InstanceNumber = len(scan.hu) - k
    x, y, z = scan.origin_mm
    dataset.SliceLocation = round(z + k * scan.body.thickness_mm, 2)
    dataset.ImagePositionPatient = [x, y, dataset.SliceLocation]
    pixels = scan.hu[k] - np.int16(common.RescaleIntercept)
    dataset.add_new(PIXEL_DATA, "OW", pixels.astype("<i2").tobytes())
    return dataset


def _write_seg(
    path: Path,
    masks: Sequence[npt.NDArray[np.bool_]],
    segments: Sequence[hd.seg.SegmentDescription],
    slices: Sequence[FileDataset],
    name: SeriesName,
    label: str,
) -> None:
    """Write one binary DICOM SEG with a segment per mask; slices and masks ascend in z together."""
    seg = hd.seg.Segmentation(
        source_images=slices,
        pixel_array=np.stack(masks, axis=-1).astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=segments,
        series_instance_uid=name.uid(label, "series"),
        series_number=3 * name.number - (label == "LESIONS"),
        sop_instance_uid=name.uid(label),
        instance_number=1,
        manufacturer="liverlab",
        manufacturer_model_name="digital phantom",
        software_versions="1",
        device_serial_number="0",
        content_label=label,
        content_description="True masks of a digital phantom",
        series_description=SERIES_DESCRIPTION,
    )
    _fix_times_and_uids(seg, name.uid(label, "dimensions"))
    seg.QualityControlImage = "YES"
    _save(seg, path)


def _save(dataset: FileDataset, path: Path) -> None:
    """Encode, then write: writing itself, pydicom hides that a disk is full."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    path.write_bytes(buffer.getvalue())


def _segment(number: int, label: str, category: Dataset, kind: Dataset, name: SeriesName) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=ALGORITHM,
        tracking_uid=name.study_uid(label),
        tracking_id=label,
    )


def _fix_times_and_uids(seg: Dataset, dimensions: UID) -> None:
    """Replace what highdicom takes from the clock or from chance."""
    fixed = {"DA": DATE, "TM": TIME, "DT": DATE + TIME}
    for element in seg.iterall():
        if element.VR in fixed and element.value:
            element.value = fixed[element.VR]
        elif element.keyword == "DimensionOrganizationUID":
            element.value = dimensions
