import re

import numpy as np
import pytest
from fake_holdout import write_fake_holdout
from test_page import Page, report

from liverlab.report.worth_figure import worth_figure
from liverlab.report.worth_words import lesions_text, worth_sentence

POINTS = [
    {"arm": f"real-{n}", "lesions": n, "accuracy": {"estimate": a, "interval": [a - 0.02, a + 0.02]}, "fitted": a}
    for n, a in ((91, 0.6), (182, 0.7), (364, 0.8))
]


def worth_of(lesions, low, high, beyond=None):
    arm = {"lesions": lesions, "interval": [low, high], "beyond": beyond}
    return {"train_lesions": 182, "points": POINTS, "arms": {"gan": arm}}


@pytest.mark.parametrize(
    ("worth", "did", "interval", "so"),
    [
        (
            worth_of(230.4, 190, 300),
            "arm with 230",
            "190 to 300",
            "worth 48 further real lesions.",
        ),
        (
            worth_of(230.4, 170, 364),
            "arm with 230",
            "170 to 364 or more",
            "though the interval holds 182 itself.",
        ),
        (worth_of(150, 91, 170), "arm with 150", "91 or fewer to 170", "no gain."),
        (worth_of(364, 300, 364, "above"), "better than real-364", "300 to 364 or more", "more than 182 further"),
        (worth_of(91, 91, 110, "below"), "worse than real-91, which had 91 lesions", "91 or fewer to 110", "no gain"),
    ],
)
def test_a_worth_in_words(worth, did, interval, so):
    sentence = worth_sentence("gan", worth)
    assert did in sentence
    assert f"(95\u00a0% interval {interval})" in sentence
    assert so in sentence


def test_an_end_of_the_curve_is_open():
    worth = worth_of(1, 1, 1)
    assert [lesions_text(x, worth) for x in (91 + 1e-12, 181.6, 364 - 1e-12)] == ["91 or fewer", "182", "364 or more"]


def test_an_arm_stands_below_the_point_that_it_equals():
    svg = worth_figure(worth_of(182, 120, 300))
    path = re.search(r'<g id="worth-rising">\s*<path d="([^"]+)"', svg)[1]
    xs = [float(pair.split()[0]) for pair in re.findall(r"[ML] (\S+ \S+)", path)]
    mark = re.search(r'<g id="worth-worth-0">.*?<use [^>]*?x="(\S+?)"', svg, re.DOTALL)[1]
    assert float(mark) == pytest.approx(xs[1], abs=0.01)
    np.testing.assert_allclose(xs[1] - xs[0], xs[2] - xs[1], atol=0.02)  # doublings are equally far on a log axis


def test_the_page_of_a_holdout_speaks_of_repeats_and_of_test_lesions(tmp_path):
    text = report(write_fake_holdout(tmp_path))
    page = Page(text)
    for expected in (
        "57 test lesions of 30 patients",
        "hold-out, 182 lesions to train on × 3 repeats",
        "Patients, lesions, repeats",
        "All repeats and all arms are tested on the same 57 lesions.",
        "their training sides share up to 4 of their lesions",
        "but not of calibration, the deviation of a sample of repeats was added",
        "Single repeats",
        "Counts add up over 3 repeats of 57 lesions.",
        "Worth in real lesions",
        "acgan_aug with 182 real lesions did as well as ",
    ):
        assert expected in page.text, expected
    words = page.text.split("Resolved configuration")[0]
    assert re.findall(r".{30}\bfolds?\b.{30}", words) == []
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert page.outside == []


def test_a_holdout_of_one_repeat_claims_no_measured_training(tmp_path):
    page = Page(report(write_fake_holdout(tmp_path, repeats=1, shared=0)))
    assert "How much another training would differ" in page.text
    assert "the deviation of a sample of repeats" not in page.text
    assert "training sides share" not in page.text
