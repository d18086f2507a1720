"""A CT volume in patient coordinates, read slice by slice."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

AIR_HU = -1024  # stands where nothing is known
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Volume:
    """Geometry of a stack of slices, and the way to their pixels.

    World coordinates are LPS in mm, as in DICOM: x grows to the patient's left, y to the back, z to the head.

    Attributes:
        shape: Voxels along (z, y, x).
        spacing_mm: Distance of neighbouring voxels along (z, y, x); z is 0 for a single slice that states no thickness.
        origin_mm: World position (x, y, z) of the centre of voxel (0, 0, 0).
        direction: Columns are the unit vectors of the index axes x, y, z in the world, shape (3, 3).
        thickness_mm: Slice thickness.
        read_slice: Maps a slice number to its HU of at least -1024, float32 of shape (Y, X). Reading waits until a
            slice is asked for, since a lesion needs one slice out of a hundred.
        series_uid: UID of the series; empty for formats that have none.
        instance_uids: SOP instance UID of each slice, "" for an interpolated one; empty for formats that have none.
        frame_of_reference: UID of the coordinate system; empty when unknown.
        eight_bit: Whether the file stores one byte per pixel, too few for HU.
        placed: False for a picture, which knows no patient: its world begins at its first pixel.
        warnings: What is doubtful about the geometry, or was mended: a code and a sentence each.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: FloatArray
    direction: FloatArray
    thickness_mm: float
    read_slice: Callable[[int], npt.NDArray[np.float32]]
    series_uid: str = ""
    instance_uids: tuple[str, ...] = ()
    frame_of_reference: str = ""
    eight_bit: bool = False
    placed: bool = True
    warnings: tuple[str, ...] = ()

    def hu(self) -> npt.NDArray[np.float32]:
        """All slices in HU, shape (Z, Y, X)."""
        return np.stack([self.read_slice(k) for k in range(self.shape[0])])

    def index_of(self, points_mm: FloatArray) -> FloatArray:
        """Fractional voxel indices (z, y, x) of world points (x, y, z), both of shape (..., 3)."""
        step = np.array(self.spacing_mm[::-1])
        step[step == 0] = 1.0  # a single slice: distance from it, in mm
        index: FloatArray = (points_mm - self.origin_mm) @ self.direction / step
        return index[..., ::-1]
