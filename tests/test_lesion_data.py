import dataclasses

import pytest
import torch

from data_modules.classic_data import ClassicDataModule
from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.folds import Split, make_splits
from data_modules.gan_data import GANDataModule
from data_modules.lesion_data import LesionDataModule
from data_modules.lineage import patients_of
from data_modules.pool import Provenance, SamplePool
from data_modules.roi import Roi
from liverlab.arm_data import classic_recipe
from liverlab.config import ClassicConfig

ROI = Roi(size=64, margin=0.25, intensity="window", window_hu=(-100.0, 240.0))
RECIPE = classic_recipe(ClassicConfig())


def lesion_data(cohort, split, mean="image"):
    data = LesionDataModule(cohort, split, roi=ROI, mean=mean, batch_size=8, seed=0)
    data.setup()
    return data


def classic_data(cohort, split):
    data = ClassicDataModule(cohort, split, per_lesion=5, recipe=RECIPE, roi=ROI, mean="image", batch_size=8, seed=0)
    data.setup()
    return data


def gan_data(cohort, split, label=None):
    return GANDataModule(cohort, split, label=label, per_lesion=5, recipe=RECIPE, roi=ROI, batch_size=8, seed=0)


def pool_of(cohort, split, patients=None, per_class=4):
    labels = torch.arange(3).repeat_interleave(per_class)
    seen = tuple(sorted(patients_of(cohort, split.train))) if patients is None else patients
    origin = Provenance("acgan", cohort.fingerprint, split.repeat, split.fold, seen, 0)
    return SamplePool(torch.zeros(len(labels), 1, 64, 64), labels, origin)


@pytest.fixture
def splits(tiny_cohort):
    return make_splits(tiny_cohort, folds=3)


def test_real_rois_of_one_split(tiny_cohort, splits):
    data = lesion_data(tiny_cohort, splits[0])
    assert data.train_images.shape == (16, 1, 64, 64)
    assert data.train_labels.tolist() == tiny_cohort.labels[list(splits[0].train)].tolist()
    images, labels = next(iter(data.test_dataloader()))
    assert labels.tolist() == tiny_cohort.labels[list(splits[0].test)].tolist()
    torch.testing.assert_close(images, data.test_images - data.train_images.mean(0))


def test_scalar_mean_is_one_number(tiny_cohort, splits):
    data = lesion_data(tiny_cohort, splits[0], mean="scalar")
    torch.testing.assert_close(data.training_mean, data.train_images.mean().expand(1, 1, 64, 64))


def test_classic_pool_holds_the_originals_and_the_test_side_stays_as_it_is(tiny_cohort, splits):
    real, classic = lesion_data(tiny_cohort, splits[0]), classic_data(tiny_cohort, splits[0])
    assert len(classic.train_labels) == 5 * 16
    torch.testing.assert_close(classic.train_images[:16], real.train_images)
    torch.testing.assert_close(classic.test_images, real.test_images)


def test_a_gan_sees_the_training_side_in_minus_one_to_one_and_one_class_if_asked(tiny_cohort, splits):
    everything, cysts = gan_data(tiny_cohort, splits[0]), gan_data(tiny_cohort, splits[0], label=0)
    torch.testing.assert_close(everything.images, classic_data(tiny_cohort, splits[0]).train_images * 2 - 1)
    assert set(cysts.labels.tolist()) == {0}
    assert set(cysts.patients) < set(everything.patients) == patients_of(tiny_cohort, splits[0].train)


def stamped(cohort, lesions):
    """A canary: a code on every pixel of some lesions that no image of the cohort holds."""
    patches = cohort.patches.copy()
    patches[list(lesions)] = 3071
    return Cohort(cohort.class_names, cohort.lesions, patches)


def test_canary_no_pixel_of_a_test_lesion_reaches_the_training_side(tiny_cohort, splits):
    for split in splits:
        clean = [classic_data(tiny_cohort, split), gan_data(tiny_cohort, split)]
        marked = [
            classic_data(stamped(tiny_cohort, split.test), split),
            gan_data(stamped(tiny_cohort, split.test), split),
        ]
        assert torch.equal(clean[0].train_images, marked[0].train_images)
        assert torch.equal(clean[0].training_mean, marked[0].training_mean)
        assert torch.equal(clean[1].images, marked[1].images)
        assert not torch.equal(clean[0].test_images, marked[0].test_images)
        # the canary sings where it may: one training lesion changes everything above
        control = stamped(tiny_cohort, split.train[:1])
        assert not torch.equal(clean[0].training_mean, classic_data(control, split).training_mean)
        assert not torch.equal(clean[1].images, gan_data(control, split).images)


def test_a_pool_is_added_in_the_classifiers_range(tiny_cohort, splits):
    data = lesion_data(tiny_cohort, splits[0])
    before = data.training_mean.clone()
    data.add_training_data(pool_of(tiny_cohort, splits[0]))
    assert data.train_images.shape == (16 + 12, 1, 64, 64)
    assert (data.train_images[16:] == 0.5).all()  # 0 in [-1, 1]
    assert torch.equal(data.training_mean, before)
    served = torch.cat([labels for _, labels in data.train_dataloader()])
    assert torch.bincount(served).tolist() == torch.bincount(data.train_labels).tolist()


def test_a_pool_of_another_split_is_refused(tiny_cohort, splits):
    data = lesion_data(tiny_cohort, splits[0])
    with pytest.raises(
        InputError, match=r"fold 1\) saw 8 patients, 4 of whom are not on the training side of repeat 0, fold 0"
    ):
        data.add_training_data(pool_of(tiny_cohort, splits[1]))


def test_a_generator_fitted_on_all_patients_is_refused(tiny_cohort, splits):
    """The leaky configuration of public reimplementations: GANs trained before the split."""
    everyone = Split(0, 0, tuple(range(24)), splits[0].test)
    leaky = pool_of(tiny_cohort, splits[0], patients=gan_data(tiny_cohort, everyone).patients)
    with pytest.raises(InputError, match="saw 12 patients, 4 of whom are not"):
        lesion_data(tiny_cohort, splits[0]).add_training_data(leaky)


@pytest.mark.parametrize("patients", [(), ("P-other-salt",)])
def test_a_pool_whose_patients_are_unknown_is_refused(patients, tiny_cohort, splits):
    with pytest.raises(InputError, match="not on the training side"):
        lesion_data(tiny_cohort, splits[0]).add_training_data(pool_of(tiny_cohort, splits[0], patients=patients))


def test_a_pool_of_another_cohort_is_refused(tiny_cohort, splits):
    other = dataclasses.replace(pool_of(tiny_cohort, splits[0]), provenance=Provenance("acgan", "0" * 12, 0, 0, (), 0))
    with pytest.raises(InputError, match="made from cohort 000000000000"):
        lesion_data(tiny_cohort, splits[0]).add_training_data(other)


def test_of_a_large_test_side_every_nth_lesion_is_watched_and_all_are_predicted(tiny_cohort, splits, monkeypatch):
    data = lesion_data(tiny_cohort, splits[0])
    lesions = len(splits[0].test)
    monkeypatch.setattr("data_modules.lesion_data.WATCHED", lesions)
    assert sum(len(labels) for _, labels in data.val_dataloader()) == lesions
    monkeypatch.setattr("data_modules.lesion_data.WATCHED", lesions - 1)
    (images, labels), *_ = data.val_dataloader()
    (everything, names), *_ = data.predict_dataloader()
    assert labels.tolist() == names[::2].tolist()
    assert torch.equal(images, everything[::2])
    assert len(names) == lesions
