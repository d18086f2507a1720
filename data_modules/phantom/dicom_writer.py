"""One phantom patient as DICOM: a CT series and a segmentation, honestly labelled; same seed, same bytes."""

import uuid
from pathlib import Path

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom import Dataset, FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from data_modules.phantom.plan import LesionPlan, PatientPlan
from data_modules.phantom.scan import Scan

SERIES_DESCRIPTION = "SYNTHETIC DIGITAL PHANTOM - NOT A PATIENT"
DATE, TIME = "20180301", "120000"  # fixed, or two runs would differ
TYPES = {
    "cyst": codes.SCT.Cyst,
    "metastasis": codes.SCT.NeoplasmSecondary,
    "hemangioma": codes.SCT.Hemangioma,
}


def uid(*parts: object) -> UID:
    """A UID under the root 2.25, derived from the parts alone (a name-based UUID, as DICOM PS3.5 B.2 allows)."""
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '/'.join(['liverlab-phantom', *map(str, parts)])).int}")


def write_ct(folder: Path, scan: Scan, patient: PatientPlan, key: str) -> list[FileDataset]:
    """Write one file per slice, the uppermost first, and return the slices in ascending z.

    Args:
        folder: Receives IM0001.dcm and so on.
        scan: Pixels and geometry.
        patient: Gives the number in the patient's name.
        key: Text that names this patient of this cohort; all UIDs derive from it.
    """
    folder.mkdir(parents=True)
    datasets = [_ct_slice(scan, k, patient, key) for k in range(len(scan.hu))]
    for dataset in datasets:
        dataset.save_as(folder / f"IM{dataset.InstanceNumber:04d}.dcm", enforce_file_format=True)
    return datasets


def _ct_slice(scan: Scan, k: int, patient: PatientPlan, key: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = uid(key, "slice", k)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    _identify(dataset, patient, key)
    _place(dataset, scan, k)
    _store(dataset, scan.hu[k], intercept=-1024 if patient.number % 2 else 0)
    return dataset


def _identify(dataset: Dataset, patient: PatientPlan, key: str) -> None:
    """Who and what: every free field says that this is no patient."""
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = DATE
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = TIME
    dataset.PatientName = f"LIVERLAB^PHANTOM^{patient.number:04d}"
    dataset.PatientID = patient.patient_id
    dataset.PatientBirthDate = dataset.PatientSex = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid(key, "study"), uid(key, "series")
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = uid(key, "frame"), ""
    dataset.StudyID, dataset.SeriesNumber, dataset.AcquisitionNumber = "1", 1, 1
    dataset.Modality, dataset.Manufacturer, dataset.ManufacturerModelName = "CT", "liverlab", "digital phantom"
    dataset.StudyDescription = dataset.SeriesDescription = SERIES_DESCRIPTION
    dataset.QualityControlImage = "YES"
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "00"
    dataset.BodyPartExamined, dataset.PatientPosition, dataset.KVP = "ABDOMEN", "HFS", None


def _place(dataset: Dataset, scan: Scan, k: int) -> None:
    """Geometry in LPS: axial, feet to head with growing k; instances count from the head."""
    x, y, z = scan.origin_mm
    height = round(z + k * scan.body.thickness_mm, 2)
    dataset.InstanceNumber = len(scan.hu) - k
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient, dataset.SliceLocation = [x, y, height], height
    dataset.PixelSpacing = [scan.body.spacing_mm, scan.body.spacing_mm]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = scan.body.thickness_mm


def _store(dataset: Dataset, hu: npt.NDArray[np.int16], intercept: int) -> None:
    """Pixels as int16; both usual intercepts occur in a cohort."""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = hu.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, intercept, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 70, 340
    dataset.PixelData = (hu - np.int16(intercept)).astype("<i2").tobytes()


def write_seg(path: Path, scan: Scan, patient: PatientPlan, slices: list[FileDataset], key: str) -> None:
    """Write one binary DICOM SEG with a segment per lesion; slices and masks ascend in z together."""
    seg = hd.seg.Segmentation(
        source_images=slices,
        pixel_array=np.stack(scan.masks, axis=-1).astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_describe(i, lesion, key) for i, lesion in enumerate(patient.lesions, start=1)],
        series_instance_uid=uid(key, "seg series"),
        series_number=2,
        sop_instance_uid=uid(key, "seg"),
        instance_number=1,
        manufacturer="liverlab",
        manufacturer_model_name="digital phantom",
        software_versions="1",
        device_serial_number="0",
        content_label="LESIONS",
        content_description="True lesion masks of a digital phantom",
        series_description=SERIES_DESCRIPTION,
    )
    _fix_times_and_uids(seg, key)
    seg.QualityControlImage = "YES"
    seg.save_as(path)


def _describe(number: int, lesion: LesionPlan, key: str) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=lesion.lesion_id,
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=TYPES[lesion.class_name],
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="liverlab digital phantom", version="1", family=Code("TRUTH", "99LIVERLAB", "Known by construction")
        ),
        tracking_uid=uid(key, lesion.lesion_id),
        tracking_id=lesion.lesion_id,
    )


def _fix_times_and_uids(seg: Dataset, key: str) -> None:
    """Replace what highdicom takes from the clock or from chance."""
    fixed = {"DA": DATE, "TM": TIME, "DT": DATE + TIME}
    for element in seg.iterall():
        if element.VR in fixed and element.value:
            element.value = fixed[element.VR]
        elif element.keyword == "DimensionOrganizationUID":
            element.value = uid(key, "dimensions")
