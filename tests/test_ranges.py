import re

import pytest

from data_modules.errors import InputError
from liverlab.ranges import RANGES
from liverlab.settings import load_experiment


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
