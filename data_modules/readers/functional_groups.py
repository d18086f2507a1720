"""Multi-frame DICOM: what its functional groups say about each frame (DICOM PS3.3 C.7.6.16)."""

from typing import Any

from pydicom import Dataset

GROUPS = (
    *("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence", "PixelValueTransformationSequence"),
    *("FrameContentSequence", "ConversionSourceAttributesSequence"),  # of an Enhanced CT and its legacy conversion
    *("SegmentIdentificationSequence", "DerivationImageSequence"),  # of a segmentation
)


def flat_frames(dataset: Any) -> list[Any]:
    """One dataset per frame with the attributes of its groups, named as in a single-frame image.

    What a frame says for itself goes before what all frames share.

    Raises:
        AttributeError: If there are no groups per frame; damaged ones raise others of `slice_header.DAMAGED`.
    """
    shared = Dataset()
    for item in dataset.get("SharedFunctionalGroupsSequence", []):
        _add_groups(shared, item)
    frames = []
    for item in dataset.PerFrameFunctionalGroupsSequence:
        frame = Dataset()  # Dataset(shared) would share its elements as well
        frame.update(shared)
        _add_groups(frame, item)
        frames.append(frame)
    return frames


def _add_groups(flat: Dataset, item: Dataset) -> None:
    for name in GROUPS:
        if group := item.get(name):
            flat.update(group[0])
