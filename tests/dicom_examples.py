"""Small DICOM CT series, DICOM SEGs and manifests for the tests of the readers."""

import copy
import csv

import highdicom as hd
import numpy as np
import pydicom
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

NAME = "Mustermann^Erika"
PATIENT = "MRN-4711-ERIKA"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def body(shape=(8, 64, 64), lesions=()):
    """HU of a soft-tissue square in air with spheres (z, y, x, radius in voxels, HU), and one mask per sphere."""
    hu = np.full(shape, -1000, dtype=np.int16)
    hu[:, 4:-4, 4:-4] = 100
    z, y, x = np.indices(shape)
    masks = []
    for cz, cy, cx, radius, value in lesions:
        masks.append((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= radius**2)
        hu[masks[-1]] = value
    return hu, masks


def write_ct(
    folder,
    hu,
    spacing_mm=(2.5, 0.8, 0.7),
    origin_mm=(-20.0, -30.0, -50.0),
    orientation=AXIAL,
    names=lambda k: f"{k:03d}.dcm",
    series_uid=None,
    intercept=-1024,
    change=lambda k, dataset: None,
):
    """Write a CT series, one file per slice, along the slice normal; `change` edits a slice before it is saved."""
    folder.mkdir(parents=True, exist_ok=True)
    series_uid, frame_uid, study_uid = series_uid or generate_uid(), generate_uid(), generate_uid()
    normal = np.cross(orientation[:3], orientation[3:])
    for k, pixels in enumerate(hu):
        ds = pydicom.Dataset()
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID, ds.SOPInstanceUID = pydicom.uid.CTImageStorage, generate_uid()
        ds.SeriesInstanceUID, ds.StudyInstanceUID, ds.FrameOfReferenceUID = series_uid, study_uid, frame_uid
        ds.Modality, ds.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = NAME, PATIENT, "19500713", "F"
        ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.StudyID = "20190304", "1200", "ACC998877", "1"
        ds.InstitutionName, ds.Manufacturer = "Klinikum Musterstadt", "ACME"
        ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = 1, k + 1, 1
        ds.Rows, ds.Columns = pixels.shape
        ds.PixelSpacing, ds.SliceThickness = [spacing_mm[1], spacing_mm[2]], spacing_mm[0]
        ds.ImageOrientationPatient = list(orientation)
        ds.ImagePositionPatient = [round(float(x), 6) for x in np.array(origin_mm) + k * spacing_mm[0] * normal]
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, intercept, "HU"
        ds.PixelData = (pixels.astype(np.int32) - intercept).astype(np.int16).tobytes()
        change(k, ds)
        ds.save_as(folder / names(k), enforce_file_format=True)


def read_slices(ct_folder):
    """The slices of `write_ct`, sorted along z."""
    slices = [pydicom.dcmread(p) for p in ct_folder.glob("*.dcm")]
    return sorted(slices, key=lambda ds: float(ds.ImagePositionPatient[2]))


def write_enhanced_ct(path, ct_folder, order=None, change=lambda ds: None):
    """Write the slices of `ct_folder` as one multi-frame CT by highdicom; frame i shows slice order[i]."""
    slices = read_slices(ct_folder)
    enhanced = hd.legacy.LegacyConvertedEnhancedCTImage(slices, generate_uid(), 3, generate_uid(), 1)
    items = list(enhanced.PerFrameFunctionalGroupsSequence)
    frames = np.frombuffer(enhanced.PixelData, np.uint8).reshape(len(items), -1)
    upwards = np.argsort([item.PlanePositionSequence[0].ImagePositionPatient[2] for item in items])
    wanted = upwards[list(order or range(len(items)))]
    enhanced.PerFrameFunctionalGroupsSequence = [copy.deepcopy(items[k]) for k in wanted]
    enhanced.PixelData, enhanced.NumberOfFrames = frames[wanted].tobytes(), len(wanted)
    change(enhanced)
    enhanced.save_as(path)


def write_rtstruct(path, ct_folder, rois, change=lambda ds: None):
    """Write an RTSTRUCT of `rois`: name -> contours (slice number or None, world points (n, 3))."""
    slices = read_slices(ct_folder)
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = pydicom.uid.RTStructureSetStorage, generate_uid()
    ds.Modality, ds.PatientName, ds.PatientID, ds.StructureSetLabel = "RTSTRUCT", NAME, PATIENT, "test"
    ds.SeriesInstanceUID, ds.StudyInstanceUID = generate_uid(), slices[0].StudyInstanceUID
    series, study, frame = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    series.SeriesInstanceUID = slices[0].SeriesInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = slices[0].FrameOfReferenceUID, [study]
    ds.ReferencedFrameOfReferenceSequence = [frame]
    ds.StructureSetROISequence, ds.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(rois.items(), 1):
        roi, drawn = pydicom.Dataset(), pydicom.Dataset()
        roi.ROINumber, roi.ROIName = number, name
        drawn.ReferencedROINumber = number
        drawn.ContourSequence = [_contour(points, None if k is None else slices[k]) for k, points in contours]
        ds.StructureSetROISequence.append(roi)
        ds.ROIContourSequence.append(drawn)
    change(ds)
    ds.save_as(path, enforce_file_format=True)


def _contour(points, source):
    item = pydicom.Dataset()
    item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
    item.ContourData = [f"{x:.6f}" for x in np.ravel(points)]
    if source is not None:
        image = pydicom.Dataset()
        image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
        item.ContourImageSequence = [image]
    return item


def write_seg(path, ct_folder, masks, labels, kind="BINARY"):
    """Write a DICOM SEG of masks (Z, Y, X), one segment each, by highdicom; slices sorted along z."""
    slices = read_slices(ct_folder)
    descriptions = [
        hd.seg.SegmentDescription(
            segment_number=k,
            segment_label=label,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for k, label in enumerate(labels, 1)
    ]
    seg = hd.seg.Segmentation(
        source_images=slices,
        pixel_array=np.stack(masks, axis=-1).astype(np.uint8 if kind == "BINARY" else np.float32),
        segmentation_type=hd.seg.SegmentationTypeValues[kind],
        segment_descriptions=descriptions,
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="0",
        device_serial_number="0",
    )
    seg.save_as(path)


def write_manifest(path, rows):
    """Write dictionaries as a CSV with the columns of the first."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(lesion, **changes):
    """A manifest row for a lesion of `write_patient`."""
    return {
        "patient_id": PATIENT,
        "lesion_id": lesion,
        "class": "cyst",
        "image": "erika/CT",
        "mask": "erika/SEG.dcm",
        "mask_label": lesion,
    } | changes


def write_patient(folder, **changes):
    """A CT and SEG below `folder`/erika with lesions "one" (radius 6 voxels, -20 HU) and "two" (4, 40 HU)."""
    hu, masks = body(lesions=[(4, 20, 24, 6, -20), (3, 40, 44, 4, 40)])
    write_ct(folder / "erika" / "CT", hu, **changes)
    write_seg(folder / "erika" / "SEG.dcm", folder / "erika" / "CT", masks, ["one", "two"])
    return hu, masks
