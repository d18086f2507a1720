import json

import numpy as np
import pandas as pd
import pytest
from fake_run import sign_predictions, write_fake_run

from data_modules.errors import InputError
from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.rule import Rule, freeze
from liverlab.report.summary import cautions


@pytest.fixture
def folder(tmp_path):
    return write_fake_run(tmp_path, {"classic": 0.65, "acgan": 0.7}, arm="acgan", baseline="classic")


def test_numbers_are_those_of_a_hand_count(folder):
    result = evaluate(folder, draws=300, flips=300)
    frame = pd.read_csv(folder / "predictions.csv")
    right = (frame["label"] == frame["predicted"]).groupby(frame["arm"]).mean()
    for arm in ("classic", "acgan"):
        assert result["arms"][arm]["accuracy"]["estimate"] == pytest.approx(right[arm], abs=1e-6)
        low, high = result["arms"][arm]["accuracy"]["interval"]
        assert low < right[arm] < high
    assert result["comparison"]["estimate"] == pytest.approx(right["acgan"] - right["classic"])
    assert result["counts"] == {
        "rows": 57,
        "lesions": 57,
        "patients": 30,
        "repeats": 1,
        "splits": 3,
        "majority_class": "cyst",
        "majority_share": 1 / 3,
    }
    wide = frame.assign(right=frame["label"] == frame["predicted"]).pivot(
        index="lesion_id", columns="arm", values="right"
    )
    assert result["comparison"]["mcnemar"]["gained"] == (wide["acgan"] & ~wide["classic"]).sum()
    assert result["comparison"]["mcnemar"]["lost"] == (wide["classic"] & ~wide["acgan"]).sum()


def test_a_second_line_is_measured_against_the_second_line_of_the_baseline(tmp_path):
    skill = {"classic": 0.6, "classic-epochs": 0.8, "acgan": 0.7, "acgan-epochs": 0.65}
    folder = write_fake_run(tmp_path, skill, arm="acgan", baseline="classic")
    run = json.loads((folder / "run.json").read_text())
    run["by_epochs"] = {"classic": "classic-epochs", "acgan": "acgan-epochs"}
    (folder / "run.json").write_text(json.dumps(run))
    result = evaluate(folder, draws=200, flips=200)
    frame = pd.read_csv(folder / "predictions.csv")
    right = (frame["label"] == frame["predicted"]).groupby(frame["arm"]).mean()
    found = {name: (row["baseline"], row["estimate"]) for name, row in result["differences"].items()}
    assert found == {
        "acgan": ("classic", pytest.approx(right["acgan"] - right["classic"])),
        "acgan-epochs": ("classic-epochs", pytest.approx(right["acgan-epochs"] - right["classic-epochs"])),
    }
    assert (result["comparison"]["arm"], result["comparison"]["baseline"]) == ("acgan", "classic")


def test_metrics_json_is_what_was_returned_and_repeats_exactly(folder):
    result = evaluate(folder, draws=300, flips=300)
    first = (folder / "metrics.json").read_text()
    assert json.loads(first) == json.loads(json.dumps(result))
    evaluate(folder, draws=300, flips=300)
    assert (folder / "metrics.json").read_text() == first
    assert not list(folder.glob("*.part"))


def test_a_planted_effect_is_found_and_its_mirror_is_harm(tmp_path):
    shape = {"patients": 90, "folds": 3}
    skill = {"classic": 0.55, "acgan": 0.95}
    forward = evaluate(write_fake_run(tmp_path / "f", skill, arm="acgan", baseline="classic", **shape))
    mirrored = evaluate(write_fake_run(tmp_path / "m", skill, arm="classic", baseline="acgan", **shape))
    assert forward["comparison"]["verdict"] == "benefit"
    assert mirrored["comparison"]["verdict"] == "harm"
    assert mirrored["comparison"]["estimate"] == -forward["comparison"]["estimate"]


def test_identical_arms_are_inconclusive_not_equivalent(folder):
    frame = pd.read_csv(folder / "predictions.csv")
    classic = frame[frame["arm"] == "classic"]
    pd.concat([classic, classic.assign(arm="acgan")]).to_csv(folder / "predictions.csv", index=False)
    sign_predictions(folder)
    comparison = evaluate(folder, draws=200, flips=200)["comparison"]
    assert comparison["verdict"] == "inconclusive"
    assert comparison["detectable"] is None
    assert comparison["lesions_needed"] is None
    assert comparison["sign_flip_p"] == 1


@pytest.mark.parametrize("num_classes", [2, 20])
def test_one_arm_of_any_number_of_classes(tmp_path, num_classes):
    classes = tuple(f"class {i}" for i in range(num_classes))
    shape = {"classes": classes, "patients": 3 * num_classes}
    result = evaluate(write_fake_run(tmp_path, {"only": 0.6}, arm="only", baseline=None, **shape), draws=200, flips=200)
    assert result["comparison"] is None
    assert len(result["arms"]["only"]["per_class"]) == num_classes
    assert np.array(result["arms"]["only"]["confusion"]).shape == (num_classes, num_classes)


def test_the_correlated_t_stands_beside_every_comparison_of_splits(tmp_path):
    skill = {"classic": 0.65, "acgan": 0.7}
    folder = write_fake_run(tmp_path, skill, arm="acgan", baseline="classic", folds=5, repeats=3)
    comparison = evaluate(folder, draws=200, flips=200)["comparison"]
    assert comparison["correlated_t"]["splits"] == 15
    assert comparison["mcnemar"]["gained"] + comparison["mcnemar"]["lost"] <= 57  # one repeat only


def test_what_run_json_may_get_wrong(folder):
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"baseline": "clasic"}))
    with pytest.raises(InputError, match=r"names the baseline 'clasic', but predictions\.csv holds classic, acgan"):
        evaluate(folder)
    (folder / "run.json").write_text(json.dumps(run | {"class_names": ["a", "b"]}))
    with pytest.raises(InputError, match="lists the classes"):
        evaluate(folder)
    (folder / "run.json").unlink()
    with pytest.raises(InputError, match=r"run\.json is missing"):
        evaluate(folder)


def change_run(folder, **keys):
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | keys))


def test_declared_comparisons_share_holm_and_the_primary_is_the_first(tmp_path):
    skill = {"none": 0.55, "classic": 0.6, "dcgan": 0.62, "acgan": 0.95}
    folder = write_fake_run(tmp_path, skill, arm="acgan", baseline="classic", patients=90)
    alone = evaluate(folder, draws=300, flips=999)
    assert alone["comparisons"] == [alone["comparison"]]
    assert alone["comparison"]["p_holm"] == alone["comparison"]["sign_flip_p"]
    change_run(folder, also_compare=[["dcgan", "classic"], ["classic", "none"], ["acgan", "classic"]])
    found = evaluate(folder, draws=300, flips=999)
    declared = found["comparisons"]
    pairs = [("acgan", "classic"), ("dcgan", "classic"), ("classic", "none")]  # the pair named twice counts once
    assert [(row["arm"], row["baseline"]) for row in declared] == pairs
    assert found["comparison"] == declared[0]
    assert declared[0]["verdict"] == "benefit"
    assert declared[0]["p_holm"] == pytest.approx(3 * declared[0]["sign_flip_p"])
    change_run(folder, also_compare=[["gan", "classic"]])
    with pytest.raises(InputError, match=r"declares a comparison with 'gan', but predictions\.csv holds none, classic"):
        evaluate(folder)


def test_edited_predictions_give_one_sentence_and_no_number(folder):
    frame = pd.read_csv(folder / "predictions.csv", dtype=str)
    wrong = frame[(frame["arm"] == "acgan") & (frame["label"] != frame["predicted"])].index[0]
    lesion = frame.loc[wrong, "lesion_id"]
    frame[frame["lesion_id"] != lesion].to_csv(folder / "predictions.csv", index=False)
    with pytest.raises(InputError, match="is not the file that the run wrote"):
        evaluate(folder)
    assert not (folder / "metrics.json").exists()


def test_an_older_run_without_fingerprint_is_evaluated_with_a_caution(folder):
    assert not any("fingerprint" in text for text in cautions(evaluate(folder, draws=200, flips=200)))
    change_run(folder, predictions_sha256=None)
    metrics = evaluate(folder, draws=200, flips=200)
    assert metrics["predictions"]["checked"] is False
    assert any("recorded no fingerprint of its predictions" in text for text in cautions(metrics))


def test_the_frozen_rule_is_the_only_one_that_is_applied(tmp_path):
    freeze(tmp_path, Rule(draws=200, flips=200))
    folder = write_fake_run(tmp_path, {"classic": 0.65, "acgan": 0.7}, arm="acgan", baseline="classic")
    rule = evaluate(folder, draws=200, flips=200)["rule"]
    assert (rule["hash"], rule["frozen"]) == (Rule(draws=200, flips=200).hash, True)
    (folder / "metrics.json").unlink()
    with pytest.raises(InputError, match="froze the verdict rule"):
        evaluate(folder, draws=200, flips=200, rope=0.05)
    assert not (folder / "metrics.json").exists()


def test_a_hold_out_has_no_correlated_t_and_one_training_set_no_verdict(tmp_path):
    skill = {"classic": 0.55, "acgan": 0.95}
    for repeats, verdict in ((1, "inconclusive"), (4, "benefit")):
        folder = write_fake_run(
            tmp_path / f"{repeats}", skill, arm="acgan", baseline="classic", patients=90, folds=1, repeats=repeats
        )
        protocol = {"folds": 1, "repeats": repeats, "seed": 7, "holdout": {"test_lesions": 179, "train_lesions": 20}}
        change_run(folder, protocol=protocol)
        found = evaluate(folder, draws=300, flips=999)["comparison"]
        assert found["correlated_t"] is None
        assert found["verdict"] == verdict
