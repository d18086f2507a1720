import numpy as np
import pytest

from liverlab.evaluation.metrics import expand, paper_metrics
from liverlab.evaluation.published import PUBLISHED_RESULTS
from liverlab.settings import experiment_names, load_experiment


def test_intervals_are_wilsons():
    # Wilson's formula by hand: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
    for row in PUBLISHED_RESULTS:
        z, n, p = 1.959964, 182, row.correct / 182
        half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        expected = [(p + z**2 / (2 * n) + sign * half) / (1 + z**2 / n) for sign in (-1, 1)]
        assert row.wilson_95 == pytest.approx(expected, abs=1e-6)
    printed = [tuple(round(100 * x, 1) for x in row.wilson_95) for row in PUBLISHED_RESULTS]
    assert printed == [(49.9, 64.1), (72.1, 83.9), (79.9, 90.1), (75.0, 86.3), (72.6, 84.4), (71.5, 83.4)]


def test_printed_values_agree_with_the_counts_and_matrices():
    for row in PUBLISHED_RESULTS:
        if row.sensitivity is not None:
            assert row.accuracy == pytest.approx(row.sensitivity, abs=0.0006)
        if row.confusion:
            values = paper_metrics(*expand(np.array(row.confusion)), 3)
            assert values["sensitivity"] == pytest.approx(row.sensitivity, abs=0.0006)
            assert values["specificity"] == pytest.approx(row.specificity, abs=0.0006)


def test_each_row_names_one_experiment_and_its_method():
    methods = {
        "no_aug": ("cnn", "none", "none"),
        "classic_aug": ("cnn", "classic", "none"),
        "dcgan_aug": ("cnn", "classic", "dcgan"),
        "paper-acgan": ("cnn", "classic", "acgan"),
        "paper-acgan_discriminator": ("discriminator", "classic", "acgan"),
        "paper-bovw": ("bovw", "none", "none"),
    }
    names = {name.replace("/", "-"): name for name in experiment_names()}
    found = [load_experiment(names[row.ours], ["profile=smoke"]) for row in PUBLISHED_RESULTS]
    assert {arm.name: (arm.method, arm.augmentation, arm.generator) for arm in found} == methods
    # "without these modifications" (sec. 4.3): both ACGAN rows have the plain discriminator
    assert [arm.acgan.discriminator for arm in found if arm.generator == "acgan"] == ["dcgan", "dcgan"]
