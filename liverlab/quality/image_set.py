"""The images that a split's quality is measured on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled ROIs, and what may be resampled of them.

    Attributes:
        images: Shape (N, 1, H, W) in (0, 1).
        labels: Class indices, shape (N,).
        patients: Number of the patient whom each image shows, shape (N,): images of one patient are drawn together.
            A synthetic image shows nobody and has a number of its own.
    """

    images: Tensor
    labels: Ints
    patients: Ints

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: npt.NDArray[np.bool_] | Ints) -> "ImageSet":
        """A part of it, by mask or positions."""
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return ImageSet(self.images[positions], self.labels[positions], self.patients[positions])

    def of_class(self, label: int) -> "ImageSet":
        """The images of one class."""
        return self.where(self.labels == label)


@dataclass(frozen=True, eq=False)
class SplitImages:
    """All images that one split's pool is judged by.

    Attributes:
        class_names: Names of the labels.
        train: Lesions of the training side, as they are.
        held_out: Lesions of the test side, as they are: patients whom neither generator nor classifier saw.
        classic: Classic images of the training side, the originals not among them; of each class as many as `synthetic`
            where it has that many. `patients` are those of the lesions that they show.
        synthetic: The pool, or its first images of each class.
    """

    class_names: tuple[str, ...]
    train: ImageSet
    held_out: ImageSet
    classic: ImageSet
    synthetic: ImageSet
