import json
import re

import numpy as np
import pytest
from fake_run import write_fake_run
from test_page import Page, report

from liverlab.report.power_figure import power_figure, power_section


def metrics(detectable=0.06, lesions=182, discordance=0.2, splits_seen=True):
    comparison = {"detectable": detectable, "discordance": discordance, "splits_seen": splits_seen}
    return {"comparison": comparison, "counts": {"lesions": lesions}}


def test_half_the_difference_takes_four_times_the_lesions():
    # 6 points with 182 lesions: 3 points with 4 x 182 = 728, 2 with 9 x 182 = 1,638
    found = power_section(metrics())["needed"]
    assert found == [("2", "1,600", "9"), ("3", "730", "4"), ("5", "260", "1.4")]


def test_the_run_lies_on_the_line():
    svg = power_figure(0.06, 182, {0.02: 1638, 0.03: 728, 0.05: 262}, 0.2)
    path = re.search(r'<g id="power-power">\s*<path d="([^"]+)"', svg)[1]
    line = np.array([[float(x) for x in pair.split()] for pair in re.findall(r"[ML] (\S+ \S+)", path)])
    mark = re.search(r'<g id="power-this-run">.*?<use [^>]*?x="(\S+?)" y="(\S+?)"', svg, re.DOTALL)
    x, y = (float(value) for value in mark.groups())
    assert np.interp(x, line[:, 0], line[:, 1]) == pytest.approx(y, abs=0.05)
    slopes = np.diff(line[:, 1]) / np.diff(line[:, 0])
    np.testing.assert_allclose(slopes, slopes.mean(), rtol=0.02)  # straight on these axes


@pytest.mark.parametrize("unknown", [{"detectable": None}, {"splits_seen": False}])
def test_without_a_variance_there_is_no_curve(unknown):
    assert power_section(metrics(**unknown)) is None
    assert power_section({"comparison": None, "counts": {"lesions": 9}}) is None


def test_in_the_page(tmp_path):
    skill = {"classic": 0.65, "acgan": 0.7}
    page = Page(report(write_fake_run(tmp_path, skill, arm="acgan", baseline="classic")))
    assert "What a larger run would see" in page.text
    assert re.search(r"For 2 points it would take about [\d,]+ lesions", page.text)
    assert "would also train on more lesions" in page.text
    assert "Holm’s p" not in page.text.partition("What a larger run would see")[2].partition("Arms")[0]


def test_of_several_comparisons_it_is_that_of_one(tmp_path):
    folder = write_fake_run(tmp_path, {"none": 0.6, "classic": 0.65, "acgan": 0.7}, arm="acgan", baseline="classic")
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"also_compare": [["classic", "none"]]}))
    assert "for one comparison alone; of 2, each verdict also needs Holm’s p and so a larger one" in report(folder)
