import pytest
import torch
from pytorch_lightning import Trainer

from callbacks.synthetic_injection import SyntheticInjection
from data_modules.errors import InputError
from data_modules.folds import make_splits
from data_modules.lineage import patients_of
from data_modules.pool import Provenance, SamplePool
from liverlab.arm_data import classifier_data
from liverlab.models.classifier import LesionClassifier
from liverlab.settings import load_experiment

SYNTHETIC = 0.875  # of [0, 1]: no real image of the tiny cohort is one grey


def fit_with(pool, cohort, split, *, alone=False):
    """Fit one epoch and return how many synthetic and real images the classifier was really served."""
    served = {"synthetic": 0, "real": 0}

    class Watching(LesionClassifier):
        def training_step(self, batch, batch_idx):
            data = self.trainer.datamodule
            images = batch[0] + data.training_mean
            flat = (images - SYNTHETIC).abs().amax((1, 2, 3)) < 1e-3
            served["synthetic"] += int(flat.sum())
            served["real"] += int((~flat).sum())
            return super().training_step(batch, batch_idx)

    torch.manual_seed(0)
    model = Watching(num_classes=3, size=64, channels=[2, 4, 8], hidden=8, dropout=0.5, lr=1e-3, momentum=0.9, seed=0)
    data = classifier_data(load_experiment("no_aug", ["profile=smoke"]), cohort, split)
    trainer = Trainer(
        max_epochs=1, accelerator="cpu", callbacks=[SyntheticInjection(pool, alone=alone)], logger=False,
        limit_val_batches=0, enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False,
        use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(model, datamodule=data)
    return served


def pool_of(cohort, split, counts=(4, 4, 4)):
    labels = torch.arange(3).repeat_interleave(torch.tensor(counts))
    origin = Provenance("acgan", cohort.fingerprint, 0, split.fold, tuple(patients_of(cohort, split.train)), 0)
    return SamplePool(torch.full((len(labels), 1, 64, 64), SYNTHETIC * 2 - 1), labels, origin)


def test_the_classifier_is_served_the_pool_beside_the_real_images(tiny_cohort):
    split = make_splits(tiny_cohort, folds=3)[0]
    assert fit_with(pool_of(tiny_cohort, split), tiny_cohort, split) == {"synthetic": 12, "real": 16}


def test_alone_the_pool_is_all_that_is_served_less_the_mean_of_the_real_images(tiny_cohort):
    split = make_splits(tiny_cohort, folds=3)[0]
    pool = pool_of(tiny_cohort, split)
    assert fit_with(pool, tiny_cohort, split, alone=True) == {"synthetic": 12, "real": 0}
    data = classifier_data(load_experiment("no_aug", ["profile=smoke"]), tiny_cohort, split)
    data.setup()
    mean = data.train_images.mean(0, keepdim=True)
    data.add_training_data(pool, alone=True)
    torch.testing.assert_close(data.training_mean, mean)
    assert len(data.train_images) == 12


def test_a_pool_of_another_split_stops_the_fit(tiny_cohort):
    first, second, _ = make_splits(tiny_cohort, folds=3)
    with pytest.raises(InputError, match="not on the training side of repeat 0, fold 0"):
        fit_with(pool_of(tiny_cohort, second), tiny_cohort, first)


def test_unequal_shares_are_refused(tiny_cohort):
    split = make_splits(tiny_cohort, folds=3)[0]
    with pytest.raises(InputError, match=r"unequal shares \(4 cyst, 5 metastasis, 4 hemangioma\)"):
        fit_with(pool_of(tiny_cohort, split, (4, 5, 4)), tiny_cohort, split)
