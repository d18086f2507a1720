import json

import pandas as pd
import pytest
from fake_run import write_fake_run

from liverlab.evaluation.evaluate import evaluate
from liverlab.report.page import write_report

MARK = "Noise floor (A/A)"


@pytest.fixture
def folder(tmp_path):
    skill = {"classic": 0.6, "again": 0.6, "acgan": 0.8}
    return write_fake_run(tmp_path, skill, arm="acgan", baseline="classic")


def with_twins(folder, *twins):
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"noise_floor": list(twins) or None}))
    return evaluate(folder, draws=200, flips=200), write_report(folder).read_text(encoding="utf-8")


def test_the_floor_is_the_twins_difference_and_stands_in_the_figure(folder):
    metrics, page = with_twins(folder, "again", "classic")
    frame = pd.read_csv(folder / "predictions.csv")
    right = (frame["label"] == frame["predicted"]).groupby(frame["arm"]).mean()
    floor = metrics["noise_floor"]
    assert (floor["arm"], floor["baseline"]) == ("again", "classic")
    assert floor["estimate"] == pytest.approx(right["again"] - right["classic"])
    assert floor["interval"][0] < floor["estimate"] < floor["interval"][1]
    assert MARK in page
    assert "Grey: again minus classic, which differ by their seeds alone" in page


@pytest.mark.parametrize("twins", [(), ("acgan", "classic")])
def test_no_mark_without_twins_or_where_they_are_what_is_compared(folder, twins):
    metrics, page = with_twins(folder, *twins)
    assert (metrics["noise_floor"] is None) == (not twins)
    assert MARK not in page
    assert "Grey:" not in page
