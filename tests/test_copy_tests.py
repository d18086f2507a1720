from itertools import combinations
from math import comb, perm, sqrt

import numpy as np
import pytest

from liverlab.quality.copy_tests import chance_of, copied_share, data_copying_z, noticed_from


@pytest.mark.parametrize(("before", "images", "held_out"), [(0, 5, 3), (1, 5, 3), (3, 40, 20), (5, 5, 3)])
def test_the_chance_to_pass_the_closest_held_out_lesion_in_closed_form(before, images, held_out):
    # the first of the common order are all synthetic
    expected = perm(images, before) / perm(images + held_out, before)
    assert chance_of(before, images, held_out) == pytest.approx(expected)


def test_the_chance_by_counting_all_orders():
    images, held_out = 5, 4
    first = [places[0] for places in combinations(range(images + held_out), held_out)]
    assert len(first) == comb(9, 4)
    for before in range(images + 1):
        assert chance_of(before, images, held_out) == pytest.approx(np.mean([each >= before for each in first]))


def test_the_smallest_copy_rate_that_is_noticed():
    # 57 of 1000 pass the closest of 50 with probability .949 ** 50 or so
    share = noticed_from(1000, 50, 0.05)
    assert share == pytest.approx(1 - 0.05 ** (1 / 50), abs=0.002)
    before = round(share * 1000)
    assert chance_of(before, 1000, 50) < 0.05 <= chance_of(before - 1, 1000, 50)
    assert noticed_from(3, 2, 0.05) > 1  # 3 of 3 before both: probability .1


def test_the_interval_of_the_share_of_copies():
    assert copied_share(0, 100, 30) == (0.0, pytest.approx(1 - 0.025 ** (1 / 100)))
    low, high = copied_share(100, 100, 30)
    assert 0.9 < low < high == 1.0
    low, high = copied_share(30_000, 100_000, 30)
    chance = 1 - 0.0125 ** (1 / 30)  # of all but 1.25 % of training sets, no more honest images come before
    assert (low, high) == (pytest.approx((0.3 - chance) / (1 - chance), abs=0.005), pytest.approx(0.3, abs=0.004))


def test_c_t_of_one_cell_by_hand():
    # of six pairs the synthetic image is farther in two: 4 > 2 and 4 > 3; three are expected, variance 2*3*6/12 = 3
    zeros = np.zeros(5, dtype=np.int64)
    found = data_copying_z(np.array([1.0, 4.0]), np.array([2.0, 3.0, 5.0]), zeros[:2], zeros[:3])
    assert found == pytest.approx(-1 / sqrt(3))


def test_c_t_weighs_cells_by_held_out_lesions():
    synthetic, cells = np.array([1.0, 4.0, 9.0, 9.0]), np.array([0, 0, 1, 2])
    held_out, theirs = np.array([2.0, 3.0, 5.0, 1.0]), np.array([0, 0, 0, 1])
    second = (1 - 0.5) / sqrt(3 / 12)  # one pair, farther
    assert data_copying_z(synthetic, held_out, cells, theirs) == pytest.approx((3 * -1 / sqrt(3) + second) / 4)
    assert np.isnan(data_copying_z(synthetic, held_out, cells, theirs + 5))
