"""What all kinds of masks share: which label is meant, and how a mask meets the grid of its image."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.volume import FloatArray, Volume

ON_GRID = 0.1  # voxels; coordinates in files are rounded
MAX_LISTED = 20  # labels in a message
MAX_OUTSIDE = 0.01  # of a mask on another grid: its outermost voxels may reach over the image's edge


def choose_label(labels: Sequence[str], label: str | None) -> str:
    """The label asked for, or the only one.

    Args:
        labels: Voxel values, segment or ROI numbers that are there. Names would be free text, and are not printed.
        label: The one asked for.

    Raises:
        CaseError: If it is not there, or none was asked for and there are several.
    """
    more = f" and {len(labels) - MAX_LISTED} more" if len(labels) > MAX_LISTED else ""
    listed = ", ".join(labels[:MAX_LISTED]) + more
    if not labels:
        raise CaseError("E-SEG-03", "the mask is empty. Refused. Check the export of the segmentation.")
    if label is None and len(labels) > 1:
        text = f"the mask holds several labels: {listed}. Refused. Name one in the column mask_label."
        raise CaseError("E-SEG-04", text)
    if label is not None and label not in labels:
        text = f"mask_label is not in the mask, which holds {listed}. Refused. Correct the manifest."
        raise CaseError("E-SEG-04", text)
    return label if label is not None else labels[0]


def choose_number(names: Sequence[tuple[int, str]], label: str | None) -> int:
    """The number of the segment or ROI with this name or number, or of the only one.

    Args:
        names: Number and name of each.
        label: The one asked for.

    Raises:
        CaseError: If it is not there, or not unique.
    """
    named = [str(n) for n, name in names if name == label]
    if len(named) > 1:
        text = f"mask_label fits several segments. Refused. Give one of their numbers instead: {', '.join(named)}."
        raise CaseError("E-SEG-04", text)
    return int(named[0] if named else choose_label([str(n) for n, _ in names], label))


def check_same_patient_space(volume: Volume, frame_of_reference: str, referenced: frozenset[str]) -> None:
    """Make sure that a DICOM mask and the image share their coordinates.

    Args:
        volume: The image.
        frame_of_reference: UID of the mask's coordinate system.
        referenced: UIDs of the series and slices that the mask was drawn on.

    Raises:
        CaseError: If they do not, or if the image has none.
    """
    if not volume.placed:
        text = "the image is a picture, which has no place in the patient, but the mask does. Refused. "
        raise CaseError("E-SEG-06", text + "Give the mask as a picture of the same size.")
    drawn_on_it = not referenced.isdisjoint(volume.instance_uids)
    if volume.frame_of_reference and frame_of_reference != volume.frame_of_reference and not drawn_on_it:
        text = "the segmentation refers to another series and another frame of reference than the image. Refused. "
        raise CaseError("E-SEG-02", text + "Point the column image to the series that was segmented.")


def other_series_warning(volume: Volume, referenced: frozenset[str]) -> tuple[str, ...]:
    """The sentence for a DICOM mask that shares the image's coordinates, but was drawn on another series; else none."""
    own = {volume.series_uid, *volume.instance_uids}
    if not volume.instance_uids or not referenced or not referenced.isdisjoint(own):
        return ()
    text = "W-SEG-02 the segmentation was drawn on another series than the image, perhaps another phase: where the "
    return (text + "patient breathed in between, it lies beside the lesion. Look at its outline. Kept.",)


def off_grid(volume: Volume, origin: FloatArray, steps: FloatArray) -> FloatArray:
    """How far a pixel is from the next voxel, in voxels along (z, y, x); infinite where pixels are no voxels at all.

    Args:
        volume: The image.
        origin: World position of the pixel, shape (3,).
        steps: World steps to its neighbours, shape (n, 3).
    """
    index = volume.index_of(np.vstack([origin, origin + steps]))
    one_voxel = np.abs(np.abs(index[1:] - index[0]).sum(axis=1) - 1) < 0.01
    return np.abs(index[0] - np.rint(index[0])) if one_voxel.all() else np.full(3, np.inf)


def grid_steps(image: SimpleITK.Image) -> FloatArray:
    """World steps to the next voxel along x, y and z, one per row, shape (3, 3)."""
    steps: FloatArray = (np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()).T
    return steps


def other_grid_warning(volume: Volume, spacing_mm: Sequence[float]) -> str:
    """The sentence for a mask whose voxels, with spacing (z, y, x), are not those of the image."""
    own, image = (" x ".join(f"{x:.3g}" for x in spacing) for spacing in (spacing_mm, volume.spacing_mm))
    return (
        f"W-SEG-06 the mask has another grid than the image (voxels of {own} mm instead of {image} mm, or shifted): "
        "taken over by nearest neighbour through the patient's coordinates. Kept."
    )


def resample_mask(mask: SimpleITK.Image, volume: Volume) -> npt.NDArray[np.bool_]:
    """Nearest neighbour through physical space.

    Args:
        mask: Zero outside the lesion.
        volume: The image.

    Returns:
        Shape (Z, Y, X); False where the mask's own grid does not reach.

    Raises:
        CaseError: If the mask reaches outside the image. Only its rows and columns count where that is a single slice.
    """
    _check_inside(mask, volume)
    resampled = SimpleITK.Resample(
        mask,
        volume.shape[::-1],
        SimpleITK.Transform(),
        SimpleITK.sitkNearestNeighbor,
        volume.origin_mm.tolist(),
        [x or 1.0 for x in volume.spacing_mm[::-1]],
        volume.direction.ravel().tolist(),
    )
    values: npt.NDArray[np.bool_] = SimpleITK.GetArrayFromImage(resampled).astype(bool)
    return values


def _check_inside(mask: SimpleITK.Image, volume: Volume) -> None:
    origin, steps = np.array(mask.GetOrigin()), grid_steps(mask)
    values = SimpleITK.GetArrayViewFromImage(mask)
    last = np.array(volume.shape) - 0.5 + ON_GRID
    last[0] = np.inf if volume.shape[0] == 1 else last[0]
    first = np.where(np.isinf(last), -np.inf, -0.5 - ON_GRID)
    outside = 0
    for k in np.flatnonzero(values.any(axis=(1, 2))):  # slice by slice: a mask of everything has 10^8 voxels
        y, x = np.nonzero(values[k])
        index = volume.index_of(origin + np.column_stack([x, y, np.full(len(x), k)]) @ steps)
        outside += int(np.count_nonzero(((index < first) | (index > last)).any(axis=1)))
    same_voxels = np.isfinite(off_grid(volume, origin, steps)).all()
    if outside > (0 if same_voxels else MAX_OUTSIDE * np.count_nonzero(values)):
        text = f"{outside} of {np.count_nonzero(values)} voxels of the mask lie outside the image. Refused. "
        raise CaseError("E-SEG-06", text + "Check that mask and image belong together, or give the whole CT.")
