"""Every number that the report says of predictions, against a second computation from predictions.csv alone.

A section's numbers, those of its figures' alternative texts included, must all be among the values computed here for
that section and printed in its form. A control changes metrics.json, number by number, and must be noticed.
"""

import html
import json
import re
import shutil
from functools import reduce
from operator import getitem

import pytest
from fake_run import write_fake_run
from recomputed import Recomputed

from liverlab.evaluation.evaluate import evaluate
from liverlab.report.page import write_report

DRAWS, FLIPS, SEED, ROPE = 200, 300, 3, 0.02
PAIRS = [("acgan", "more"), ("acgan", "classic"), ("classic", "none")]
NUMBER = re.compile(r"(?<![\w.])[+−-]?(?:\d{1,3}(?:,\d{3})+|\d*\.\d+|\d+)(?!\w)")
NAMED = re.compile(r"Fig\.\s+\d|Frid-Adar et al\. 2018|AUROC|95 %")


def points(x):
    return f"{100 * x:+.1f}".replace("-", "−")


def percent(x):
    return f"{100 * x:.1f}"


def whole(x):
    return f"{100 * x:.0f}"


def p_value(p):
    return ".001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def chance(p):
    return "1" if p < 0.01 else "99" if p > 0.99 else f"{100 * p:.0f}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "fake"
    skill = {"none": 0.6, "classic": 0.7, "more": 0.74, "acgan": 0.8}
    classes = ("cyst", "adenoma", "abscess")  # not the published ones, whose numbers are printed ones
    write_fake_run(folder, skill, arm="acgan", baseline="more", repeats=2, classes=classes)
    run = json.loads((folder / "run.json").read_text())
    run["also_compare"] = [list(pair) for pair in PAIRS[1:]]
    (folder / "run.json").write_text(json.dumps(run))
    evaluate(folder, draws=DRAWS, flips=FLIPS, seed=SEED)
    return folder


@pytest.fixture(scope="module")
def again(folder):
    return Recomputed(folder / "predictions.csv", PAIRS, draws=DRAWS, flips=FLIPS, seed=SEED, rope=ROPE)


@pytest.fixture(scope="module")
def arms(again):
    return {name: again.arm(name) for name in again.arms}


def numbers_by_section(page):
    """Numbers that are said in words, tables and alternative texts; not the ticks of axes."""
    verdict = page[page.index('<div class="verdict"') : page.index("<nav")]
    sections = {"verdict": verdict}
    for part in re.findall(r"<section>(.*?)</section>", page, flags=re.DOTALL):
        sections[re.search(r"<h2>(.*?)</h2>", part)[1]] = part
    return {title: [n.replace("-", "−") for n in NUMBER.findall(said(part))] for title, part in sections.items()}


def said(part):
    spoken = re.findall(r'<svg[^>]*aria-label="([^"]*)"', part)
    text = re.sub(r"<svg.*?</svg>", " ", part, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]+>", " ", text) + " ".join(spoken)).replace("\u00a0", " ")
    return NAMED.sub(" ", text).replace("–", " ")


def comparison_numbers(c):
    """Of one declared comparison."""
    low, high = c["interval"]
    counts = {str(c["gained"]), str(c["lost"])}
    return {points(x) for x in (c["estimate"], low, high)} | {p_value(c["p"]), p_value(c["p_holm"])} | counts


def allowed(again, arms):
    """Per section, all numbers that may stand in it."""
    first = again.comparisons[0]
    several = {str(len(PAIRS))}
    estimate, (low, high) = first["estimate"], first["interval"]
    rows, detectable = len(again.labels), f"{100 * first['detectable']:.1f}"
    lesions = rows / 2
    needed = lesions * (first["detectable"] / estimate) ** 2
    rope = {"2"}
    shown = {percent(arm["accuracy"][0]) for arm in arms.values()}
    majority = max(again.labels.count(c) for c in again.classes) / rows
    verdict = comparison_numbers(first) | several | rope | shown | {detectable, f"{float(f'{needed:.2g}'):,.0f}"}
    verdict |= {str(abs(round(100 * x))) for x in (estimate, low, high)} | {"100", percent(majority)}
    verdict |= {chance(first[key]) for key in ("positive", "above", "within")} | {p_value(first["mcnemar_p"])}
    per_split = {points(x) for x in again.per_split(*PAIRS[0])}
    table, classes, matrices = set(), set(), set()
    for name, arm in arms.items():
        for metric in ("accuracy", "specificity", "macro_sensitivity"):
            value, interval = arm[metric]
            table |= {percent(value), *map(percent, interval)}
        table |= {f"{arm['auroc']:.3f}", str(arm["correct"]), str(rows)}
        table |= {points(x) for x in again.difference(name, "more")} if name != "more" else set()
        for measures in arm["per_class"].values():
            for value, interval in measures.values():
                classes |= {percent(value), *map(percent, interval)}
        matrices |= set(map(str, arm["confusion"].ravel()))
    splits = {"6", "2", str(round(lesions))}
    return {
        "verdict": verdict,
        "The difference": comparison_numbers(first) | per_split | rope | {str(DRAWS), "6"},
        "Declared comparisons": set().union(*map(comparison_numbers, again.comparisons)) | several,
        "Arms": table | splits | {percent(majority)},
        "Class by class": classes | matrices,
    }


def unexplained(page, known):
    said = numbers_by_section(page)
    return {title: wrong for title, may in known.items() if (wrong := [n for n in said[title] if n not in may])}


def test_every_number_recomputes(folder, again, arms):
    page = write_report(folder).read_text(encoding="utf-8")
    assert unexplained(page, allowed(again, arms)) == {}


SHOWN = [
    "comparison.estimate",
    "comparison.interval.0",
    "comparison.interval.1",
    "comparison.sign_flip_p",
    "comparison.p_holm",
    "comparison.probabilities.positive",
    "comparison.probabilities.above_rope",
    "comparison.probabilities.within_rope",
    "comparison.mcnemar.p_value",
    "comparison.detectable",
    "comparisons.2.estimate",
    "comparisons.1.interval.1",
    "comparisons.1.p_holm",
    "comparisons.2.sign_flip_p",
    "comparisons.2.mcnemar.gained",
    "arms.none.accuracy.estimate",
    "arms.none.specificity.interval.0",
    "arms.acgan.macro_sensitivity.interval.1",
    "arms.more.auroc.estimate",
    "arms.more.correct",
    "arms.classic.confusion.1.2",
    "arms.classic.per_class.adenoma.sensitivity.estimate",
    "arms.acgan.per_class.abscess.specificity.interval.0",
    "differences.classic.interval.1",
    "counts.majority_share",
]


@pytest.mark.parametrize("place", SHOWN)
def test_an_altered_number_is_noticed(folder, again, arms, place, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    metrics = json.loads((folder / "metrics.json").read_text())
    *way, last = [int(key) if key.isdigit() else key for key in place.split(".")]
    branch = reduce(getitem, way, metrics)
    branch[last] += 41 if isinstance(branch[last], int) else 0.0517
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(metrics))
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert unexplained(page, allowed(again, arms)) != {}
