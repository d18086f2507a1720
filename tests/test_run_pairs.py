import numpy as np
import pandas as pd
import pytest
from fake_run import sign_predictions
from two_runs import edit_run, write_two_runs

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.finished_run import read_finished
from liverlab.evaluation.run_pairs import pairs_across


def pairs_of(*folders, **settings):
    return pairs_across([read_finished(folder) for folder in folders], draws=300, **settings)


@pytest.mark.parametrize("repeats", [1, 2])
def test_pairs_of_two_runs_have_the_numbers_of_one_run_with_all_arms(tmp_path, repeats):
    whole, first, second = write_two_runs(tmp_path, repeats=repeats)
    one = evaluate(whole, draws=300, flips=100, seed=5)
    pairs = {(pair["arm"], pair["baseline"]): pair for pair in pairs_of(first, second, seed=5)}
    assert set(pairs) == {("dcgan", "none"), ("dcgan", "classic"), ("acgan", "none"), ("acgan", "classic")}
    for arm in ("dcgan", "acgan"):
        assert pairs[arm, "classic"]["estimate"] == pytest.approx(one["differences"][arm]["estimate"], abs=1e-12)
        assert pairs[arm, "classic"]["interval"] == pytest.approx(one["differences"][arm]["interval"], abs=1e-12)
    assert pairs["acgan", "classic"]["interval"] == pytest.approx(one["comparison"]["interval"], abs=1e-12)


def test_an_estimate_is_the_hand_count_of_lesions_and_compared_arms_come_first(tmp_path):
    whole, first, second = write_two_runs(tmp_path)
    frame = pd.read_csv(whole / "predictions.csv")
    right = (frame["label"] == frame["predicted"]).groupby(frame["arm"]).sum()
    top, *others = pairs_of(first, second)
    assert (top["arm"], top["baseline"], top["runs"], top["declared"]) == ("acgan", "classic", [2, 1], True)
    assert top["estimate"] == pytest.approx((right["acgan"] - right["classic"]) / 57)
    assert not any(pair["declared"] for pair in others)


def test_arms_of_one_name_stay_apart_and_the_same_predictions_are_named(tmp_path):
    whole, first, second = write_two_runs(tmp_path)
    same = [pair for pair in pairs_of(whole, first) if pair["same"]]
    assert [(pair["arm"], pair["baseline"], pair["estimate"]) for pair in same] == [
        ("none", "none", 0), ("classic", "classic", 0),
    ]  # fmt: skip
    frame = pd.read_csv(second / "predictions.csv")
    frame["arm"] = frame["arm"].map({"dcgan": "none", "acgan": "classic"})
    frame.to_csv(second / "predictions.csv", index=False)
    edit_run(second, arm="classic", baseline="none", arms={"none": {}, "classic": {}})
    sign_predictions(second)
    pairs = pairs_of(first, second)
    assert len(pairs) == 4
    assert pairs[0]["arm"] == pairs[0]["baseline"] == "classic"
    assert not pairs[0]["same"]
    assert pairs[0]["estimate"] > 0  # more skill in the second run's


@pytest.mark.parametrize("what", ["fold", "patient", "cohort", "holdout"])
def test_other_lesions_or_folds_are_no_pairs(tmp_path, what):
    _, first, second = write_two_runs(tmp_path)
    frame = pd.read_csv(second / "predictions.csv")
    if what == "fold":
        frame["fold"] = (frame["fold"] + 1) % 3
    elif what == "patient":
        frame["patient_id"] = "x" + frame["patient_id"]
    elif what == "cohort":
        edit_run(second, cohort={"fingerprint": "ba9876543210"})
    else:
        edit_run(second, protocol={"holdout": {"test_lesions": 57, "train_lesions": 100, "shared": 0}})
    frame.to_csv(second / "predictions.csv", index=False)
    sign_predictions(second)
    assert pairs_of(first, second) == []


def test_three_runs_of_which_one_has_other_folds(tmp_path):
    whole, first, second = write_two_runs(tmp_path)
    frame = pd.read_csv(first / "predictions.csv")
    frame["fold"] = np.roll(np.arange(3), 1)[frame["fold"]]
    frame.to_csv(first / "predictions.csv", index=False)
    sign_predictions(first)
    assert {tuple(pair["runs"]) for pair in pairs_of(first, whole, second)} == {(3, 2)}
