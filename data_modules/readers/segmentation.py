"""Masks: DICOM SEG, RTSTRUCT, or an image file with labels, brought onto the grid of the CT."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.dicom_seg import DicomSeg
from data_modules.readers.image_file import PICTURES, SUFFIXES, read_grid
from data_modules.readers.mask_grid import (
    ON_GRID,
    choose_label,
    grid_steps,
    off_grid,
    other_grid_warning,
    resample_mask,
)
from data_modules.readers.rtstruct import RTSTRUCT, RTStruct
from data_modules.readers.slice_header import read_dataset
from data_modules.readers.volume import Volume


class MaskFile:
    """A label image: NIfTI, NRRD, MetaImage or a picture.

    Args:
        path: The file.

    Raises:
        CaseError: If it cannot be read.
    """

    referenced: frozenset[str] = frozenset()

    def __init__(self, path: Path) -> None:
        grid = read_grid(path)
        self._image, self._placed, self._doubts = grid.image, grid.placed, grid.warnings
        values = np.unique(SimpleITK.GetArrayViewFromImage(self._image))
        self.labels = tuple(f"{x:g}" for x in values if x != 0)

    def mask(self, volume: Volume, label: str | None) -> npt.NDArray[np.bool_]:
        """Voxels of one label on the volume's grid, nearest neighbour through physical space.

        Args:
            volume: The CT.
            label: The voxel value; None if the file has only one besides 0.

        Returns:
            Shape (Z, Y, X).

        Raises:
            CaseError: If the label is not in the mask or not unique, the mask reaches outside the image, or picture and
                image differ in size.
        """
        if label is not None and label not in self.labels:
            label = label.removesuffix(".0")  # a spreadsheet's integer in a column with gaps
        chosen = self._image == float(choose_label(self.labels, label))
        if self._placed and volume.placed:
            return resample_mask(chosen, volume)
        mask: npt.NDArray[np.bool_] = SimpleITK.GetArrayFromImage(chosen).astype(bool)
        if mask.shape != volume.shape:
            text = "a picture has no place in the patient, and image and mask differ in their pixels. Refused. "
            raise CaseError("E-SEG-06", text + "Give both the same rows and columns.")
        return mask

    def warnings(self, volume: Volume) -> tuple[str, ...]:
        """What is doubtful about the mask on this image: a code and a sentence each."""
        off = off_grid(volume, np.array(self._image.GetOrigin()), grid_steps(self._image))
        if self._placed and volume.placed and off.max() > ON_GRID:
            return (*self._doubts, other_grid_warning(volume, self._image.GetSpacing()[::-1]))
        return self._doubts


MaskSource: TypeAlias = DicomSeg | MaskFile | RTStruct


def open_mask(path: Path) -> MaskSource:
    """Open the mask of a case.

    Raises:
        CaseError: If it cannot be read.
    """
    if path.name.lower().endswith((*SUFFIXES, *PICTURES)):
        return MaskFile(path)
    header = read_dataset(path, ["SOPClassUID"])
    return RTStruct(path) if header is not None and header.get("SOPClassUID") == RTSTRUCT else DicomSeg(path)


def lesion_mask(source: MaskSource, volume: Volume, label: str | None) -> npt.NDArray[np.bool_]:
    """The mask of one lesion, checked.

    Args:
        source: What `open_mask` returned.
        volume: The CT.
        label: Segment label or number, ROI name or number, or voxel value; None if there is only one.

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


def mask_warnings(source: MaskSource, volume: Volume, mask: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """What is doubtful about a mask: another grid, fractions, or a lesion that the image cuts off at its side.

    Args:
        source: What `open_mask` returned.
        volume: The CT.
        mask: What `lesion_mask` returned, shape (Z, Y, X).

    Returns:
        A code and a sentence each, free of names, identifiers and paths.
    """
    edges = mask[:, [0, -1]].any() or mask[:, :, [0, -1]].any()
    cut = ("W-SEG-08 the lesion touches the side of the image, where it may be cut off. Kept.",) if edges else ()
    return (*source.warnings(volume), *cut)
