import html
import json
import re

import pytest
from fake_run import write_fake_run

from liverlab.evaluation.evaluate import evaluate
from liverlab.report import figures
from liverlab.report.forest_figure import ForestRow, declared_rows, forest_figure
from liverlab.report.page import write_report

ROWS = [
    ForestRow("acgan minus classic", 0.0214, (-0.0123, 0.055), "Holm’s p = .044, inconclusive", figures.ARMS[1]),
    ForestRow("A/A noise floor (other seeds alone): a minus b", -0.01, (-0.03, 0.01), colour=figures.MUTED),
]


def texts(svg):
    return [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def test_every_number_is_text_and_in_the_accessible_name():
    svg = forest_figure(ROWS, 0.02)
    label = html.unescape(re.search(r'aria-label="([^"]*)"', svg)[1])
    for expected in (
        "acgan minus classic",
        "+2.1 (−1.2 to +5.5), Holm’s p = .044, inconclusive",
        "A/A noise floor (other seeds alone): a minus b",
        "−1.0 (−3.0 to +1.0)",
    ):
        assert expected in texts(svg)
        assert expected in label


def test_a_row_lies_below_the_one_before_and_right_of_it_where_it_is_larger():
    svg = forest_figure(ROWS, 0.02)
    places = [
        [
            float(x)
            for x in re.search(rf'id="forest-row-{i}".*?<use[^>]* x="([\d.]+)" y="([\d.]+)"', svg, re.DOTALL).groups()
        ]
        for i in range(2)
    ]
    assert places[0][0] > places[1][0]
    assert places[0][1] < places[1][1]


def test_the_region_is_shaded_only_where_there_is_one():
    assert "var(--band)" in forest_figure(ROWS, 0.02)
    assert "var(--band)" not in forest_figure(ROWS, None)


def test_a_long_name_is_broken_and_none_of_it_lost():
    name = "dcgan_aug-classifier.budget=epochs-profile=laptop minus controls-classic_more-and-a-long-name"
    lines = texts(forest_figure([ForestRow(name, 0, (-0.1, 0.1))], None))
    assert name in " ".join(lines)
    assert name not in lines
    assert max(map(len, lines)) <= 58


@pytest.mark.parametrize(("p_holm", "said"), [(0.02, "Holm’s p"), (None, "p")])
def test_rows_of_declared_comparisons(p_holm, said):
    c = {"estimate": 0.02, "interval": [0.001, 0.04], "sign_flip_p": 0.01, "p_holm": p_holm, "verdict": "benefit"}
    declared = [c | {"arm": "acgan", "baseline": "more"}, c | {"arm": "acgan", "baseline": "classic"}]
    floor = {"arm": "twin", "baseline": "classic", "estimate": 0.0, "interval": [-0.01, 0.01]}
    rows = declared_rows(declared, floor, {"acgan": figures.ARMS[2]}, "Run 2: ")
    assert [row.label for row in rows[:2]] == ["Run 2: acgan minus more", "Run 2: acgan minus classic"]
    value = ".020" if p_holm else ".010"
    assert rows[0].text == f"+2.0 (+0.1 to +4.0), {said} =\u00a0{value}, benefit"
    assert [row.colour for row in rows] == [figures.ARMS[2]] * 2 + [figures.MUTED]
    assert len(declared_rows(declared, floor | {"arm": "acgan"}, {})) == 2  # it is a declared comparison itself


def test_it_stands_on_top_of_several_comparisons_and_not_beside_one(tmp_path):
    skill = {"none": 0.5, "classic": 0.6, "acgan": 0.7}
    folder = write_fake_run(tmp_path, skill, arm="acgan", baseline="classic")
    evaluate(folder, draws=100, flips=100)
    assert "Differences in accuracy in percentage points" not in write_report(folder).read_text()
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"also_compare": [["acgan", "none"]]}))
    comparisons = evaluate(folder, draws=100, flips=100)["comparisons"]
    section = write_report(folder).read_text().split("<h2>Declared comparisons</h2>")[1].split("<table>")[0]
    for c in comparisons:
        assert f"{100 * c['estimate']:+.1f}" in " ".join(texts(section)).replace("−", "-")
        assert c["verdict"] in " ".join(texts(section))
