"""NIfTI, NRRD and MetaImage volumes. SimpleITK turns NIfTI's RAS into LPS, once, here."""

from pathlib import Path

import numpy as np
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.hounsfield import read_itk
from data_modules.readers.volume import AIR_HU, Volume

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".mha", ".mhd")


class ImageFile:
    """A volume in one file.

    Args:
        path: The file, of one of the `SUFFIXES`.

    Raises:
        CaseError: If it cannot be read or is not a three-dimensional grey image.
    """

    def __init__(self, path: Path) -> None:
        image = read_grid(path)
        # axes along the patient's, as in an axial CT: NIfTI often stores x and y the other way round
        self.image = SimpleITK.DICOMOrient(image, "LPS")

    def volume(self, referenced: frozenset[str] = frozenset()) -> Volume:
        """The volume; `referenced` belongs to DICOM and has no meaning here."""
        values = SimpleITK.GetArrayFromImage(self.image)
        spacing = self.image.GetSpacing()[::-1]
        return Volume(
            shape=values.shape,
            spacing_mm=spacing,
            origin_mm=np.array(self.image.GetOrigin()),
            direction=np.array(self.image.GetDirection()).reshape(3, 3),
            thickness_mm=spacing[0],
            read_slice=lambda k: np.maximum(values[k].astype(np.float32), AIR_HU),
        )


def open_image(path: Path) -> CTFolder | ImageFile:
    """Open the image of a case: a DICOM folder or slice, NIfTI, NRRD or MetaImage.

    Raises:
        CaseError: If it cannot be read.
    """
    if path.name.lower().endswith(SUFFIXES):
        return ImageFile(path)
    if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"):
        text = "the image is a picture without HU, which is not read yet. Use DICOM, NIfTI, NRRD or MetaImage."
        raise CaseError("E-HU-01", text)
    return CTFolder(path)


def read_grid(path: Path) -> SimpleITK.Image:
    """Read a file that must hold one grey volume.

    Raises:
        CaseError: If it cannot be read or has other dimensions.
    """
    image = read_itk(path)
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        text = f"the file has {image.GetDimension()} dimensions, {image.GetNumberOfComponentsPerPixel()} components; "
        raise CaseError("E-GEO-06", text + "one three-dimensional grey volume is needed. Refused. Split it by phase.")
    return image
