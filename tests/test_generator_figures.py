"""What the figures draw, read from their SVG."""

import re

import pandas as pd

from liverlab.report.generator_figures import kid_figure, probability_figure


def curves(classes=(None,), folds=2, rows=5):
    """D(real) is 0.75 and D(fake) 0.25; KID is that of the fold: 0.1 or 0.3."""
    return pd.DataFrame(
        {"arm": "acgan", "repeat": 0, "fold": fold, "class": name, "step": step, "d_real": 0.75, "d_fake": 0.25}
        | {"kid_0": 0.1 + 0.2 * fold if step % 2 else None, "kid_1": None}
        for name in classes
        for fold in range(folds)
        for step in range(rows)
    )


def test_label_says_where_the_mean_ends():
    text = probability_figure(curves(), ["classic", "acgan"])
    assert 'role="img" aria-label="Probability of being real by batch, at the end: ' in text
    assert "acgan all classes D(real) 0.75, acgan all classes D(fake) 0.25" in text
    assert "acgan cyst KID 0.2" in kid_figure(curves(), ["classic", "acgan"], ["cyst"])


def test_each_fold_is_a_thin_line_and_the_mean_a_thick_one_in_the_arms_colour():
    text = probability_figure(curves(), ["classic", "acgan"])
    lines = re.findall(r"stroke: var\(--arm-(\d)\)[^\"]*stroke-width: ([\d.]+)", text)
    thin, thick = ("1", "0.7"), ("1", "2.2")
    assert sorted(lines) == sorted(2 * [thin, thin, thick])  # D(real) and D(fake)


def test_a_class_with_its_own_generator_has_its_own_panel():
    text = probability_figure(curves(("cyst", "metastasis")), ["acgan"])
    assert re.findall(r">\s*(cyst|metastasis|all classes)\s*</text>", text) == ["cyst", "metastasis"]
    assert not re.search(r">\s*all classes\s*</text>", probability_figure(curves(), ["acgan"]))


def test_what_was_not_logged_is_not_drawn():
    bare = curves().drop(columns=["d_real", "kid_0", "kid_1"])
    assert probability_figure(bare, ["acgan"]) is None
    assert kid_figure(bare, ["acgan"], ["cyst"]) is None
