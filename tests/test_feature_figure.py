import json
import re

import pandas as pd
import pytest
from fake_run import CLASSES, write_fake_run
from test_page import Page, report

from liverlab.report.feature_figure import SHAPES, features_section
from liverlab.report.figures import ARMS

# one lesion of each class by each CNN; the second arm's metastasis is called a cyst
ROWS = [
    (arm, 0, 0, f"L{i}", name, "cyst" if (arm, i) == ("acgan", 1) else name, float(i), float(i % 2))
    for arm in ("classic", "acgan")
    for i, name in enumerate(CLASSES)
]
COLUMNS = ["arm", "repeat", "fold", "lesion_id", "class", "predicted", "x", "y"]


@pytest.fixture
def folder(tmp_path):
    return write_fake_run(tmp_path, {"classic": 0.65, "acgan": 0.7}, arm="acgan", baseline="classic", generator="acgan")


def section(folder, rows=ROWS):
    path = folder / "features.csv"
    pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)
    return features_section(path, json.loads((folder / "run.json").read_text()))


def marks(svg):
    """(fill, edge) of every mark that is drawn."""
    return re.findall(r'<use [^>]*style="fill: ([^;]+); stroke: ([^;"]+)', svg)


def test_a_class_has_a_shape_and_a_colour_and_a_wrong_answer_is_hollow(folder):
    (first, right), (second, wrong) = section(folder)["figures"]
    assert (first, second) == ("classic", "acgan")
    edges = [f"var(--arm-{i})" for i in (2, 3, 4)]
    assert marks(right) == [(edge, edge) for edge in edges]
    assert marks(wrong) == [(edges[0],) * 2, ("var(--paper)", edges[1]), (edges[2],) * 2]
    assert "3 test lesions by t-SNE of the features of acgan, 1 of them misclassified" in wrong
    legend = section(folder)["legend"]
    assert legend == [("cyst", "●", 2), ("metastasis", "▲", 3), ("hemangioma", "■", 4)]


def test_twenty_classes_are_told_apart():
    assert len({(SHAPES[i % len(SHAPES)], (2 + i) % len(ARMS)) for i in range(20)}) == 20


def test_the_page_says_what_the_map_does_not_show(folder):
    section(folder)
    text = Page(report(folder)).text
    assert "one split (repeat 1, fold 1)" in text
    assert "how far apart two groups lie, how large or how dense they are" in text
    assert "positions cannot be compared between the figures" in text


def test_an_arm_without_a_map_gets_a_sentence(folder):
    run = json.loads((folder / "run.json").read_text())
    run["arms"]["acgan"]["steps"] = None
    (folder / "run.json").write_text(json.dumps(run))
    found = section(folder, [])
    assert found["figures"] == []
    assert found["absent"] == [
        "classic: too few test lesions, or features that do not differ between them, so there is nothing to draw.",
        "acgan is no CNN and has no such layer.",
    ]
    alone = section(folder, [row for row in ROWS if row[0] == "classic"])
    assert ([name for name, _ in alone["figures"]], len(alone["absent"])) == (["classic"], 1)


def test_a_run_of_before_has_no_such_section(folder):
    assert features_section(folder / "features.csv", {}) is None
    assert "t-SNE" not in report(folder)
