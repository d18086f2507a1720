import numpy as np
import pytest

from liverlab.quality.sub_draws import MOST, equally_many, spread_around


def everything(labels):
    return {which: np.arange(len(own)) for which, own in labels.items()}


def test_every_set_gives_as_many_of_a_class_as_the_smallest_has():
    labels = {"real": np.repeat([0, 1], [4, 9]), "synthetic": np.repeat([1, 0], [7, 30])}
    chosen = equally_many(labels, everything(labels), np.random.default_rng(0))
    for which, positions in chosen.items():
        assert np.bincount(labels[which][positions]).tolist() == [4, 7]
        assert len(set(positions.tolist())) == 11


def test_only_given_positions_are_chosen_all_alike_often():
    labels = {"real": np.zeros(3, dtype=int), "synthetic": np.zeros(10, dtype=int)}
    among = {"real": np.arange(3), "synthetic": np.array([1, 4, 5, 9])}
    rng = np.random.default_rng(0)
    drawn = np.concatenate([equally_many(labels, among, rng)["synthetic"] for _ in range(2000)])
    assert np.bincount(drawn, minlength=10)[among["synthetic"]] / 2000 == pytest.approx(3 / 4, abs=0.04)
    assert len(drawn) == 6000
    assert set(drawn.tolist()) == {1, 4, 5, 9}


def test_a_class_that_one_set_lacks_is_compared_nowhere():
    labels = {"real": np.array([0, 0, 1]), "synthetic": np.array([0, 2])}
    chosen = equally_many(labels, everything(labels), np.random.default_rng(0))
    assert labels["real"][chosen["real"]].tolist() == labels["synthetic"][chosen["synthetic"]].tolist() == [0]


def test_large_sets_keep_their_mix():
    labels = {which: np.repeat([0, 1], [2 * MOST, MOST]) for which in ("real", "synthetic")}
    chosen = equally_many(labels, everything(labels), np.random.default_rng(0))
    assert np.bincount(labels["real"][chosen["real"]]).tolist() == [2 * MOST // 3, MOST // 3]


@pytest.mark.parametrize("patients", [10, 60])
def test_the_spread_of_a_mean_is_its_standard_error_whatever_chance_sub_draws_add(patients):
    rng = np.random.default_rng(0)
    values = rng.normal(size=patients)
    times = rng.multinomial(patients, np.full(patients, 1 / patients), size=4000)
    drawn = np.array([values[row > 0].mean() for row in times])
    expected = values.std(ddof=1) / np.sqrt(patients)
    for chance in (0.0, 1.0):
        sub_draws = drawn[:, None] + chance * expected * rng.normal(size=(4000, 5)) + np.arange(5)
        spread = spread_around(np.array(7.0), sub_draws, patients)
        assert spread.mean() == pytest.approx(7.0)
        assert spread.std() == pytest.approx(expected, rel=0.06)


def test_draws_without_a_number_are_left_out():
    drawn = np.array([[[0.0, np.nan]], [[2.0, np.nan]], [[np.nan, np.nan]]]).repeat(2, axis=1)
    spread = spread_around(np.array([1.0, 2.0]), drawn, 50)
    assert np.isnan(spread).tolist() == [[False, True], [False, True], [True, True]]
    assert np.nanmean(spread[:, 0]) == pytest.approx(1.0)


def test_what_never_varies_has_no_spread_and_one_patient_an_unknown_one():
    assert spread_around(np.array(1.0), np.full((4, 5), 3.0), 50).tolist() == [1.0] * 4
    assert np.isnan(spread_around(np.array(1.0), np.ones((4, 5)), 1)).all()


@pytest.mark.filterwarnings("error")
def test_what_varies_by_chance_alone_has_no_spread():
    drawn = np.array([[0.0, 1.0], [1.0, 0.0]])  # between sub-draws of a draw, not between draws
    assert spread_around(np.array(1.0), drawn, 50).tolist() == [1.0, 1.0]
