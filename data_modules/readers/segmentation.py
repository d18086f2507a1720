"""Masks: DICOM SEG, or an image file with labels, brought onto the grid of the CT."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.dicom_seg import DicomSeg, choose_label
from data_modules.readers.image_file import SUFFIXES, read_grid
from data_modules.readers.volume import Volume


class MaskFile:
    """A label image (NIfTI, NRRD, MetaImage).

    Args:
        path: The file.

    Raises:
        CaseError: If it cannot be read.
    """

    referenced: frozenset[str] = frozenset()

    def __init__(self, path: Path) -> None:
        self.image = read_grid(path)
        values = np.unique(SimpleITK.GetArrayViewFromImage(self.image))
        self.labels = tuple(f"{x:g}" for x in values if x != 0)

    def mask(self, volume: Volume, label: str | None) -> npt.NDArray[np.bool_]:
        """Voxels of one label on the volume's grid, nearest neighbour through physical space.

        Args:
            volume: The CT.
            label: The voxel value; None if the file has only one besides 0.

        Returns:
            Shape (Z, Y, X).

        Raises:
            CaseError: If the label is not in the mask or not unique.
        """
        if label is not None and label not in self.labels:
            label = label.removesuffix(".0")  # a spreadsheet's integer in a column with gaps
        value = float(choose_label(self.labels, label))
        on_grid = SimpleITK.Resample(
            self.image == value,
            volume.shape[::-1],
            SimpleITK.Transform(),
            SimpleITK.sitkNearestNeighbor,
            volume.origin_mm.tolist(),
            [x or 1.0 for x in volume.spacing_mm[::-1]],
            volume.direction.ravel().tolist(),
        )
        mask: npt.NDArray[np.bool_] = SimpleITK.GetArrayFromImage(on_grid).astype(bool)
        return mask


def open_mask(path: Path) -> DicomSeg | MaskFile:
    """Open the mask of a case.

    Raises:
        CaseError: If it cannot be read or is of a kind that is not read yet.
    """
    return MaskFile(path) if path.name.lower().endswith(SUFFIXES) else DicomSeg(path)


def lesion_mask(source: DicomSeg | MaskFile, volume: Volume, label: str | None) -> npt.NDArray[np.bool_]:
    """The mask of one lesion, checked.

    Args:
        source: What `open_mask` returned.
        volume: The CT.
        label: Segment label or number, or voxel value; None if there is only one.

    Returns:
        Shape (Z, Y, X), with at least one voxel set.

    Raises:
        CaseError: If the mask is empty, covers most of the image, or the label is not in it.
    """
    mask = source.mask(volume, label)
    filled = np.count_nonzero(mask) / mask.size
    if filled == 0:
        text = "the mask is empty where the image lies. Refused. Check that mask and image belong together."
        raise CaseError("E-SEG-03", text)
    if filled > 0.5:  # no lesion fills half a CT
        text = f"the mask covers {filled:.0%} of the image: not a lesion. Refused. Check the mask or its label."
        raise CaseError("E-SEG-05", text)
    return mask
