"""The two places that a NIfTI header gives an image, sform and qform, held against each other.

ITK takes the sform, but falls back on the qform without a word where the sform is sheared or has other voxel sizes.
Layout and formulas: nifti1.h, "3D image (volume) orientation and location in space" (nifti.nimh.nih.gov).
"""

import gzip
import struct
from itertools import product
from pathlib import Path

import numpy as np
import SimpleITK
from scipy.spatial.transform import Rotation

from data_modules.readers.case_error import CaseError
from data_modules.readers.volume import FloatArray

HEADER_BYTES = 348
GZIP = b"\x1f\x8b"


def nifti_doubts(path: Path, image: SimpleITK.Image) -> tuple[str, ...]:
    """Compare the geometry that ITK chose with the header's.

    Args:
        path: A NIfTI-1 file; another kind passes.
        image: What ITK read from it.

    Returns:
        A warning where sform and qform disagree by more than half a voxel, or neither is given.

    Raises:
        CaseError: If the sform is not the geometry that ITK chose, being sheared, or the qform holds no numbers.
    """
    header = _header(path)
    order = "<" if header[:4] == struct.pack("<i", HEADER_BYTES) else ">"
    if header[:4] != struct.pack(f"{order}i", HEADER_BYTES):
        return ()
    qform_code, sform_code = struct.unpack_from(f"{order}2h", header, 252)
    if qform_code <= 0 and sform_code <= 0:
        return ("W-GEO-06 the NIfTI file has neither sform nor qform: which side is left is a guess. Kept.",)
    chosen = _corners(image)
    half_voxel = min(image.GetSpacing()) / 2
    if sform_code > 0 and _apart(_sform(header, order), image, chosen) > half_voxel:
        text = "the NIfTI file's sform is sheared, or its voxel size is not that of the header. Refused. "
        raise CaseError("E-GEO-05", text + "Resample it onto a regular grid first.")
    apart = _apart(_qform(header, order), image, chosen) if qform_code > 0 else 0.0
    if apart > half_voxel:
        text = f"W-GEO-05 sform and qform of the NIfTI file place the image up to {apart:.1f} mm apart. "
        return (text + "The sform was taken: check left and right. Kept.",)
    return ()


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        if file.read(2) != GZIP:
            file.seek(0)
            return file.read(HEADER_BYTES)
    with gzip.open(path) as unpacked:
        return unpacked.read(HEADER_BYTES)


def _corners(image: SimpleITK.Image) -> FloatArray:
    return np.array([image.TransformIndexToPhysicalPoint(index) for index in _corner_indices(image)])


def _corner_indices(image: SimpleITK.Image) -> list[tuple[int, ...]]:
    return list(product(*((0, size - 1) for size in image.GetSize())))


def _apart(affine: FloatArray, image: SimpleITK.Image, chosen: FloatArray) -> float:
    """Largest distance in mm between an image's corners (LPS) and those under an affine (3, 4) to RAS."""
    index = np.zeros((len(chosen), 3))
    index[:, : image.GetDimension()] = _corner_indices(image)
    ras = index @ affine[:, :3].T + affine[:, 3]
    lps = (ras * [-1, -1, 1])[:, : image.GetDimension()]
    return float(np.nan_to_num(np.linalg.norm(lps - chosen, axis=1), nan=np.inf).max())


def _sform(header: bytes, order: str) -> FloatArray:
    return np.array(struct.unpack_from(f"{order}12f", header, 280)).reshape(3, 4)


def _qform(header: bytes, order: str) -> FloatArray:
    b, c, d, *offset = struct.unpack_from(f"{order}6f", header, 256)
    qfac, *spacing = struct.unpack_from(f"{order}4f", header, 76)
    if not np.isfinite([b, c, d, *offset, qfac, *spacing]).all():
        text = "the NIfTI file's qform holds values that are no finite numbers. Refused. Convert the original CT again."
        raise CaseError("E-GEO-01", text)
    a = np.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    rotation = Rotation.from_quat([b, c, d, a]).as_matrix()
    spacing[2] *= -1 if qfac < 0 else 1
    return np.column_stack([rotation * spacing, offset])
