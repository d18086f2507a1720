"""Stored pixel values of one DICOM slice -> Hounsfield units.

HU = slope * value + intercept (DICOM PS3.3 C.11.1), slice by slice. GDCM, inside SimpleITK, applies the slope and
decodes the lossless transfer syntaxes exactly; lossy JPEG comes out wrong by thousands of HU in some decoders.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK
from pydicom.uid import UID

from data_modules.readers.case_error import CaseError
from data_modules.readers.volume import AIR_HU

READABLE_SYNTAXES = {
    "1.2.840.10008.1.2",  # implicit little endian
    "1.2.840.10008.1.2.1",  # explicit little endian
    "1.2.840.10008.1.2.1.99",  # deflated
    "1.2.840.10008.1.2.2",  # explicit big endian
    "1.2.840.10008.1.2.4.57",  # JPEG lossless
    "1.2.840.10008.1.2.4.70",  # JPEG lossless, first-order prediction
    "1.2.840.10008.1.2.4.80",  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless: off by a few HU
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000: off by a few HU
    "1.2.840.10008.1.2.5",  # RLE
}


def check_transfer_syntax(uid: str) -> None:
    """Refuse an encoding whose decoded values are not the scanner's HU.

    Raises:
        CaseError: If the transfer syntax is lossy JPEG or one that GDCM does not decode.
    """
    if uid not in READABLE_SYNTAXES:
        # the standard's name for the syntax; an unregistered UID is its own name and may be private
        name = UID(uid).name if UID(uid).name != uid else "not in the DICOM standard"
        code = ".".join(uid.split(".")[-2:])
        raise CaseError(
            "E-DCM-05",
            f"the slices are stored as {name} ({code}), which does not give exact HU. Refused. "
            "Export the series uncompressed or with a lossless transfer syntax.",
        )


def read_hu(path: Path, padding_hu: tuple[float, float] | None) -> npt.NDArray[np.float32]:
    """Read one single-frame CT slice.

    Args:
        path: The DICOM file.
        padding_hu: Values from the first to the second are padding outside the field of view (Pixel Padding Value and
            Range Limit, after the rescale); they become air.

    Returns:
        HU, shape (Y, X).

    Raises:
        CaseError: If the pixels cannot be decoded.
    """
    values = SimpleITK.GetArrayFromImage(read_itk(path))
    if values.ndim != 3 or len(values) != 1:
        raise CaseError("E-DCM-01", "a slice does not hold exactly one grey image. Refused. Export single-frame CT.")
    hu: npt.NDArray[np.float32] = values[0].astype(np.float32)
    if padding_hu is not None:
        hu[(hu >= padding_hu[0]) & (hu <= padding_hu[1])] = AIR_HU
    hu[hu < AIR_HU] = AIR_HU  # scanners also pad without saying so; nothing is thinner than air
    return hu


def read_itk(path: Path) -> SimpleITK.Image:
    """Read a file by SimpleITK without letting its path into a message.

    Raises:
        CaseError: If SimpleITK cannot read it.
    """
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)  # ITK's warnings print the path
    try:
        return SimpleITK.ReadImage(str(path))
    except RuntimeError as error:
        if "orthonormal" in str(error):
            text = "the image's axes are not at right angles (sheared). Refused. Resample it onto a regular grid first."
            raise CaseError("E-GEO-05", text) from None
        text = "an image file cannot be decoded: it is truncated, damaged or of another format than its name says."
        raise CaseError("E-DCM-01", text) from None
