"""Adds a pool of generated lesions to the classifier's training side."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from data_modules.errors import InputError
from data_modules.lesion_data import LesionDataModule
from data_modules.pool import SamplePool


class SyntheticInjection(Callback):
    """Injects in `setup`: after the data module has its real images and before any loader exists.

    Later is too late: Lightning rebuilds a loader for a changed data set only on request (Lightning #21448).

    Args:
        pool: Samples with their provenance; never a generator.
        alone: Whether the classifier trains on them without the real images.
        leak_on_purpose: Whether the arm is the control whose generator saw test patients.

    Raises:
        InputError: If the classes have unequal shares (the class would be readable from "synthetic"), or the pool does
            not belong to the data module's split.
    """

    def __init__(self, pool: SamplePool, *, alone: bool = False, leak_on_purpose: bool = False) -> None:
        self.pool, self.alone, self.leak_on_purpose = pool, alone, leak_on_purpose

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Add the pool to the data module, once, when a fit begins."""
        if stage != "fit":
            return
        data: LesionDataModule = trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit
        shares = torch.bincount(self.pool.labels, minlength=len(data.cohort.class_names))
        if shares.min() != shares.max():
            names = zip(data.cohort.class_names, shares.tolist(), strict=True)
            listed = ", ".join(f"{count} {name}" for name, count in names)
            raise InputError(f"The pool's classes have unequal shares ({listed}); generate as many of each.")
        data.add_training_data(self.pool, alone=self.alone, leak_on_purpose=self.leak_on_purpose)
