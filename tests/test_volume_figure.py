import re

import numpy as np
import pytest
from fake_curve import SIZES, write_fake_curve
from test_page import Page, report

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.published import PUBLISHED_CURVES
from liverlab.report.figures import ARMS
from liverlab.report.summary import MOST_IN_FOCUS, verdict_lines
from liverlab.report.volume_figure import scale_note, volume_figure, volume_section

OPTIMISTIC = "selected on the test folds, as published: optimistic"


def vertices(svg, gid):
    """Points of a drawn line in the SVG's pixels, y downwards."""
    path = re.search(rf'<g id="volume-{gid}">\s*<path d="([^"]+)"', svg)[1]
    return np.array([[float(x) for x in pair] for pair in re.findall(r"[ML] (\S+) (\S+)", path)])


@pytest.mark.parametrize("setting", ["classic.size", "synthetic.size"])
def test_published_counts_are_drawn_at_their_heights(setting):
    counts = PUBLISHED_CURVES[setting]
    published = [{"per_fold": x, "correct": y, "accuracy": y / 182} for x, y in counts.items()]
    # our own line: half of the lesions at size 0, all at the largest; a ruler on the same axes
    ruler = [
        {"per_fold": x, "accuracy": {"estimate": y, "interval": [y, y]}} for x, y in ((0, 0.5), (max(counts), 1.0))
    ]
    curve = {"setting": setting, "lines": {"steps": {"points": ruler}}, "published": published}
    svg = volume_figure(curve, 0.36)
    (left, half), (right, whole) = vertices(svg, "steps")
    drawn = vertices(svg, "published")
    sizes = (drawn[:, 0] - left) / (right - left) * max(counts)
    correct = 182 * (0.5 + 0.5 * (drawn[:, 1] - half) / (whole - half))
    np.testing.assert_allclose(correct, list(counts.values()), atol=0.01)
    np.testing.assert_allclose(sizes, list(counts), atol=0.005 * max(counts))  # the ruler stands a hair to the side


def test_colours_suffice_for_the_arms_in_focus():
    assert len(ARMS) == MOST_IN_FOCUS


def test_the_note_says_how_much_sizes_were_scaled():
    assert "The sizes of this run are 0.2 of the published ones" in scale_note({"scale": 0.2})
    assert scale_note({"scale": 1.0}) == ""


def test_a_page_of_eighteen_arms_shows_all_in_the_tables_and_two_in_detail(tmp_path):
    text = report(write_fake_curve(tmp_path, scale=0.2))
    page = Page(text)
    rows = {f"classic-{size}{suffix}" for size in SIZES for suffix in ("", "-epochs")}
    for table in ("Metrics of the arms", "Training images and steps of each arm"):
        body = text.split(f'aria-label="{table}"')[1].split("</table>")[0]
        assert {name for name in rows if re.search(rf">{name}</th>", body)} == rows
    matrices = [box["aria-label"] for box in page.all("div") if box.get("aria-label", "").startswith("Confusion")]
    assert [name.removeprefix("Confusion matrix: ") for name in matrices] == [
        "classic-0", "classic-5000", "Published: classic augmentation", "Published: classic + DCGAN",
    ]  # fmt: skip
    swatches = set(re.findall(r"--colour: var\(--arm-(\d)\)", text))
    assert swatches == {"0", "1", "2", "3"}  # the two arms, the two lines
    figure = next(
        svg for svg in page.all("svg") if svg.get("aria-label", "").startswith("Accuracy by classic images per fold")
    )
    assert "published: 0: 57.1 %, 500: 71.4 %" in figure["aria-label"]
    assert "The sizes of this run are 0.2 of the published ones" in page.text
    assert "143" in text.split('aria-label="Correct lesions by number of images"')[1].split("</table>")[0]
    assert len(text) < 350_000
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_a_point_selected_on_the_test_folds_is_labelled_everywhere(tmp_path):
    page = Page(report(write_fake_curve(tmp_path, selection="test")))
    metrics = evaluate(tmp_path, draws=200, flips=200)
    assert metrics["selection"]["label"] == OPTIMISTIC
    assert f"classic-3000 was {OPTIMISTIC}. The best of 8 points" in verdict_lines(metrics)
    assert f"{metrics['comparison']['verdict']}, {OPTIMISTIC}" in page.text
    assert "One comparison was declared" not in page.text


def test_other_classes_than_the_papers_get_no_published_curve(tmp_path):
    metrics = evaluate(write_fake_curve(tmp_path), draws=200, flips=200)
    assert volume_section(metrics, published=True)["published"]
    section = volume_section(metrics, published=False)
    assert not section["published"]
    assert "volume-published" not in section["svg"]
