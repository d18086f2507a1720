import json

import pandas as pd
import pytest
from fake_curve import write_fake_curve

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.published import PUBLISHED_CURVES, PUBLISHED_RESULTS
from liverlab.evaluation.volume_curve import select_arm
from liverlab.report.page import write_report

OPTIMISTIC = "selected on the test folds, as published: optimistic"


def run_of(correct, selection="test", baseline="c-0"):
    points = [{"arm": arm, "budget": "epochs" if "epochs" in arm else "steps"} for arm in correct]
    return {"arm": "c-2", "baseline": baseline, "selection": selection, "curve": {"points": points}}


def test_the_best_point_of_the_declared_line_and_of_equals_the_smallest():
    correct = {"c-0": 9, "c-1": 5, "c-2": 4, "c-3": 5, "c-1-epochs": 8}
    found = select_arm(run_of(correct), correct)
    assert (found["arm"], found["declared"], found["among"], found["label"]) == ("c-1", "c-2", 3, OPTIMISTIC)


def test_by_default_the_declared_point_whatever_came_out():
    correct = {"c-0": 9, "c-1": 5, "c-2": 4}
    found = select_arm(run_of(correct, "fixed"), correct)
    assert (found["arm"], found["label"]) == ("c-2", "declared before results")


def test_published_rule_finds_the_published_sizes():
    # the paper reports 5000 classic and 3000 synthetic images per fold as optimal
    for (setting, best), first in zip((("classic.size", 5000), ("synthetic.size", 3000)), (104, 143), strict=True):
        counts = PUBLISHED_CURVES[setting]
        assert counts[0] == first
        correct = {f"c-{size}": count for size, count in counts.items()}
        assert select_arm(run_of(correct) | {"arm": f"c-{max(counts)}"}, correct)["arm"] == f"c-{best}"


def test_the_curves_pass_through_the_printed_results():
    printed = {row.name: row.correct for row in PUBLISHED_RESULTS}
    assert PUBLISHED_CURVES["classic.size"][0] == printed["no augmentation"]
    assert PUBLISHED_CURVES["classic.size"][5000] == printed["classic augmentation"]
    assert PUBLISHED_CURVES["synthetic.size"][0] == printed["classic augmentation"]
    assert PUBLISHED_CURVES["synthetic.size"][3000] == printed["classic + DCGAN"]


@pytest.mark.parametrize(("selection", "arm"), [("fixed", "classic-5000"), ("test", "classic-3000")])
def test_the_comparison_of_a_curve_and_its_numbers(tmp_path, selection, arm):
    metrics = evaluate(write_fake_curve(tmp_path, selection=selection), draws=200, flips=200)
    assert json.loads((tmp_path / "metrics.json").read_text())["selection"]["rule"] == selection
    assert (metrics["comparison"]["arm"], metrics["comparison"]["baseline"]) == (arm, "classic-0")
    frame = pd.read_csv(tmp_path / "predictions.csv")
    right = (frame["label"] == frame["predicted"]).groupby(frame["arm"]).mean()
    lines = metrics["curve"]["lines"]
    for line, suffix in (("steps", ""), ("epochs", "-epochs")):
        assert [p["arm"] for p in lines[line]["points"]] == [
            f"classic-{int(p['value'])}{suffix}" for p in lines[line]["points"]
        ]
        difference = lines[line]["difference"]
        expected = right[f"{arm}{suffix}"] - right[f"classic-0{suffix}"]
        assert difference["estimate"] == pytest.approx(expected, abs=1e-6)
        assert difference["interval"][0] <= expected <= difference["interval"][1]
    assert lines["steps"]["difference"]["interval"] == pytest.approx(metrics["comparison"]["interval"], abs=1e-6)
    assert metrics["curve"]["published"][5] == {"per_fold": 5000, "correct": 143, "accuracy": 143 / 182}


def test_a_curve_beside_compared_arms_that_are_none_of_its_points_has_no_difference(tmp_path):
    folder = write_fake_curve(tmp_path)
    run = json.loads((folder / "run.json").read_text())
    run["curve"]["points"] = [point for point in run["curve"]["points"] if point["value"] > 0]
    (folder / "run.json").write_text(json.dumps(run))
    metrics = evaluate(folder, draws=200, flips=200)
    assert metrics["comparison"]["baseline"] == "classic-0"
    assert [line["difference"] for line in metrics["curve"]["lines"].values()] == [None, None]
    assert "How many images" in write_report(folder).read_text()
