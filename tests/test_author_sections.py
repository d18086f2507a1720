import json
import re
from html import escape

import pytest
from full_run import write_full_run

from liverlab.evaluation.evaluate import evaluate
from liverlab.report.author_sections import author_sections
from liverlab.report.page import write_report


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_full_run(tmp_path_factory.mktemp("run"))
    write_report(folder)
    return folder


def test_the_page_has_methods_and_four_checklists(folder):
    page = (folder / "report.html").read_text()
    assert "Methods, to paste" in page
    section = page.split("<h2>Reporting checklists</h2>")[1].split("</section>")[0]
    titles = re.findall(r"<summary>(.*?): (\d+) of (\d+) ", section)
    assert [(name, int(total)) for name, _, total in titles] == [
        ("CLAIM 2024", 44), ("TRIPOD+AI", 52), ("METRICS", 30), ("7-C scorecard", 7),
    ]  # fmt: skip
    assert section.count("<tr") == 44 + 52 + 30 + 7 + 4
    assert (folder / "methods.md").is_file()
    assert (folder / "checklists.csv").is_file()


def test_every_paragraph_of_the_text_is_on_the_page(folder):
    page = (folder / "report.html").read_text()
    shown = author_sections(folder)["methods"]
    for text in [*shown["paragraphs"].values(), *shown["references"]]:
        assert escape(text, quote=False) in page.replace("&#39;", "'").replace("&#34;", '"')


def test_the_page_says_which_intervals_came_from_fewer_samples(tmp_path):
    folder = write_full_run(tmp_path)
    evaluate(folder, draws=600, flips=100)
    write_report(folder)
    limits = (folder / "report.html").read_text().split("<h2>Methods and limits</h2>")[1].split("</section>")[0]
    assert "95 % intervals came from 600 bootstrap samples of patients, each drawn" in limits
    assert "log-loss and calibration got the first 500 of these samples" in limits
    assert "every arm and metric" not in limits


def test_names_are_text_never_markup(tmp_path):
    skill = {"<b>x</b>": 0.6, 'a"&b': 0.7}
    changes = {"cohort.phantom": False, "cohort.sources": ["<script>alert(1)</script>"]}
    folder = write_full_run(tmp_path, skill, changes=changes)
    write_report(folder)
    page = (folder / "report.html").read_text()
    section = page.split("<h2>Methods, to paste</h2>")[1].split("<h2>Provenance</h2>")[0]
    assert "&lt;script&gt;alert(1)" in section
    assert "<script" not in page
    assert "<b>x" not in page
    assert "<script>alert(1)</script>" in (folder / "methods.md").read_text()  # text as it is: no page


def test_a_run_of_an_earlier_version_still_has_its_sections(tmp_path):
    folder = write_full_run(tmp_path)
    run = json.loads((folder / "run.json").read_text())
    del run["leak_checks"], run["networks"], run["versions"]
    (folder / "run.json").write_text(json.dumps(run))
    rows = {row.number: row for row in author_sections(folder)["checklists"][0]["rows"]}
    assert rows["20"].status == rows["23"].status == "author to complete"
    assert rows["23"].to_add == "Software, frameworks and versions"
