import re
from dataclasses import replace

import numpy as np
import pytest
from test_page import Page

from data_modules.background_probe import giveaways
from data_modules.ingest_report import Case, IngestReport, Skipped, size_table
from liverlab.report.ingest_page import write_ingest_page


@pytest.fixture
def report(tiny_cohort):
    cases = tuple(
        Case(k + 2, lesion.lesion_id, 3, 9, 50.0, 40.0 + k, 100.0, ("W-HU-01",) if k == 5 else ())
        for k, lesion in enumerate(tiny_cohort.lesions)
    )
    return IngestReport(
        kept=len(tiny_cohort),
        skipped=(Skipped(26, "E-SEG-03", "E-SEG-03 row 26 (L-1): the mask: <empty> & refused."),),
        table=size_table(tiny_cohort.lesions),
        warnings=("W-DES-01 every 'cyst' comes from source a.",),
        notes=("air below -900 HU on every key slice.",),
        giveaways=giveaways(tiny_cohort.lesions, [(float(k % 2),) for k in range(len(tiny_cohort))]),
        cases=cases,
        insides=np.zeros(tiny_cohort.patches.shape, dtype=bool),
    )


def test_one_file_with_all_that_was_found(tiny_cohort, report, tmp_path):
    path = write_ingest_page(tmp_path, tiny_cohort, report)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    links = [a[key] for _, a in page.elements for key in ("src", "href", "xlink:href") if key in a]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "<script" not in text
    assert page.outside == []  # every table may scroll on a telephone
    assert "24 lesions kept, 1 skipped" in page.text
    assert "the mask: <empty> & refused." in page.text
    assert re.search(r"W-DES-01\s*every 'cyst' comes from source a\.", page.text)
    assert "the tissue around the lesion" in page.text
    assert len([a for a in page.all("img") if a["alt"].startswith("Lesion of row")]) == 24
    assert "row 7 · 15\u00a0mmW-HU-01" in page.text
    assert len(page.all("svg")) == 3
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert [p.name for p in tmp_path.iterdir()] == ["ingest.html"]
    assert write_ingest_page(tmp_path, tiny_cohort, report).read_text(encoding="utf-8") == text


def test_nothing_kept_and_nothing_told(tiny_cohort, report, tmp_path):
    none = replace(tiny_cohort, lesions=(), patches=tiny_cohort.patches[:0])
    empty = IngestReport(0, report.skipped, {}, (), ())
    assert "0 lesions kept, 1 skipped" in write_ingest_page(tmp_path, none, empty).read_text(encoding="utf-8")
    few = replace(report, skipped=(), giveaways=())
    text = write_ingest_page(tmp_path, tiny_cohort, few).read_text(encoding="utf-8")
    assert "Too few patients to tell" in text
    assert "No lesion of the manifest was skipped." in text


def test_of_many_lesions_those_with_doubts_are_drawn_and_the_others_counted(tiny_cohort, report, tmp_path, monkeypatch):
    monkeypatch.setattr("liverlab.report.ingest_page.MAX_TILES", 3)  # of 8 lesions per class
    page = Page(write_ingest_page(tmp_path, tiny_cohort, report).read_text(encoding="utf-8"))
    shown = [a["alt"] for a in page.all("img") if a["alt"].startswith("Lesion of row")]
    assert len(shown) == 9
    with_doubt = tiny_cohort.class_names.index(tiny_cohort.lesions[5].class_name)
    assert shown[3 * with_doubt] == "Lesion of row 7"
    assert page.text.count("And 5 more that are not shown here") == 3


def test_a_class_without_lesions_and_names_that_are_markup(tiny_cohort, report, tmp_path):
    names = {"cyst": "<b>$x$", "metastasis": "a&b", "hemangioma": "c"}
    lesions = tuple(replace(lesion, class_name=names[lesion.class_name]) for lesion in tiny_cohort.lesions)
    cohort = replace(tiny_cohort, lesions=lesions, class_names=(*names.values(), "none"))
    report = replace(report, table=size_table(lesions), giveaways=())
    page = Page(write_ingest_page(tmp_path, cohort, report).read_text(encoding="utf-8"))
    assert "<b>$x$" in page.text
    assert "none (0)" in page.text
