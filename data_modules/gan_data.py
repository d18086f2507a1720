"""The training side alone, for generators: the classic pool in (-1, 1), of all classes or of one."""

import torch
from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader

from data_modules.batches import Batch, training_loader
from data_modules.classic import ClassicRecipe, render_group
from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.lineage import patients_of
from data_modules.roi import Roi, to_signed
from data_modules.twins import expect_no_twins


class GANDataModule(LightningDataModule):
    """Classic pool of the training lesions. It is given the cohort, but holds pixels of the training side only.

    Args:
        cohort: All lesions.
        split: Its training side is used.
        label: Class to keep (one DCGAN per class), or None for all (ACGAN).
        per_lesion: Images per training lesion, the original included.
        recipe: The transforms.
        roi: Size, margin and intensity of an ROI.
        batch_size: Images per batch, over all devices.
        seed: Seed of the transforms and of the order of samples.

    Raises:
        InputError: If a training lesion shows the image of a test lesion under another patient.
    """

    def __init__(
        self,
        cohort: Cohort,
        split: Split,
        *,
        label: int | None,
        per_lesion: int,
        recipe: ClassicRecipe,
        roi: Roi,
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__()
        expect_no_twins(cohort, split)
        labels = cohort.labels
        self.lesions = tuple(i for i in split.train if label is None or labels[i] == label)
        self.patients = tuple(sorted(patients_of(cohort, self.lesions)))
        self.unseen = patients_of(cohort, split.test)
        images, origin = render_group(cohort, self.lesions, per_lesion, recipe, roi, seed=seed)
        self.images, self.labels = to_signed(images), torch.from_numpy(labels)[origin]
        self.batch_size, self.seed = batch_size, seed

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled batches, keyed on (seed, epoch); an incomplete last one is left out, for batch norm's sake."""
        assert not self.unseen & set(self.patients), "a test patient is among the generator's images"
        return training_loader(self, self.images, self.labels, drop_last=True)
