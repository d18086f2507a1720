import math
import re
from dataclasses import fields, is_dataclass

import pytest

from data_modules.errors import InputError
from liverlab.config import ExperimentConfig
from liverlab.ranges import BELOW_ONE, RANGES, RATES
from liverlab.settings import load_experiment

FRACTIONS = [
    f"{section.name}.{setting.name}"
    for section in fields(ExperimentConfig)
    if is_dataclass(section.type)
    for setting in fields(section.type)
    if "float" in str(setting.type)
]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("seed=-1", "seed: -1 is too small; it starts at 0."),
        ("jobs=0", "jobs: 0 is too small; it starts at 1."),
        ("classic.flips=5", "classic.flips: 5 is too large; it ends at 3."),
        ("classifier.dropout=2", "classifier.dropout: 2.0 is too large; it ends at 1."),
        ("acgan.generator_channels=4", "acgan.generator_channels: 4 is too small; it starts at 16."),
        ("classifier.lr=0", "classifier.lr: 0.0 teaches nothing; it must be above 0."),
        ("trainer.precision=fp16", "trainer.precision: 'fp16' is not known. Use one of 32-true, bf16-mixed"),
        ("trainer.accelerator=gpux", "trainer.accelerator: 'gpux' is not known. Use one of auto, cpu"),
        ("roi.window_hu=[240,-100]", "roi.window_hu: 240.0 to -100.0 HU is no window; the lower end comes first."),
        ("roi.window_hu=[nan,240]", "roi.window_hu: nan to 240.0 HU is no window"),
        ("acgan.lr=nan", "acgan.lr: nan is not a number to work with; it must be finite."),
        ("acgan.lr=inf", "acgan.lr: inf is not a number to work with; it must be finite."),
        ("bovw.penalty=nan", "bovw.penalty: nan fits nothing"),
        ("acgan.embedding_dim=0", "acgan.embedding_dim: 0 is too small; it starts at 1."),
        ("acgan.betas=[0.5,1]", "acgan.betas: (0.5, 1.0); each must be at least 0 and below 1."),
        ("dcgan.betas=[-0.1,0.9]", "dcgan.betas: (-0.1, 0.9); each must be at least 0 and below 1."),
        ("dcgan.betas=[nan,0.9]", "dcgan.betas: (nan, 0.9); each must be at least 0 and below 1."),
        ("folds=[0,0]", "folds=[0, 0]: a fold is listed twice."),
        ("data.classes=[a,a]", "2 to 20 different classes are possible."),
    ],
)
def test_values_that_could_only_fail_later(override, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_experiment("acgan_aug", [override])


@pytest.mark.parametrize("key", RANGES)
def test_the_smallest_value_is_allowed_and_the_one_below_is_not(key):
    smallest = RANGES[key][0]
    below = int(smallest) - 1
    with pytest.raises(InputError, match=re.escape(f"{key}: ")):
        load_experiment("no_aug", [f"{key}={below}"])
    load_experiment("no_aug", [f"{key}={smallest}"])


@pytest.mark.parametrize("key", sorted({*RANGES, *RATES}.intersection(FRACTIONS)))
def test_nan_is_within_no_bounds(key):
    with pytest.raises(InputError, match=re.escape(f"{key}: nan is not a number to work with")):
        load_experiment("no_aug", [f"{key}=nan"])


@pytest.mark.parametrize("key", BELOW_ONE)
def test_one_is_too_large_and_the_largest_number_below_it_is_not(key):
    with pytest.raises(InputError, match=re.escape(f"{key}: 1.0 is too large; it must be below 1.")):
        load_experiment("no_aug", [f"{key}=1"])
    load_experiment("no_aug", [f"{key}={math.nextafter(1, 0)!r}"])


def test_betas_of_zero_are_allowed():
    load_experiment("acgan_aug", ["acgan.betas=[0,0]", "dcgan.betas=[0,0]"])


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["holdout.test_lesions=2"], "holdout.test_lesions: 2 is too small; it starts at 3, a lesion of each class."),
        (["holdout.train_lesions=0"], "holdout.train_lesions: 0 is too small; it starts at 3"),
        (["holdout.train_lesions=83"], "100 test and 83 train lesions are more than data.phantom_lesions=182."),
        (["folds=[1]"], "folds=[1]: there is no fold 1; a hold-out has one split in each repeat, fold 0."),
        (["curve.setting=holdout.test_lesions"], "arms share their test side, so that holdout.test_lesions cannot"),
        (["holdout=null", "curve.setting=holdout.train_lesions"], "has no effect without a hold-out"),
    ],
)
def test_a_holdout_that_cannot_be(overrides, sentence):
    fits = ["profile=paper", "holdout.test_lesions=100", "holdout.train_lesions=82"]
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_experiment("no_aug", [*fits, *overrides])
    load_experiment("no_aug", [*fits, "folds=[0]", "curve.setting=holdout.train_lesions"])


EIGHT = ["trainer.devices=4", "trainer.num_nodes=2"]


@pytest.mark.parametrize(
    ("experiment", "small"),
    [("no_aug", "classifier"), ("dcgan_aug", "classifier"), ("dcgan_aug", "dcgan"), ("acgan_aug", "acgan")],
)
def test_a_batch_has_an_image_for_every_device(experiment, small):
    sentence = f"{small}.batch_size: 7 images cannot be shared by 8 devices (trainer.devices times trainer.num_nodes)"
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_experiment(experiment, [*EIGHT, f"{small}.batch_size=7"])
    load_experiment(experiment, [*EIGHT, f"{small}.batch_size=8"])


def test_copies_of_lesions_need_no_classic_pool_and_no_batch():
    load_experiment("controls/duplicate_real", ["augmentation=none", "trainer.devices=2"])


def test_the_batch_of_a_network_that_is_not_trained_does_not_matter():
    load_experiment("acgan_aug", [*EIGHT, "dcgan.batch_size=7"])
    load_experiment("paper/bovw", [*EIGHT, "classifier.batch_size=7"])


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["synthetic.choose_from=[5]"], "synthetic.choose_from: [5]; list two or more sizes of at least 0, each once"),
        (["synthetic.choose_from=[]"], "synthetic.choose_from: []; list two or more"),
        (["synthetic.choose_from=[-1,5]"], "synthetic.choose_from: [-1, 5]; list two or more"),
        (["synthetic.choose_from=[5,2]"], "synthetic.choose_from: [5, 2]; list two or more"),
        (["synthetic.choose_from=[5,5]"], "synthetic.choose_from: [5, 5]; list two or more"),
        (["generator=none"], "; there is something to choose where method=cnn and a generator is set."),
        (["method=discriminator"], "; there is something to choose where method=cnn and a generator is set."),
        (
            ["selection=test"],
            "selection=test and a curve over synthetic.size try sizes on the test folds. Leave out one",
        ),
        (["curve.setting=synthetic.size", "curve.values=[1,2]"], "synthetic.size try sizes on the test folds."),
        (["synthetic.pool_size=499"], "[0, 500] per class are more than synthetic.pool_size=499."),
        (["control.real_images=false"], "(control.real_images=false) nothing is left to train on at 0."),
    ],
)
def test_sizes_that_cannot_be_chosen_from(overrides, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_experiment("acgan_aug", ["profile=smoke", "synthetic.choose_from=[0,500]", *overrides])


@pytest.mark.parametrize("more", [["synthetic.pool_size=500"], ["curve.setting=classic.size", "curve.values=[40,80]"]])
def test_sizes_that_can_be_chosen_from(more):
    load_experiment("acgan_aug", ["profile=smoke", "synthetic.choose_from=[0,500]", *more])
