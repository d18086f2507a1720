"""Every number that the report says of predictions, against a second computation from predictions.csv alone.

A section's numbers, those of its figures' alternative texts included, must all be among the values computed here for
that section and printed in its form. A control changes metrics.json, number by number, and must be noticed.
"""

import html
import json
import re
import shutil
from functools import reduce
from math import log
from operator import getitem

import pytest
from fake_run import write_fake_run
from recomputed import Recomputed
from recomputed_further import Further, changes

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


@pytest.fixture(scope="module")
def tables(again):
    """By label, the numbers of every row: those of these tables must stand in their own column."""
    further = {name: Further(again, name, SEED) for name in again.arms}
    found = {label: {} for label in HEADS}
    for name, arm in further.items():
        (*areas, macro), average_precision = arm.ranking()
        calibrated = [About(arm.temperature()), [arm.ece(arm.right)], arm.ece_if_calibrated()]
        found[RANKING][name] = [macro, *areas, *calibrated]
        by_class, means = arm.calls()
        found[PREDICTIVE][name] = [shares(x) for x in by_class]
        found[FURTHER][name] = [*map(shares, means[:2]), *means[2:], average_precision, *arm.losses()]
    by_class, _ = changes(again, *PAIRS[0])
    counted = {c: [[counts[kind]] for kind in KINDS] for c, counts in by_class.items()}
    total = [[sum(counts[kind] for counts in by_class.values())] for kind in KINDS]
    found[CHANGES] = counted | {"all classes": total}
    found[GAINED], found[LOST] = changed_lesions(again, 1), changed_lesions(again, -1)
    return found


class About(list):
    """Numbers that the project reads from a grid: a parabola through three of its points errs by a thousandth."""


KINDS = ("both", "gained", "lost", "neither")
LESION = "Lesion Patient True class Called by more Called by acgan Probability of the true class Repeats gained, lost"
RANKING, PREDICTIVE, FURTHER, CHANGES, GAINED, LOST = HEADS = {
    "Ranking and calibration of the arms": "Arm AUROC AUROC, {} Temperature ECE ECE if calibrated",
    "Predictive values by class": "Arm PPV, {} NPV, {}",
    "Further metrics of the arms": "Arm PPV, mean NPV, mean F1, mean MCC Average precision Brier score Log-loss",
    "Lesions gained and lost by class": "Class Both right acgan alone more alone Both wrong",
    "Right with acgan, wrong with more": LESION,
    "Right with more, wrong with acgan": LESION,
}


def shares(values):
    return [100 * x for x in values]


def misplaced(page, tables, classes):
    """Labels of the tables whose head or any cell is not the expected one."""
    wrong = []
    for label, rows in tables.items():
        found = re.search(rf'aria-label="{label}">\s*<table>(.*?)</table>', page, flags=re.DOTALL)[1]
        head, *lines = [re.findall(r"<t[hd][ >].*?</t[hd]>", line) for line in found.split("</tr>")[:-1]]
        pattern = re.sub(r"(\w+,) {}", lambda m: " ".join(f"{m[1]} {c}" for c in classes), HEADS[label])
        right = " ".join(map(said, head)).split() == NAMED.sub(" ", pattern).split()
        right &= [said(line[0]).strip() for line in lines] == list(rows)
        for line, values in zip(lines, rows.values(), strict=True):
            cells = zip(line[1:], values, strict=True)
            right &= all(agree(NUMBER.findall(said(cell)), expected) for cell, expected in cells)
        wrong += [] if right else [label]
    return wrong


def agree(printed, values):
    """Whether these numbers are printed so, each to its own digits."""
    if len(printed) != len(values):
        return False
    pairs = [(n.replace(",", "").replace("−", "-"), value) for n, value in zip(printed, values, strict=True)]
    slack = 2e-3 if isinstance(values, About) else 0
    return all(abs(float(n) - x) <= 0.6 * 10 ** -len(n.partition(".")[2]) + slack * x for n, x in pairs)


def numbers_by_section(page):
    """Numbers that are said in words, tables and alternative texts; not the ticks of axes, nor those of `tables`."""
    for label in HEADS:
        page = re.sub(rf'aria-label="{label}">.*?</table>', ">", page, flags=re.DOTALL)
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


def ranking_numbers(again, tables):
    """Of the sentences, figures and notes; every one of the table may be said again in a figure's name."""
    found = {str(DRAWS), "200", "80", "0", "1", str(len({key[2] for key in again.keys}))}
    for name in again.arms:
        further = Further(again, name, SEED)
        (excess, *span), temperature = further.excess(), tables[RANKING][name][-3]
        found |= {percent(further.confidence.mean()), percent(further.right.mean())}
        found |= {points(x) for x in (excess, *span)} | {f"{excess:+.3f}".replace("-", "−")}
        found |= {f"{x * about:.2f}" for x in temperature for about in (0.998, 0.999, 1, 1.001, 1.002)}
        found |= {f"{values[0]:.3f}" for values in tables[RANKING][name][: 1 + len(again.classes)]}
        found |= {f"{further.loss_after() + rounding:.3f}" for rounding in (-1e-4, 0, 1e-4)}
        found |= {f"{tables[FURTHER][name][-1][0]:.3f}"}
    return found


def change_numbers(again):
    """Of the sentence, and of how many lesions the lists show."""
    by_class, lesions = changes(again, *PAIRS[0])
    gained, lost = (sum(counts[kind] for counts in by_class.values()) for kind in ("gained", "lost"))
    found = {str(x) for x in (gained, lost, abs(gained - lost), len(again.keys), len(lesions), 2)}
    net = [one["kinds"]["gained"] - one["kinds"]["lost"] for one in lesions.values()]
    for many in (sum(x > 0 for x in net), sum(x < 0 for x in net)):
        found |= {str(many), str(min(many, 12))}
    return found


def changed_lesions(again, sign):
    """Rows of those gained (1) or lost (-1): most repeats first, then the largest change of the probability."""
    _, lesions = changes(again, *PAIRS[0])
    rows = []
    for name, one in lesions.items():
        gained, lost = (one["kinds"][kind] for kind in ("gained", "lost"))
        before, after = (100 * sum(p) / len(p) for p in zip(*one["p"], strict=True))
        if sign * (gained - lost) > 0:
            cells = [[], [], [], [], [before, after], [gained, lost, len(one["p"])]]
            rows.append((-abs(gained - lost), -abs(after - before), name, cells))
    return {name: cells for *_, name, cells in sorted(rows)[:12]}


def power_numbers(again):
    """What other differences would take."""
    lesions, detectable = len(again.labels) / 2, again.comparisons[0]["detectable"]
    found = {"2", "3", "5", f"{lesions:.0f}", f"{100 * detectable:.1f}", str(len(PAIRS))}
    for d in (0.02, 0.03, 0.05):
        needed = round(lesions * (detectable / d) ** 2)
        found |= {f"{float(f'{needed:.2g}'):,.0f}", f"{needed / lesions:.2g}"}
    return found


def allowed(again, arms, tables):
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
        "Ranking and calibration": ranking_numbers(again, tables),
        "Further metrics": {"0", "1", "2", "3", str(DRAWS), f"{2 / 3:.3f}", f"{log(3):.3f}"},
        "Lesions gained and lost": change_numbers(again),
        "What a larger run would see": power_numbers(again),
    }


@pytest.fixture(scope="module")
def known(again, arms, tables):
    return allowed(again, arms, tables)


def unexplained(page, known):
    said = numbers_by_section(page)
    return {title: wrong for title, may in known.items() if (wrong := [n for n in said[title] if n not in may])}


def test_every_number_recomputes(folder, again, known, tables):
    page = write_report(folder).read_text(encoding="utf-8")
    assert unexplained(page, known) == {}
    assert misplaced(page, tables, again.classes) == []


def test_swapped_columns_are_noticed(folder, again, tables, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    text = (folder / "metrics.json").read_text()
    swapped = text.replace('"ppv"', '"x"').replace('"npv"', '"ppv"').replace('"x"', '"npv"')
    (tmp_path / "run" / "metrics.json").write_text(swapped)
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert misplaced(page, tables, again.classes) == [PREDICTIVE, FURTHER]
    assert misplaced(page.replace("<th>PPV,", "<th>NPV,"), tables, again.classes) == [PREDICTIVE, FURTHER]


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
    "arms.none.roc.macro.area.estimate",
    "arms.acgan.roc.classes.adenoma.area.interval.1",
    "arms.classic.reliability.temperature.estimate",
    "arms.acgan.reliability.excess.interval.0",
    "arms.more.reliability.log_loss_after",
    "arms.none.reliability.ece",
    "arms.none.reliability.ece_if_calibrated.range.1",
    "arms.classic.further_classes.cyst.ppv.estimate",
    "arms.classic.further_classes.abscess.npv.interval.1",
    "arms.acgan.further.mcc.interval.0",
    "arms.more.further.average_precision.estimate",
    "arms.none.further.log_loss.interval.1",
    "changes.by_class.cyst.gained",
    "changes.shown.gained.0.arm_p",
    "changes.lesions.lost",
]


@pytest.mark.parametrize("place", SHOWN)
def test_an_altered_number_is_noticed(folder, again, known, tables, place, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    metrics = json.loads((folder / "metrics.json").read_text())
    *way, last = [int(key) if key.isdigit() else key for key in place.split(".")]
    branch = reduce(getitem, way, metrics)
    branch[last] += 41 if isinstance(branch[last], int) else 0.0517
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(metrics))
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert unexplained(page, known) or misplaced(page, tables, again.classes)
