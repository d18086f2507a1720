import re

import numpy as np
import pytest
from fake_holdout import write_fake_holdout
from fake_run import sign_predictions, write_fake_run
from test_page import Page, report

from liverlab.evaluation.evaluate import evaluate
from liverlab.report.roc_figure import calibration_sentence, reliability_figure, roc_figure, roc_section

LINE = {"tpr": [0.4, 0.8, 1.0], "low": [0.3, 0.6, 1.0], "high": [0.5, 0.9, 1.0], "area": {"estimate": 0.75}}
ARMS = {
    name: {
        "accuracy": {"estimate": 0.7},
        "roc": {"fpr": [0.0, 0.5, 1.0]},
        "reliability": {
            "points": [
                {"confidence": 0.5, "correct": 0.4, "interval": [0.3, 0.5]},
                {"confidence": 0.9, "correct": 0.8, "interval": [0.7, 0.9]},
            ],
            "confidence": 0.8,
            "excess": {"estimate": 0.1, "interval": [0.02, 0.18]},
            "temperature": {"estimate": 1.1, "interval": [0.8, 1.4]},
        },
    }
    for name in ("classic", "acgan")
}


def points_of(path):
    return np.array([[float(x) for x in pair.split()] for pair in re.findall(r"[ML] (\S+ \S+)", path)])


def test_a_curve_begins_in_the_corner_and_goes_where_it_should():
    svg = roc_figure(ARMS, {"classic": LINE, "acgan": None}, ["classic"], "roc", "ROC curve")
    assert 'aria-label="ROC curve. Area: classic 0.750"' in svg
    paths = [points_of(p) for p in re.findall(r'<path d="([^"]+)"[^>]*stroke: var\(--arm-0\)', svg)]
    line = max(paths, key=len)
    assert len(line) == 4
    (left, bottom), (right, top) = line[0], line[-1]
    shares = (line - [left, bottom]) / [right - left, top - bottom]
    np.testing.assert_allclose(shares, [[0, 0], [0, 0.4], [0.5, 0.8], [1, 1]], atol=0.002)
    assert "var(--arm-1)" not in svg  # an arm without a curve
    assert roc_figure(ARMS, {"classic": None, "acgan": None}, [], "roc", "ROC curve") is None


def test_bands_are_those_of_the_compared_arms():
    without, one = (reliability_figure(ARMS, arms).count("opacity: 0.16") for arms in ([], ["acgan"]))
    assert without == 0 < one


@pytest.mark.parametrize(
    ("excess", "words"),
    [
        ({"estimate": 0.1, "interval": [0.02, 0.18]}, "was on average too sure of its answers: "),
        ({"estimate": -0.1, "interval": [-0.18, -0.02]}, "was on average not sure enough of its answers: "),
        (
            {"estimate": 0.1, "interval": [-0.02, 0.22]},
            "showed on average no clear sign of being too sure or not sure enough",
        ),
        (
            {"estimate": 0.1, "interval": None},
            "showed on average no clear sign of being too sure or not sure enough",
        ),
    ],
)
def test_how_sure_in_words(excess, words):
    arm = ARMS["classic"]
    sentence = calibration_sentence("classic", arm | {"reliability": arm["reliability"] | {"excess": excess}})
    assert words in sentence
    assert "mean probability of 80.0\u00a0%, and 70.0\u00a0% were right" in sentence
    assert "temperature" not in sentence  # 1 lies in its interval


@pytest.mark.parametrize(
    ("interval", "words"), [([1.2, 2.1], "1.50 (1.20 to 2.10) fits best: too sure"), ([0.4, 0.9], "not sure enough")]
)
def test_a_temperature_other_than_one_is_named(interval, words):
    temperature = {"estimate": 1.5, "interval": interval}
    arm = ARMS["classic"] | {"reliability": ARMS["classic"]["reliability"] | {"temperature": temperature}}
    assert words in calibration_sentence("classic", arm).split(". ")[1]


def test_arms_differ_by_more_than_their_colour():
    arms = {f"arm{i}": ARMS["classic"] for i in range(6)}
    svg = roc_figure(arms, dict.fromkeys(arms, LINE), [], "roc", "ROC curve")
    dashes = [re.search(rf'style="([^"]*)stroke: var\(--arm-{i}\)', svg)[1] for i in range(6)]
    assert len(set(dashes)) == 6


def test_a_point_without_an_interval_is_drawn():
    point = {"confidence": 0.7, "correct": 0.5, "interval": None}
    arms = {"classic": {**ARMS["classic"], "reliability": {**ARMS["classic"]["reliability"], "points": [point] * 2}}}
    assert "nan" not in reliability_figure(arms, ["classic"])


def test_in_the_page(tmp_path):
    folder = write_fake_run(tmp_path, {"classic": 0.65, "acgan": 0.7}, arm="acgan", baseline="classic")
    text = report(folder)
    page = Page(text)
    metrics = evaluate(folder, draws=200, flips=200)
    area = metrics["arms"]["acgan"]["roc"]["macro"]["area"]["estimate"]
    assert f"acgan {area:.3f}" in text
    ece = metrics["arms"]["acgan"]["reliability"]["ece_if_calibrated"]["mean"]
    assert f"{ece:.3f}" in page.text
    assert "200 of the bootstrap samples" in page.text
    assert "with 57 lesions, an arm whose probabilities were exactly true" in page.text
    assert "as hard in every repeat" not in page.text
    dashed = [line for line in page.all("line") if line.get("stroke-dasharray")]
    assert [line["style"] for line in dashed] == ["stroke: var(--arm-1)"]  # of the second arm, in the legend
    assert "no bootstrap sample changes it" not in page.text
    assert [name for name, _ in roc_section(metrics)["classes"]] == ["cyst", "metastasis", "hemangioma"]


def test_a_fold_of_each_class_alone_has_no_macro_curve(tmp_path):
    folder = write_fake_run(tmp_path, {"classic": 0.65}, arm="classic", baseline=None, classes=("a", "b"), patients=8)
    frame = (folder / "predictions.csv").read_text().splitlines()
    # fold 0 holds the patients of a, fold 1 those of b
    cells = [line.split(",") for line in frame[1:]]
    rows = [",".join([c[0], c[1], str(int(c[5] == "b")), *c[3:]]) for c in cells]
    (folder / "predictions.csv").write_text("\n".join([frame[0], *rows]) + "\n")
    sign_predictions(folder)
    page = Page(report(folder))
    assert "no fold holds every class" in page.text
    assert "ROC curves by class" not in page.text


def test_a_perfect_ranking_has_no_interval_and_says_so(tmp_path):
    folder = write_fake_run(tmp_path, {"classic": 0.65, "acgan": 4.0}, arm="acgan", baseline="classic")
    assert "an area of exactly 0 or 1 has no interval, and its curve no band: no bootstrap sample" in report(folder)


def test_a_holdout_says_what_its_intervals_leave_out(tmp_path):
    page = Page(report(write_fake_holdout(tmp_path)))
    assert "over patients alone: another training is not in them" in page.text
    assert "as hard in every repeat" in page.text
