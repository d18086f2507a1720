"""3D-IRCADb-01 (IRCAD, Strasbourg): CT and one mask series per structure, as DICOM.

Layout: `3Dircadb1.N/PATIENT_DICOM/` and `3Dircadb1.N/MASKS_DICOM/<structure>/`. The masks are images of 0 and 255 on
the CT's pixels; they match its slices by z alone (their x, y, orientation and UIDs do not).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

from data_modules.adapters.label_rules import LabelRule, class_of
from data_modules.adapters.lesion_parts import list_parts
from data_modules.adapters.manifest_writer import LesionEntry, Listing
from data_modules.errors import InputError
from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.slice_header import DAMAGED, read_dataset
from data_modules.readers.volume import Volume

Z_TOLERANCE = 0.1  # of the slice spacing


def read(folder: Path, files: Path, rules: Sequence[LabelRule]) -> Listing:
    """List one lesion per connected part of the structures that a rule fits.

    Args:
        folder: Folder of the 3Dircadb1.N.
        files: Folder for the labelled masks.
        rules: Structure's folder name -> class.

    Returns:
        Lesions by patient and structure.

    Raises:
        InputError: If no patient has both folders.
    """
    patients = [path.parent for path in sorted(folder.glob("3Dircadb1.*/PATIENT_DICOM")) if path.is_dir()]
    patients = [path for path in patients if (path / "MASKS_DICOM").is_dir()]
    if not patients:
        text = "No 3Dircadb1.N/PATIENT_DICOM and 3Dircadb1.N/MASKS_DICOM below the given folder. "
        raise InputError(text + "The zip archives in each 3Dircadb1.N must be unpacked first.")
    listing = Listing()
    for patient in patients:
        _list_patient(listing, patient, files / patient.name, rules)
    return listing


def _list_patient(listing: Listing, patient: Path, masks: Path, rules: Sequence[LabelRule]) -> None:
    folders = sorted(path for path in (patient / "MASKS_DICOM").rglob("*") if path.is_dir())
    structures = [(path, name) for path in folders if (name := class_of(rules, path.name))]
    if not structures:
        listing.left_out["patients without such a structure"] += 1
        return
    try:
        volume = CTFolder(patient / "PATIENT_DICOM").volume()
    except CaseError as error:
        listing.left_out[f"patients: {error.text}"] += 1
        return
    for path, name in structures:
        entry = LesionEntry(patient.name, f"{path.name}-", name, patient / "PATIENT_DICOM")
        try:
            list_parts(listing, _mask(path, volume), masks / f"{path.name}.nrrd", entry)
        except CaseError as error:
            listing.left_out[f"structures: {error.text}"] += 1


def _mask(structure: Path, volume: Volume) -> SimpleITK.Image:
    """One structure on the CT's grid."""
    voxels = np.zeros(volume.shape, dtype=np.uint8)
    for path in sorted(p for p in structure.iterdir() if p.is_file()):
        dataset: Any = read_dataset(path)
        if dataset is None:
            continue
        try:
            pixels, z = dataset.pixel_array > 0, float(dataset.ImagePositionPatient[2])
        except DAMAGED:
            raise CaseError("E-SEG-01", "a mask slice lacks pixels or a position.") from None
        at = float(volume.index_of(np.array([*volume.origin_mm[:2], z]))[0])
        k = round(at)
        if abs(at - k) > Z_TOLERANCE or not 0 <= k < volume.shape[0] or pixels.shape != volume.shape[1:]:
            raise CaseError("E-SEG-06", "a mask slice lies on no slice of the CT, or has another size.")
        voxels[k] |= pixels
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing([x or 1.0 for x in volume.spacing_mm[::-1]])
    image.SetOrigin(volume.origin_mm.tolist())
    image.SetDirection(volume.direction.ravel().tolist())
    return image
