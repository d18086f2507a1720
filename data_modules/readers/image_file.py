"""NIfTI, NRRD, MetaImage and pictures. SimpleITK turns NIfTI's RAS into LPS, once, here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.hounsfield import read_itk
from data_modules.readers.nifti_forms import nifti_doubts
from data_modules.readers.volume import AIR_HU, Volume

NIFTI = (".nii", ".nii.gz")
SUFFIXES = (*NIFTI, ".nrrd", ".mha", ".mhd")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True, eq=False)
class Grid:
    """One grey volume as a file holds it.

    Attributes:
        image: Three-dimensional; a single slice where the file has two dimensions.
        is_slice: Whether the file has two dimensions, and so no slice spacing.
        placed: False for a picture, which states neither spacing nor place.
        warnings: What is doubtful about the geometry: a code and a sentence each.
    """

    image: SimpleITK.Image
    is_slice: bool
    placed: bool
    warnings: tuple[str, ...]


class ImageFile:
    """An image in one file.

    Args:
        path: The file, of one of the `SUFFIXES` or `PICTURES`.
        spacing_mm: Pixel spacing of a picture, which states none itself.

    Raises:
        CaseError: If it cannot be read or is not a grey image of two or three dimensions, or its spacing is not known.
    """

    def __init__(self, path: Path, *, spacing_mm: float | None = None) -> None:
        self.grid = read_grid(path)
        if self.grid.placed:
            # axes along the patient's, as in an axial CT: NIfTI often stores x and y the other way round
            self.image = SimpleITK.DICOMOrient(self.grid.image, "LPS")
        elif spacing_mm is None:
            text = "the image is a picture, which states no size in mm. Refused. Give the column spacing_mm, or the CT."
            raise CaseError("E-GEO-07", text)
        else:
            self.image = self.grid.image
            self.image.SetSpacing((spacing_mm, spacing_mm, 1.0))

    def volume(self, referenced: frozenset[str] = frozenset()) -> Volume:
        """The volume; `referenced` belongs to DICOM and has no meaning here."""
        values = SimpleITK.GetArrayFromImage(self.image)
        x, y, z = self.image.GetSpacing()
        thickness = 0.0 if self.grid.is_slice else z
        return Volume(
            shape=values.shape,
            spacing_mm=(thickness, y, x),
            origin_mm=np.array(self.image.GetOrigin()),
            direction=np.array(self.image.GetDirection()).reshape(3, 3),
            thickness_mm=thickness,
            read_slice=lambda k: _not_below_air(values[k]),
            eight_bit=values.itemsize == 1,
            placed=self.grid.placed,
            warnings=self.grid.warnings,
        )


def open_image(path: Path, *, allow_gaps: bool = False, spacing_mm: float | None = None) -> CTFolder | ImageFile:
    """Open the image of a case: a DICOM folder or slice, NIfTI, NRRD, MetaImage or a picture.

    Args:
        path: Folder or file.
        allow_gaps: Interpolate missing slices of a DICOM series instead of refusing it.
        spacing_mm: Pixel spacing of a picture (PNG, JPG); None for all other images, which state their own.

    Raises:
        CaseError: If it cannot be read, or the pixel spacing is given where it is stated, or not where it is needed.
    """
    picture = path.name.lower().endswith(PICTURES)
    if spacing_mm is not None and not picture:
        text = "spacing_mm is given for an image that states its own spacing. Refused. Leave it empty except for "
        raise CaseError("E-GEO-07", text + "pictures (PNG, JPG).")
    if picture or path.name.lower().endswith(SUFFIXES):
        return ImageFile(path, spacing_mm=spacing_mm)
    return CTFolder(path, allow_gaps=allow_gaps)


def read_grid(path: Path) -> Grid:
    """Read a file that must hold one grey image of two or three dimensions.

    Raises:
        CaseError: If it cannot be read or has other dimensions or colours.
    """
    image = read_itk(path)
    placed = not path.name.lower().endswith(PICTURES)
    if not placed and image.GetNumberOfComponentsPerPixel() > 1:
        image = _grey(image)
    if image.GetDimension() not in (2, 3) or image.GetNumberOfComponentsPerPixel() != 1:
        text = f"the file has {image.GetDimension()} dimensions, {image.GetNumberOfComponentsPerPixel()} components; "
        raise CaseError("E-GEO-06", text + "one grey image or volume is needed. Refused. Split it by phase.")
    doubts = nifti_doubts(path, image) if path.name.lower().endswith(NIFTI) else ()
    is_slice = image.GetDimension() == 2
    return Grid(SimpleITK.JoinSeries([image]) if is_slice else image, is_slice, placed, doubts)


def _not_below_air(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    hu = values.astype(np.float32)
    hu[(hu < AIR_HU) & np.isfinite(hu)] = AIR_HU  # what is not finite stays, to be seen
    return hu


def _grey(image: SimpleITK.Image) -> SimpleITK.Image:
    """A picture stored in colour whose colours are equal; an alpha channel is left out."""
    values = SimpleITK.GetArrayViewFromImage(image)[..., :3]
    if values.shape[-1] == 3 and (values != values[..., :1]).any():
        raise CaseError("E-HU-04", "the picture is in colour. Refused. Export the original CT in grey values.")
    return SimpleITK.VectorIndexSelectionCast(image, 0)
