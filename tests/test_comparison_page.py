import csv
import json
import re

import pytest
from test_page import Page
from two_runs import edit_run, write_two_runs

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.side_by_side import compare_runs
from liverlab.report.comparison_page import write_comparison
from liverlab.report.summary import percent


@pytest.fixture
def folders(tmp_path):
    whole, *parts = write_two_runs(tmp_path)
    for folder in (whole, *parts):
        evaluate(folder, draws=100, flips=100)
    return [whole, *parts]


def write(folders, out):
    out.mkdir()
    found = compare_runs(folders, draws=100)
    return found, write_comparison(out, found).read_text(encoding="utf-8")


def test_one_file_without_script_or_request_and_every_number_as_text(folders, tmp_path):
    found, text = write(folders[1:], tmp_path / "out")
    page = Page(text)
    assert not page.all("script")
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert page.outside == []
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
    label = page.all("svg")[0]["aria-label"]
    for run in found["runs"]:
        (c,) = run["declared"]
        shown = f"{100 * c['estimate']:+.1f}".replace("-", "−")
        assert f"Run {run['number']}: {c['arm']} minus {c['baseline']}: {shown} (" in label
        for arm in run["arms"].values():
            assert percent(arm["accuracy"]["estimate"]) in page.text
            assert f"{arm['correct']} of 57" in page.text


def test_pairs_are_called_described_and_have_no_verdict(folders, tmp_path):
    found, text = write(folders[1:], tmp_path / "out")
    section = text.split("<h2>Arms of different runs</h2>")[1].split("</section>")[0]
    assert "Not declared beforehand: described, not tested." in section
    assert "<details>" not in section
    assert section.count("<tr>") == 1 + len(found["pairs"])
    assert not re.search("benefit|harm|inconclusive|equivalent", section)


def test_of_many_pairs_those_of_the_compared_arms_are_in_sight(folders, tmp_path):
    found, text = write(folders, tmp_path / "out")
    assert len(found["pairs"]) == 4 * 2 + 4 * 2 + 2 * 2
    section = text.split("<h2>Arms of different runs</h2>")[1].split("</section>")[0]
    seen, folded = section.split("<details>")
    assert seen.count("<tr>") == 1 + 3
    assert "17 further pairs of arms" in folded
    assert "the very same predictions" in seen  # acgan of the first and the third run


def test_json_and_csv_hold_what_the_page_shows(folders, tmp_path):
    found, _ = write(folders[1:], tmp_path / "out")
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == json.loads(json.dumps(found))
    with (tmp_path / "out" / "comparison.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["what"] for row in rows].count("arm") == 2 * 2 * 3
    assert [row["what"] for row in rows].count("declared") == 2
    pair = next(row for row in rows if row["what"] == "across runs")
    assert (pair["run"], pair["name"], pair["arm"]) == ("2", "second", "acgan")
    assert (pair["baseline_run"], pair["baseline"]) == ("1", "classic")
    assert float(pair["estimate"]) == pytest.approx(found["pairs"][0]["estimate"], abs=1e-6)
    assert pair["p"] == pair["verdict"] == ""


def test_warnings_stand_in_the_first_box(folders, tmp_path):
    edit_run(folders[2], profile="paper")
    page = Page(write(folders[1:], tmp_path / "out")[1])
    assert "2 runs, which differ in more than their arms" in page.text
    assert "Other profiles (run 1: laptop; run 2: paper)" in page.text
    assert "≠ Profile" in page.text
    assert "≠ Data" not in page.text


def test_cautions_and_unequal_steps_are_shown(folders, tmp_path):
    for name, steps in (("dcgan", 1500), ("acgan", 3000)):
        edit_run(folders[2], arms={name: {"steps": steps, "epochs": 1}})
    evaluate(folders[2], draws=100, flips=100)
    page = Page(write(folders[1:], tmp_path / "out")[1])
    assert "Run 2. The arms took different numbers of optimizer steps (dcgan 1,500, acgan 3,000)" in page.text
    assert "steps 3,000 and 1,500" in page.text
    assert "a difference may be training time; intervals" in page.text


def test_paths_of_the_machine_stand_nowhere(folders, tmp_path):
    (folders[2] / "predictions.csv").unlink()
    found, text = write(folders[1:], tmp_path / "out")
    assert "whose splits are not all known" in text
    assert str(tmp_path) not in text + json.dumps(found)


def test_without_warnings_it_says_so(folders, tmp_path):
    page = Page(write(folders[1:], tmp_path / "out")[1])
    assert "2 runs, without a difference in data, splits, profile, budget or versions" in page.text
    assert "≠" not in page.text.replace("≠: not the same", "")


def test_what_is_missing_is_said(folders, tmp_path):
    (folders[1] / "metrics.json").unlink()
    (folders[2] / "predictions.csv").unlink()
    page = Page(write(folders[1:], tmp_path / "out")[1])
    assert "Run 1. metrics.json is missing" in page.text
    assert "predictions.csv is missing" in page.text
    assert "first: verdict not known" in page.text
    assert "so arms of different runs cannot be paired" in page.text


def test_names_are_text_never_markup(folders, tmp_path):
    odd = folders[1].rename(tmp_path / "<i>$x_1$ & co")
    page = Page(write([odd, folders[2]], tmp_path / "out")[1])
    assert "<i>$x_1$ & co" in page.text
    assert not page.all("i")
