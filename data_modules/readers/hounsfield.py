"""Stored pixel values of one DICOM slice -> Hounsfield units.

HU = slope * value + intercept (DICOM PS3.3 C.11.1), slice by slice. GDCM, inside SimpleITK, applies the slope and
decodes the lossless transfer syntaxes exactly; lossy JPEG comes out wrong by thousands of HU in some decoders.

MONOCHROME1 says only that low values are displayed white (PS3.3 C.7.6.3.1.2), after the rescale: HU are the same as
under MONOCHROME2. GDCM inverts the stored values all the same, so such slices do not go through it. Exporters that
themselves inverted the values show up by their missing air.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from data_modules.readers.case_error import CaseError
from data_modules.readers.slice_header import DAMAGED, SliceHeader
from data_modules.readers.volume import AIR_HU

MIN_AIR = 0.01  # of the pixels; the air around a body is a fifth of a slice

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


def read_hu(header: SliceHeader) -> npt.NDArray[np.float32]:
    """Read one CT slice.

    Args:
        header: The slice. Values in its padding range (Pixel Padding Value and Range Limit) become air.

    Returns:
        HU, shape (Y, X).

    Raises:
        CaseError: If the pixels cannot be decoded, or are inverted.
    """
    hu = _read_frame(header) if header.frame is not None or header.inverted else _read_slice(header)
    if header.padding_hu is not None:
        hu[(hu >= header.padding_hu[0]) & (hu <= header.padding_hu[1])] = AIR_HU
    if header.inverted and np.count_nonzero(hu < -900) < MIN_AIR * hu.size:
        text = "the slices are stored as MONOCHROME1 and show no air below -900 HU: their values may be inverted. "
        raise CaseError("E-HU-04", text + "Refused. Export the original CT as MONOCHROME2.")
    hu[hu < AIR_HU] = AIR_HU  # scanners also pad without saying so; nothing is thinner than air
    return hu


def _read_slice(header: SliceHeader) -> npt.NDArray[np.float32]:
    values = SimpleITK.GetArrayFromImage(read_itk(header.path))
    if values.shape != (1, *header.shape):
        raise CaseError("E-DCM-01", "a slice does not hold exactly one grey image. Refused. Export single-frame CT.")
    hu: npt.NDArray[np.float32] = values[0].astype(np.float32)
    return hu


def _read_frame(header: SliceHeader) -> npt.NDArray[np.float32]:
    """By pydicom: SimpleITK applies the rescale of one frame to all, and inverts MONOCHROME1."""
    try:
        values = pixel_array(header.path, index=header.frame, raw=True)
    except DAMAGED:
        name = UID(header.transfer_syntax).name
        text = f"multi-frame or MONOCHROME1 slices stored as {name} are not decoded, or they are damaged. Refused. "
        raise CaseError("E-DCM-04", text + "Export them uncompressed.") from None
    slope, intercept = header.rescale
    hu: npt.NDArray[np.float32] = (slope * values.astype(np.float64) + intercept).astype(np.float32)
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
