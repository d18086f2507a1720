"""The real ROIs of one split, for the classifier."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from data_modules.batches import Batch, BatchOrder, TensorBatches, training_loader
from data_modules.classic import render_originals
from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.folds import Split
from data_modules.lineage import Lineage, patients_of
from data_modules.pool import SamplePool
from data_modules.roi import Roi, from_signed
from data_modules.twins import expect_no_twins

WATCHED = 300  # test lesions at most during a fit: the 2,000 of a hold-out took as long as half of the training
TEST_BATCH = 512  # images; a thousand take .8 GB of activations at the published width


class LesionDataModule(LightningDataModule):
    """Training and test ROIs of one split in (0, 1), less the mean of the training images (synthetic ones not counted).

    The test side is served by the validation, test and predict loaders: it is watched, never selected on.

    Args:
        cohort: All lesions.
        split: Which of them train and which test.
        roi: Size, margin and intensity of an ROI.
        mean: "image" subtracts the mean training image, "scalar" its mean value.
        batch_size: Images per batch, over all devices.
        seed: Seed of the order of samples.
        shown_as: Class under which each lesion of the cohort is shown in training, shape (lesions,); None: its own.
    """

    def __init__(
        self,
        cohort: Cohort,
        split: Split,
        *,
        roi: Roi,
        mean: str,
        batch_size: int,
        seed: int,
        shown_as: npt.NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__()
        self.cohort, self.split, self.roi = cohort, split, roi
        self.mean, self.batch_size, self.seed = mean, batch_size, seed
        self.shown_as = cohort.labels if shown_as is None else shown_as
        self.train_images = torch.empty(0)
        self.train_labels = torch.empty(0, dtype=torch.long)

    def setup(self, stage: str | None = None) -> None:
        """Render both sides once and fit the mean on the training side. A second call changes nothing.

        Raises:
            InputError: If a training lesion shows the image of a test lesion under another patient.
        """
        if len(self.train_images):
            return
        expect_no_twins(self.cohort, self.split)
        self.train_images, shown = self.render_training()
        self.train_labels = self.labels_of(shown.tolist())
        self.lineage = Lineage.of_lesions(self.cohort, self.split, shown.numpy())
        self.mean_of = self.lineage.patients()
        self.test_images = render_originals(self.cohort, self.split.test, self.roi)
        self.test_labels = torch.from_numpy(self.cohort.labels[list(self.split.test)])
        average = self.train_images.mean(0, keepdim=True)
        self.training_mean = average if self.mean == "image" else average.mean().expand_as(average)

    def render_training(self) -> tuple[Tensor, Tensor]:
        """Training images in (0, 1), and the position in the cohort of the lesion that each shows: here, each once."""
        return render_originals(self.cohort, self.split.train, self.roi), torch.tensor(self.split.train)

    def labels_of(self, lesions: Sequence[int]) -> Tensor:
        """Class indices under which some training lesions are shown, shape (lesions,)."""
        return torch.from_numpy(self.shown_as[list(lesions)])

    def add_training_data(self, pool: SamplePool, *, alone: bool = False, leak_on_purpose: bool = False) -> None:
        """Add generated lesions to the training side: the seam for pools.

        Args:
            pool: Samples with their provenance.
            alone: Train on them without the real images. The mean that is subtracted stays that of the real ones.
            leak_on_purpose: Accept a generator that saw test patients of this cohort: a control, and labelled so.

        Raises:
            InputError: If the pool comes from another cohort, or its generator saw anybody but training patients.
        """
        if pool.provenance.cohort != self.cohort.fingerprint:
            raise InputError(
                f"The pool was made from cohort {pool.provenance.cohort}, this is cohort {self.cohort.fingerprint}. "
                "Generate it again from this cohort."
            )
        # a subset, not merely no test patient: pseudonyms of another salt, or none at all, prove nothing
        allowed = range(len(self.cohort)) if leak_on_purpose else self.split.train
        own, seen = patients_of(self.cohort, allowed), set(pool.provenance.patients)
        if not seen or not seen <= own:
            raise InputError(
                f"The pool's generator (repeat {pool.provenance.repeat}, fold {pool.provenance.fold}) saw {len(seen)} "
                f"patients, {len(seen - own)} of whom are not on the training side of repeat {self.split.repeat}, fold "
                f"{self.split.fold}. Use the pool of this split."
            )
        assert len(self.train_images), "call setup() first"
        kept = 0 if alone else len(self.train_images)
        self.train_images = torch.cat([self.train_images[:kept], from_signed(pool.images)])
        self.train_labels = torch.cat([self.train_labels[:kept], pool.labels])
        self.lineage = self.lineage.first(kept).with_pool(
            pool.provenance, len(pool.labels), leak_on_purpose=leak_on_purpose
        )

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled training batches, keyed on (seed, epoch); refused if anything of a test patient is among them."""
        assert len(self.lineage) == len(self.train_labels), "an image without lineage"
        self.lineage.expect_no_test_patient()
        images = self.train_images - self.training_mean
        return training_loader(self, images, self.train_labels, drop_last=False)

    def test_dataloader(self) -> DataLoader[Batch]:
        """The test side in the order of `split.test`, without augmentation."""
        return self._test_loader(every=1)

    def val_dataloader(self) -> DataLoader[Batch]:
        """The test side, or of a large one every n-th lesion: only watched, since nothing is selected by it."""
        return self._test_loader(every=-(-len(self.test_labels) // WATCHED))

    def _test_loader(self, *, every: int) -> DataLoader[Batch]:
        images, labels = self.test_images[::every] - self.training_mean, self.test_labels[::every]
        order = BatchOrder(len(labels), TEST_BATCH, seed=None, drop_last=False)
        return DataLoader(TensorBatches(images, labels), sampler=order, batch_size=None)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The test side again."""
        return self.test_dataloader()
