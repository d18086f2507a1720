import copy

import pytest
from fake_run import write_fake_run

from liverlab.evaluation.evaluate import evaluate
from liverlab.report.summary import (
    cautions,
    findings,
    headline,
    in_a_hundred,
    p_text,
    percent,
    points,
    probability,
    rounded,
    span,
    verdict_lines,
)


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_fake_run(folder, {"classic": 0.75, "acgan": 0.8}, arm="acgan", baseline="classic")
    return evaluate(folder, draws=300, flips=300)


def test_numbers_in_words():
    assert percent(0.7857) == "78.6\u00a0%"
    assert percent(None) == "–"
    assert points(-0.0314) == "−3.1"
    assert points(0.05) == "+5.0"
    assert span([0.499, 0.641]) == "49.9–64.1"
    assert [p_text(p) for p in (0.0004, 0.0213, 1.0)] == ["<\u00a0.001", "=\u00a0.021", "=\u00a01.000"]
    assert [probability(p) for p in (0.0, 0.5, 1.0)] == ["under 1\u00a0%", "50\u00a0%", "over 99\u00a0%"]
    assert [rounded(n) for n in (37, 2859, 12345)] == ["37", "2,900", "12,000"]


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("benefit", "acgan classifies more lesions correctly than classic."),
        ("harm", "acgan classifies fewer lesions correctly than classic."),
        ("equivalent", "acgan and classic are equivalent for practical purposes."),
        ("inconclusive", "This run cannot tell whether acgan is better than classic."),
    ],
)
def test_headline(metrics, verdict, expected):
    changed = copy.deepcopy(metrics)
    changed["comparison"]["verdict"] = verdict
    assert headline(changed) == expected
    assert verdict_lines(changed).startswith(f"{verdict.upper()}: {expected}")


def test_lines_hold_the_warning_and_a_row_for_each_arm(metrics):
    lines = verdict_lines(metrics).splitlines()
    assert any("says nothing about livers" in line for line in lines)
    assert [line.split()[0] for line in lines[-3:]] == ["arm", "classic", "acgan"]
    correct = metrics["arms"]["acgan"]["correct"]
    assert lines[-1].endswith(f"{correct} of 57")
    assert max(len(line) for line in lines[-3:]) <= 100


def test_a_classifier_that_did_not_learn_is_named(tmp_path):
    folder = write_fake_run(tmp_path, {"classic": 0.3, "acgan": 0.9}, arm="acgan", baseline="classic")
    found = cautions(evaluate(folder, draws=300, flips=300))
    assert any("classic did not clearly beat always answering cyst (33.3\u00a0%)" in text for text in found)
    assert not any("acgan did not" in text for text in found)


def test_no_information_without_discordant_lesions(metrics):
    same = copy.deepcopy(metrics)
    same["comparison"] |= {"discordance": 0.0, "standard_error": 0.0, "detectable": None, "lesions_needed": None}
    assert findings(same)[-1].startswith("Both arms were right and wrong on exactly the same lesions")
    assert not any("probability" in text for text in findings(same))
    same["comparison"]["discordance"] = 0.01  # a patient's gain and loss
    assert findings(same)[-1].startswith("No patient gained or lost on balance")
    same["comparison"]["splits_seen"] = False
    assert findings(same)[-1].startswith("With a single split nothing shows")


def test_unequal_training_is_said_beside_the_verdict(metrics):
    assert not any("optimizer steps" in text for text in cautions(metrics))
    unequal = metrics | {"steps": {"classic": 300, "acgan": 4950}}
    assert any("(classic 300, acgan 4,950): a difference may be training time" in text for text in cautions(unequal))


def test_a_leak_on_purpose_is_said_with_the_verdict(metrics):
    assert not any("leak" in text for text in cautions(metrics))
    leaking = copy.deepcopy(metrics) | {"leaks": ["acgan"]}
    assert any(text.startswith("acgan is a leak on purpose") for text in cautions(leaking))
    assert not any("leak" in text for text in cautions(leaking | {"leaks": ["another arm"]}))


@pytest.mark.parametrize(
    ("estimate", "interval", "text"),
    [
        (0.011, [-0.034, 0.056], "1 more correctly than b; this run leaves open anything from 3 fewer to 6 more."),
        (-0.071, [-0.12, -0.022], "7 fewer correctly than b; this run leaves open anything from 12 fewer to 2 fewer."),
        (0.021, [0.003, 0.04], "2 more correctly than b; this run leaves open anything from 0.3 more to 4 more."),
        (0.0, [0.0, 0.0004], "no more correctly than b; this run leaves open no more and little else."),
    ],
)
def test_a_difference_as_natural_frequencies(estimate, interval, text):
    told = in_a_hundred({"arm": "a", "baseline": "b", "estimate": estimate, "interval": interval})
    assert told == f"Of 100 lesions like these, a would call {text}"
