import numpy as np
import pytest

from liverlab.quality.measured import ALL, Measured
from liverlab.quality.over_splits import interval, mean_over_splits


def row(value, draws, images="synthetic", measure="kid"):
    return Measured("radiomics", images, ALL, measure, value, np.array(draws, dtype=float), 10, 4)


def test_folds_are_averaged_draw_by_draw():
    (mean,) = mean_over_splits([(0, [row(1.0, [0.0, 2.0])]), (0, [row(3.0, [5.0, 1.0])])])
    assert mean.value == 2.0
    np.testing.assert_array_equal(mean.draws, [2.5, 1.5])
    assert (mean.count, mean.reference) == (20, 8)


def test_repeats_do_not_make_patients():
    """Averaged, the draws of five repeats would spread over 1 / sqrt(5); they spread as those of one."""
    rng = np.random.default_rng(0)
    repeats = [(r, [row(float(r), r + rng.normal(0, 1, 4000))]) for r in range(5)]
    (mean,) = mean_over_splits(repeats)
    assert mean.value == 2.0  # of 0 to 4
    assert mean.draws.shape == (5 * 4000,)
    assert mean.draws.mean() == pytest.approx(2, abs=0.05)
    assert mean.draws.std() == pytest.approx(1, abs=0.03)


def test_pairs_of_draws_stay_together_over_repeats():
    """A floor that is half a unit below in every draw of every split is so in every draw of the mean."""
    rng = np.random.default_rng(0)
    splits = []
    for repeat in (0, 0, 1):
        draws = rng.normal(0, 1, 50)
        splits.append((repeat, [row(1.0, draws), row(0.5, draws - 0.5, "train")]))
    synthetic, floor = mean_over_splits(splits)
    np.testing.assert_allclose(synthetic.draws - floor.draws, 0.5, atol=1e-12)


def test_a_split_that_cannot_tell_is_left_out_and_none_that_can_is_nan():
    nothing = [np.nan, np.nan]
    first = [row(1.0, [1.0, np.nan]), row(np.nan, nothing, measure="recall")]
    second = [row(np.nan, nothing), row(np.nan, nothing, measure="recall")]
    kid, recall = mean_over_splits([(0, first), (0, second)])
    assert kid.value == 1.0
    np.testing.assert_array_equal(kid.draws, [1.0, np.nan])
    assert np.isnan(recall.value)
    assert np.isnan(recall.draws).all()


def test_an_interval_holds_the_middle_95_per_cent():
    low, high = interval(np.append(np.arange(1001) / 1000, np.nan))
    assert (low, high) == pytest.approx((0.025, 0.975))
    assert interval(np.array([np.nan])) is None
