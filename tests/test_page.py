import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from fake_run import write_fake_run

from data_modules.errors import InputError
from liverlab.evaluation.evaluate import evaluate
from liverlab.report.page import budget_statement, confusions, write_report
from liverlab.report.summary import cautions

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Checks that tags are balanced and collects elements and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text, self.outside = [], [], "", []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.outside += [] if any("scroll" in (a.get("class") or "") for _, a in self.open) else [attrs]
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and self.open[-1][0] not in ("style", "script"):
            self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def report(folder):
    evaluate(folder, draws=200, flips=200)
    return write_report(folder).read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    return write_fake_run(tmp_path, {"classic": 0.65, "acgan": 0.7}, arm="acgan", baseline="classic", generator="acgan")


def test_one_file_without_script_or_request(folder):
    text = report(folder)
    page = Page(text)
    links = [a[key] for _, a in page.elements for key in ("src", "href", "xlink:href") if key in a]
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not page.all("script")
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in text
    assert re.findall(r"url\((?!#)", text) == []


def test_accessible_and_narrow(folder):
    page = Page(report(folder))
    assert all(image["alt"] for image in page.all("img"))
    assert len(page.all("img")) == 9  # real and synthetic of three classes, three of classic augmentation
    drawn = [svg for svg in page.all("svg") if "aria-hidden" not in svg]  # lines in a legend are named beside it
    assert len(drawn) == 12
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in drawn)
    assert page.outside == []  # every table scrolls inside a box
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    used = [a["xlink:href"][1:] for a in page.all("use")]
    assert set(used) <= set(ids)


def test_figures_take_their_colours_from_the_page(folder):
    text = report(folder)
    svg = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert re.findall(r"#[0-9a-fA-F]{6}\b", svg) == []
    assert set(re.findall(r"var\((--[\w-]+)\)", svg)) <= set(re.findall(r"(--[\w-]+):", text))


def test_it_says_what_a_hand_count_says(folder):
    page = Page(report(folder))
    frame = pd.read_csv(folder / "predictions.csv")
    right = (frame["label"] == frame["predicted"]).groupby(frame["arm"]).sum()
    for arm in ("classic", "acgan"):
        assert f"{right[arm]} of 57" in page.text
        assert f"{100 * right[arm] / 57:.1f}\u00a0%" in page.text
    assert f"{100 * (right['acgan'] - right['classic']) / 57:+.1f}".replace("-", "−") in page.text
    for expected in (
        "says nothing about livers",
        "classic.per_fold",
        "0123456789ab",
        "1,500 optimizer steps",
        "72.1–83.9",
    ):
        assert expected in page.text
    assert "Too little variety in metastasis" in page.text
    assert "The generator of fold 1 collapsed in metastasis (epoch 5 of 12)" in page.text
    assert "Fold 1: The images generated for metastasis were nearly one image." in page.text
    assert "Fold 3: the attempt with seed 11 was given up." in page.text
    assert "Fold 32 attempts" in page.text  # a cell and the small print in it


def test_nine_generators_and_seventy_five_are_a_table_to_read(tmp_path):
    skill = {"classic": 0.65, "dcgan": 0.7}
    for name, shape, rows, found in (
        ("nine", {}, 9, "collapsed"),
        ("seventy-five", {"folds": 5, "repeats": 5}, 3, "collapsed 1 of 25"),
    ):
        folder = write_fake_run(tmp_path / name, skill, arm="dcgan", baseline="classic", generator="dcgan", **shape)
        text = report(folder)
        table = text[text.index("How the generators trained") :]
        table = table[: table.index("</table>")]
        assert table.count("rowgroup") == rows
        assert table.count(f">{found}<") == 1


def test_writing_twice_gives_the_same_bytes(folder):
    assert report(folder) == report(folder)
    assert not list(folder.glob("*.part"))


def test_names_are_text_never_markup(tmp_path):
    skill = {"<b>$x_1$": 0.6, 'a"&b': 0.7}
    shape = {"classes": ("<i>one", "two & $y$"), "generator": "acgan"}
    page = Page(report(write_fake_run(tmp_path, skill, arm='a"&b', baseline="<b>$x_1$", **shape)))
    assert "<b>$x_1$" in page.text
    assert "two & $y$" in page.text
    assert [tag for tag, _ in page.elements if tag == "b"] == ["b", "b"]  # ours, one for each arm
    assert "Published by Frid-Adar" not in page.text  # other classes than the paper's: nothing to lay beside


def test_one_arm_without_generator_or_curves(tmp_path):
    folder = write_fake_run(tmp_path, {"classic": 0.6}, arm="classic", baseline=None)
    (folder / "learning_curves.csv").unlink()
    page = Page(report(folder))
    assert "Nothing was compared" in page.text
    assert "Synthetic images" not in page.text
    assert "How the generators trained" not in page.text
    assert "Learning curves" not in page.text


def test_empty_cells_of_the_curves_and_repeats(tmp_path):
    skill = {"a": 0.6, "b": 0.6, "c": 0.6}
    folder = write_fake_run(tmp_path, skill, arm="b", baseline="a", repeats=2)
    curves = pd.read_csv(folder / "learning_curves.csv").assign(test_accuracy=np.nan)
    curves.to_csv(folder / "learning_curves.csv", index=False)
    page = Page(report(folder))
    assert "Accuracy on training images" in page.text
    assert "monitored only" not in page.text
    assert "Counts add up over 2 repeats" in page.text


def test_many_arms_stand_beside_the_published_rows_with_their_distance_to_the_baseline(tmp_path):
    skill = {"no_aug": 0.5, "classic_aug": 0.6, "dcgan_aug": 0.7, "paper-acgan": 0.65}
    folder = write_fake_run(tmp_path, skill, arm="dcgan_aug", baseline="classic_aug", generator="dcgan")
    text = report(folder)
    table = text.split('aria-label="Metrics of the arms"')[1].split("</table>")[0]
    frame = pd.read_csv(folder / "predictions.csv")
    right = (frame["label"] == frame["predicted"]).groupby(frame["arm"]).sum()
    for arm in ("no_aug", "dcgan_aug", "paper-acgan"):
        expected = f"{100 * (right[arm] - right['classic_aug']) / 57:+.1f}".replace("-", "−")
        assert re.search(rf">{arm}</th>.*<td>{re.escape(expected)}<small>", table)
    # 13 lesions of 182 from classic augmentation to the DCGAN, 5 to the ACGAN, 39 from nothing to classic augmentation
    for name, arm, points in (
        ("classic + DCGAN", "dcgan_aug", "+7.1"),
        ("classic + ACGAN", "paper-acgan", "+2.7"),
        ("no augmentation", "no_aug", "−21.4"),
    ):
        row = rf">{re.escape(name)}<small>here {arm}</small></th>.*<td>{re.escape(points)}</td></tr>"
        assert re.search(row, table)
    assert "BoVW-MI (bag of visual words)</th>" in table  # none of the run's arms stands for it
    by_class = text.split('aria-label="Published sensitivity and specificity by class"')[1].split("</table>")[0]
    for printed in ("98.1", "72.3", "100.0", "78.5"):  # the paper's sensitivities of cysts and hemangiomas
        assert printed in by_class


def test_a_second_line_stands_below_its_arm_in_the_tables_alone(tmp_path):
    skill = {"classic": 0.6, "classic-epochs": 0.8, "acgan": 0.7, "acgan-epochs": 0.65}
    folder = write_fake_run(tmp_path, skill, arm="acgan", baseline="classic", generator="acgan")
    run = json.loads((folder / "run.json").read_text())
    run["by_epochs"] = {"classic": "classic-epochs", "acgan": "acgan-epochs"}
    (folder / "run.json").write_text(json.dumps(run))
    text = report(folder)
    table = text.split('aria-label="Metrics of the arms"')[1].split("</table>")[0]
    rows = re.findall(r'<tr( class="\w+")?><th scope="row">(?:<span.*?</span>)?([\w-]+)</th>', table)
    assert rows == [
        ("", "classic"), (' class="second"', "classic-epochs"),
        (' class="primary"', "acgan"), (' class="second"', "acgan-epochs"),
    ]  # fmt: skip
    assert "Its distance is to classic-epochs. Described, not tested." in text
    assert text.count("acgan-epochs") == 2  # and in the table of training budgets


def test_declared_comparisons_are_a_table_with_holm(tmp_path):
    skill = {"none": 0.5, "classic": 0.6, "dcgan": 0.7}
    folder = write_fake_run(tmp_path, skill, arm="dcgan", baseline="classic")
    assert "Declared comparisons" not in report(folder)
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"also_compare": [["classic", "none"]]}))
    text = report(folder)
    table = text.split('aria-label="Declared comparisons"')[1].split("</table>")[0]
    assert table.count("<tr") == 3
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["rule"]["hash"] in text
    page = Page(text)
    assert "(by Holm’s method over the 2 declared comparisons)" in page.text
    assert "by Holm’s method over 2 declared comparisons)" in page.text


def test_published_matrices_follow_the_order_of_our_classes():
    published = [{"name": "x", "confusion": ((52, 1, 0), (2, 44, 18), (0, 18, 47))}, {"name": "y", "confusion": None}]
    metrics = {"class_names": ["hemangioma", "cyst", "metastasis"], "arms": {}}
    assert [m["counts"] for m in confusions(metrics, published)] == [[[47, 0, 18], [0, 52, 1], [18, 2, 44]]]


def test_unequal_steps_are_named():
    run = {"arms": {"none": {"steps": 300}, "classic": {"steps": 23000}}}
    assert "none 300, classic 23,000" in budget_statement(run)
    assert "training time rather than images" in budget_statement(run)


def test_of_many_arms_those_with_steps_and_those_without_are_named():
    gan = {"steps": None, "generator": "acgan", "details": {"epochs": 25}}
    arms = {"cnn": {"steps": 300}, "more": {"steps": 300}, "words": {"steps": None, "generator": None}, "head": gan}
    assert budget_statement({"arms": arms}) == (
        "words: fitted without optimizer steps. head: trained as part of its acgan, for that one’s 25 epochs. "
        "cnn and more trained for 300 optimizer steps per split, so a difference between them is not one of the number "
        "of steps."
    )


def test_an_arm_without_steps_shares_no_budget(folder):
    run = json.loads((folder / "run.json").read_text())
    run["arms"]["acgan"] |= {"steps": None, "epochs": None, "generator": None}
    (folder / "run.json").write_text(json.dumps(run))
    assert "acgan: fitted without optimizer steps. So no training budget is shared by the arms." in report(folder)
    assert not any("optimizer steps" in text for text in cautions(json.loads((folder / "metrics.json").read_text())))


def test_before_evaluation(folder):
    with pytest.raises(InputError, match=r"metrics\.json is missing"):
        write_report(folder)


def test_every_key_of_metrics_is_json(folder):
    report(folder)
    json.loads((folder / "metrics.json").read_text(), parse_constant=pytest.fail)  # neither NaN nor Infinity


def test_a_run_without_leak_checks_says_so_over_the_whole_row(folder):
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"leak_checks": []}))
    assert '<td class="text" colspan="3">The run recorded none.' in report(folder)
