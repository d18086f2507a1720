import json
import shutil

import pandas as pd
import pytest
from fake_run import sign_predictions
from two_runs import edit_run, write_two_runs

from data_modules.errors import InputError
from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.finished_run import read_finished
from liverlab.evaluation.side_by_side import compare_runs, differing_settings, warnings


@pytest.fixture
def two(tmp_path):
    parts = write_two_runs(tmp_path)[1:]
    for folder in parts:
        evaluate(folder, draws=100, flips=100)
    return parts


def warned(folders):
    return warnings([read_finished(folder) for folder in folders])


def test_runs_that_share_everything_raise_no_warning(two):
    assert warned(two) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cohort": {"fingerprint": "ba98"}}, "Other lesions (run 1: phantom, fingerprint 0123456789ab; run 2: "
         "phantom, fingerprint ba98): accuracies belong to different tasks, and no arms are compared across them."),
        ({"cohort": {"phantom": False, "sources": ["a"]}}, "Lesions are not all of one kind (run 1: computer-made; "
         "run 2: of patients): nothing carries over from a phantom to patients."),
        ({"protocol": {"folds": 5}}, "Other designs (run 1: 3 folds × 1 repeat; run 2: 5 folds × 1 repeat, 3 "
         "splits run)"),
        ({"profile": "paper"}, "Other profiles (run 1: laptop; run 2: paper)"),
        ({"budget": "epochs"}, "Other training budgets (run 1: 1,500 steps; run 2: 25.8 epochs, 1,500 steps)"),
        ({"arms": {"acgan": {"steps": 3000, "epochs": 1}}}, "(run 1: 1,500 steps; run 2: 1,500 and 3,000 steps)"),
        ({"versions": {"torch": "3.0"}}, "Other versions (run 1: torch 2.13.0; run 2: torch 3.0): a difference"),
        ({"arms": {"acgan": {"steps": 1500, "leak_on_purpose": True}}}, "Run 2: acgan leaks on purpose"),
    ],
)  # fmt: skip
def test_each_difference_between_runs_is_a_warning(two, change, expected):
    edit_run(two[1], **change)
    found = warned(two)
    assert sum(expected in text for text in found) == 1
    assert len(found) == 1 + ("phantom" in change.get("cohort", {}))  # of patients are always other lesions


@pytest.mark.parametrize("break_it", ["missing", "edited"])
def test_splits_without_predictions_are_not_known(two, break_it):
    path = two[1] / "predictions.csv"
    if break_it == "missing":
        path.unlink()
    else:
        path.write_text(path.read_text().replace("P000", "P999"))
    found = compare_runs(two, draws=100)
    assert found["warnings"] == [
        "Run 2: splits not known, since its predictions are missing or not those that it wrote."
    ]
    assert found["alike"] == "whose splits are not all known"


def test_a_leak_within_a_run_is_no_difference_between_runs(two):
    edit_run(two[1], arms={"acgan": {"steps": 1500, "leak_on_purpose": True}})
    found = compare_runs(two, draws=100)
    assert len(found["warnings"]) == 1
    assert found["alike"] == "without a difference in data, splits, profile, budget or versions"


def test_equal_epochs_are_not_equal_steps(two):
    for folder, steps in ((two[0], (300, 23000)), (two[1], (23000, 37500))):
        arms = read_finished(folder).run["arms"].items()
        arms = {name: arm | {"epochs": 150, "steps": n} for (name, arm), n in zip(arms, steps, strict=True)}
        edit_run(folder, budget="epochs", arms=arms)
        evaluate(folder, draws=100, flips=100)
    found = compare_runs(two, draws=100)
    (warning,) = found["warnings"]
    assert "run 1: 150 epochs, 300 and 23,000 steps; run 2: 150 epochs, 23,000 and 37,500 steps" in warning
    steps = {(pair["arm"], pair["baseline"]): pair["unequal_steps"] for pair in found["pairs"]}
    assert steps == {
        ("dcgan", "none"): [23000, 300],
        ("dcgan", "classic"): None,
        ("acgan", "none"): [37500, 300],
        ("acgan", "classic"): [37500, 23000],
    }


def test_cautions_of_each_run_are_carried(two):
    metrics = json.loads((two[1] / "metrics.json").read_text())
    metrics["steps"]["acgan"] = 3000
    (two[1] / "metrics.json").write_text(json.dumps(metrics))
    cautions = [run["cautions"] for run in compare_runs(two, draws=100)["runs"]]
    assert any("dcgan 1,500, acgan 3,000" in text for text in cautions[1])
    assert not any("computer-made" in text for own in cautions for text in own)
    del metrics["steps"]
    (two[1] / "metrics.json").write_text(json.dumps(metrics))
    (told,) = compare_runs(two, draws=100)["runs"][1]["cautions"]
    assert told.startswith("Its metrics are of an earlier version")


def test_other_splits_of_the_same_lesions(two):
    frame = pd.read_csv(two[1] / "predictions.csv")
    frame["fold"] = (frame["fold"] + 1) % 3
    frame.to_csv(two[1] / "predictions.csv", index=False)
    sign_predictions(two[1])
    evaluate(two[1], draws=100, flips=100)
    assert warned(two) == [
        "Other splits of the same lesions (runs 1 against 2): no arms are compared across them.",
    ]


def test_an_arm_chosen_on_the_test_folds_and_another_rule(two):
    points = [{"arm": arm, "budget": "steps", "value": i, "per_fold": 1.0} for i, arm in enumerate(("dcgan", "acgan"))]
    edit_run(two[1], selection="test", curve={"setting": "synthetic.size", "scale": 1.0, "points": points})
    evaluate(two[1], draws=100, flips=100, rope=0.03)
    rule, chosen = warned(two)
    assert rule.startswith("Other verdict rules (run 1: ")
    assert chosen == "Run 2: acgan was selected on the test folds, as published: optimistic."


def test_settings_that_differ_are_listed_by_run(two):
    edit_run(two[0], config_yaml="name: one\nclassifier:\n  lr: 0.001\n  mean: image\nfolds: null\n")
    edit_run(two[1], config_yaml="name: two\nclassifier:\n  lr: 0.01\n  mean: image\n")
    runs = [read_finished(folder) for folder in two]
    assert differing_settings(runs) == {"classifier.lr": ["0.001", "0.01"], "folds": ["None", "–"]}


def test_what_is_laid_side_by_side(two):
    found = compare_runs(two, draws=100)
    first, second = found["runs"]
    assert [(run["number"], run["name"], run["arm"]) for run in found["runs"]] == [
        (1, "first", "classic"), (2, "second", "acgan"),
    ]  # fmt: skip
    assert [c["baseline"] for c in second["declared"]] == ["dcgan"]
    assert list(first["arms"]) == ["none", "classic"]
    assert first["facts"]["Lesions"] == "57 of 30 patients (19 cyst, 19 metastasis, 19 hemangioma)"
    assert first["facts"]["Tested lesions, folds"] == second["facts"]["Tested lesions, folds"]
    assert len(found["pairs"]) == 4


def test_a_run_without_metrics_is_still_described(two):
    (two[0] / "metrics.json").unlink()
    found = compare_runs(two, draws=100)
    run = found["runs"][0]
    assert run["declared"] == []
    assert run["arms"] == {}
    assert run["facts"]["Verdict rule"] == "not known"
    assert found["warnings"] == []
    assert run["absent"][0].startswith("metrics.json is missing")


def test_the_same_run_twice(two, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(two[0], copy)
    for other in (two[0], two[0] / "..", copy):
        same = other / "first" if other.name == ".." else other
        with pytest.raises(InputError, match=r"are the same run\. Name each run once."):
            compare_runs([two[0], two[1], same], draws=100)
