"""Reading accuracies as numbers of real lesions, against curves whose inverse is known."""

from math import exp, log

import numpy as np
import pytest
from fake_holdout import CURVE, write_fake_holdout
from fake_run import write_fake_run

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.worth import lesions_for, risen, worth_summary

SIZES = [91, 182, 364, 728]
TOP, MIDDLE, WIDTH = 0.9, log(60), 1.2


def logistic(lesions):
    """A learning curve; its inverse is exp(MIDDLE + WIDTH log(a / (TOP - a)))."""
    return TOP / (1 + exp(-(log(lesions) - MIDDLE) / WIDTH))


def summary(estimates, draws=None, **run):
    """Worth of the arms besides real-<n>; without draws, one that is as the estimates."""
    points = [
        {"arm": name, "value": int(name[5:]), "budget": "steps"} for name in estimates if name.startswith("real-")
    ]
    run = {
        "curve": {"setting": "holdout.train_lesions", "points": points},
        "budget": "steps",
        "protocol": {"holdout": {"train_lesions": 182}},
    } | run
    arms = {name: {"accuracy": {"estimate": value, "interval": [value, value]}} for name, value in estimates.items()}
    return worth_summary(run, arms, {name: np.asarray((draws or {}).get(name, [x])) for name, x in estimates.items()})


@pytest.mark.parametrize("accuracy", [0.60, 0.66, 0.70, 0.75, 0.79])
def test_a_logistic_curve_gives_back_its_inverse(accuracy):
    expected = exp(MIDDLE + WIDTH * log(accuracy / (TOP - accuracy)))
    assert 91 < expected < 728
    rising = risen([logistic(n) for n in SIZES])
    assert lesions_for(accuracy, rising, SIZES) == pytest.approx(expected, rel=0.03)  # straight pieces of a bent line


def test_the_points_themselves_are_read_as_they_are():
    rising = risen([logistic(n) for n in SIZES])
    np.testing.assert_allclose([lesions_for(logistic(n), rising, SIZES) for n in SIZES], SIZES)


def test_between_points_the_line_is_straight_in_the_logarithm():
    assert lesions_for(0.75, np.array([0.7, 0.8]), [100, 400]) == pytest.approx(200)


def test_a_fall_is_shared_out_between_its_points():
    np.testing.assert_allclose(risen([0.5, 0.7, 0.6, 0.8]), [0.5, 0.65, 0.65, 0.8])
    np.testing.assert_allclose(risen([0.7, 0.6, 0.5]), [0.6, 0.6, 0.6])


def test_beyond_its_ends_the_curve_says_no_more_than_that():
    curve = {f"real-{n}": logistic(n) for n in SIZES}
    found = summary(curve | {"worse": 0.3, "between": logistic(250), "better": 0.89})["arms"]
    assert {name: arm["beyond"] for name, arm in found.items()} == {
        "worse": "below",
        "between": None,
        "better": "above",
    }
    assert [found["worse"]["lesions"], found["better"]["lesions"]] == pytest.approx([91, 728])
    assert found["between"]["lesions"] == pytest.approx(250, rel=0.03)


def test_luck_with_the_patients_that_all_arms_share_leaves_no_interval():
    luck = np.linspace(-0.1, 0.1, 50)
    estimates = {f"real-{n}": logistic(n) for n in SIZES} | {"arm": logistic(250)}
    shared = summary(estimates, {name: value + luck for name, value in estimates.items()})["arms"]["arm"]
    np.testing.assert_allclose(shared["interval"], shared["lesions"], rtol=1e-9)
    alone = summary(estimates, {name: value + luck * (name == "arm") for name, value in estimates.items()})["arms"][
        "arm"
    ]
    # .1 x 1.1 (for training) at the 97.5 % point of a uniform draw: .95 of the way to each end
    low, high = (logistic(250) + 0.95 * 1.1 * x for x in (-0.1, 0.1))
    inverse = [exp(MIDDLE + WIDTH * log(x / (TOP - x))) for x in (low, min(high, logistic(728)))]
    assert alone["interval"] == pytest.approx([max(91, inverse[0]), inverse[1]], rel=0.03)


def test_only_a_curve_over_real_lesions_is_read():
    estimates = {"real-91": 0.6, "real-182": 0.7, "arm": 0.65, "arm-epochs": 0.9}
    assert list(summary(estimates, by_epochs={"arm": "arm-epochs"})["arms"]) == ["arm"]
    assert summary(estimates, curve=None) is None
    assert summary(estimates, curve={"setting": "classic.size", "points": []}) is None


def test_a_run_holds_the_worth_of_its_arms(tmp_path):
    metrics = evaluate(write_fake_holdout(tmp_path / "a"), draws=300, flips=100)
    worth = metrics["worth"]
    assert [(point["arm"], point["lesions"]) for point in worth["points"]] == [(x, int(x[5:])) for x in CURVE]
    assert list(worth["arms"]) == ["classic_aug", "acgan_aug"]
    found = worth["arms"]["acgan_aug"]
    assert 91 <= found["interval"][0] <= found["lesions"] <= found["interval"][1] <= 364
    plain = evaluate(write_fake_run(tmp_path / "b", {"x": 0.7}, arm="x", baseline=None), draws=100, flips=100)
    assert plain["worth"] is None
    assert plain["holdout"] is None
