import re

from liverlab.report.figures import ARMS, MUTED
from liverlab.report.quality_figures import Dot, dot_figure, spectrum_figure


def value(estimate, interval=None):
    return {"estimate": estimate, "interval": interval}


SYNTHETIC, FLOOR = (
    Dot("Synthetic", value(0.4, [0.2, 0.8]), ARMS[1], False),
    Dot("Training lesions", value(0.2), MUTED, True),
)
DOTS = {dot.name: [dot] for dot in (SYNTHETIC, FLOOR)}


def marker(svg, identifier):
    """Where a row's mark stands, and its fill."""
    after = svg[svg.index(f'<g id="{identifier}">') :]
    x, y, fill = re.search(r'<use [^>]*?x="([\d.]+)" y="([\d.]+)" style="fill: ([^;"]+)', after).groups()
    return float(x), float(y), fill


def test_rows_stand_where_their_values_are_and_floors_are_hollow():
    svg = dot_figure(DOTS, "quality-kid", "KID")
    assert 'aria-label="KID: Synthetic 0.400, Training lesions 0.200"' in svg
    (x0, y0, fill), (x1, y1, hollow) = (marker(svg, f"quality-kid-quality-kid-{i}-0") for i in (0, 1))
    assert x0 > x1
    assert y0 < y1  # the first row above
    assert (fill, hollow) == ("var(--arm-1)", "var(--paper)")


def test_a_class_has_one_row_with_its_floor_below_the_line():
    svg = dot_figure({"cyst": [SYNTHETIC, FLOOR]}, "quality-kid", "KID")
    (_, y0, _), (_, y1, _) = (marker(svg, f"quality-kid-quality-kid-0-{i}") for i in (0, 1))
    assert 0 < y1 - y0 < 8  # points
    assert svg.count(">cyst<") == 1


def test_guessing_is_a_line_of_its_own():
    with_line, without = (dot_figure(DOTS, "q", "AUROC", chance=chance) for chance in (0.5, None))
    assert with_line.count("stroke-dasharray") == without.count("stroke-dasharray") + 1


def test_the_share_outside_the_band_is_that_of_a_hand_count():
    frequency, band = [0.1, 0.2, 0.3, 0.4], ([0, 0, 0, 0], [1, 1, 1, 1])
    lines = {"Synthetic": ([0.5, 2, -1, 0.2], ARMS[0])}  # two of four lie outside
    svg = spectrum_figure(frequency, band, [0.5, 0.5, 0.5, 2], lines, "cyst", "s")
    assert "outside the held-out band: Synthetic 50 %, training lesions 25 %" in svg
    assert re.findall(r"#[0-9a-fA-F]{6}\b", svg) == []


def test_names_are_text():
    svg = dot_figure({"<b>$x$": [Dot("<b>$x$", value(1.0), ARMS[0], False)]}, "q", 'a"b')
    assert "&lt;b&gt;$x$" in svg
    assert "a&quot;b: &lt;b&gt;$x$ 1.000" in svg
