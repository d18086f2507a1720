"""The same split with its classic pool."""

import numpy as np
import numpy.typing as npt
from torch import Tensor

from data_modules.classic import ClassicRecipe, render_group
from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.lesion_data import LesionDataModule
from data_modules.roi import Roi


class ClassicDataModule(LesionDataModule):
    """`LesionDataModule` whose training side is a group of classic transforms; the test side is never augmented.

    Args:
        cohort: All lesions.
        split: Which of them train and which test.
        per_lesion: Images per training lesion, the original included; see `group_size`.
        recipe: The transforms.
        roi: Size, margin and intensity of an ROI.
        mean: "image" or "scalar".
        batch_size: Images per batch, over all devices.
        seed: Seed of the transforms and of the order of samples.
        shown_as: Class under which each lesion of the cohort is shown in training, shape (lesions,); None: its own.
    """

    def __init__(
        self,
        cohort: Cohort,
        split: Split,
        *,
        per_lesion: int,
        recipe: ClassicRecipe,
        roi: Roi,
        mean: str,
        batch_size: int,
        seed: int,
        shown_as: npt.NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__(cohort, split, roi=roi, mean=mean, batch_size=batch_size, seed=seed, shown_as=shown_as)
        self.per_lesion, self.recipe = per_lesion, recipe

    def render_training(self) -> tuple[Tensor, Tensor]:
        """Training images in (0, 1) and the lesion of each: each lesion `per_lesion` times, the original first."""
        return render_group(self.cohort, self.split.train, self.per_lesion, self.recipe, self.roi, seed=self.seed)
