import numpy as np
import pytest

from liverlab.evaluation.power import detectable_by_bootstrap, detectable_by_mcnemar, lesions_needed


@pytest.mark.parametrize(("discordance", "points"), [(0.10, 6.5), (0.20, 9.2), (0.30, 11.3)])
def test_detectable_difference_solves_connors_sample_size(discordance, points):
    d = detectable_by_mcnemar(discordance, 182)
    assert 100 * d == pytest.approx(points, abs=0.1)
    assert (1.95996 * discordance**0.5 + 0.84162 * (discordance - d**2) ** 0.5) ** 2 / d**2 == pytest.approx(182, 1e-4)


def test_detectable_difference_has_80_percent_power_in_simulation():
    discordance, lesions = 0.2, 2000
    d = detectable_by_mcnemar(discordance, lesions)
    shares = [(discordance + d) / 2, (discordance - d) / 2, 1 - discordance]
    gained, lost, _ = np.random.default_rng(0).multinomial(lesions, shares, size=20000).T
    rejected = (gained - lost) ** 2 > 1.959964**2 * (gained + lost)
    assert rejected.mean() == pytest.approx(0.80, abs=0.015)


def test_nothing_is_detectable_without_discordance_or_with_a_handful_of_lesions():
    assert detectable_by_mcnemar(0.0, 182) is None
    assert detectable_by_mcnemar(0.05, 30) is None
    assert detectable_by_bootstrap(0.0) is None


def test_bootstrap_version_is_2_8_standard_errors():
    assert detectable_by_bootstrap(0.03) == pytest.approx(0.03 * 2.8016, abs=1e-5)


def test_half_the_difference_needs_four_times_the_lesions():
    assert lesions_needed(0.03, 0.06, 182) == 728
    assert lesions_needed(-0.06, 0.06, 182) == 182
    assert lesions_needed(0.0, 0.06, 182) is None
