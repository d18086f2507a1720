"""The test lesions of one split in the features of each compared CNN: Fig. 9 of Frid-Adar et al. 2018."""

from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from markupsafe import Markup

from liverlab.report import figures

# one per class, for matplotlib and for the legend; with six colours, 42 classes are told apart
SHAPES = (("o", "●"), ("^", "▲"), ("s", "■"), ("D", "◆"), ("v", "▼"), ("P", "✚"), ("*", "★"))
FIRST_COLOUR = 2  # the first two stand for the compared arms


def features_section(path: Path, run: dict[str, Any]) -> dict[str, Any] | None:
    """What `features.html` shows; None for a run that was gathered without such a table.

    Args:
        path: `features.csv`, which may be missing.
        run: Content of `run.json`.
    """
    if not path.is_file():
        return None
    table = pd.read_csv(path, dtype=dict.fromkeys(("arm", "lesion_id", "class", "predicted"), str))
    names = [name for name in (run["baseline"], run["arm"]) if name]
    maps = {name: table[table["arm"] == name] for name in names if (table["arm"] == name).any()}
    look = {
        name: (*SHAPES[i % len(SHAPES)], (FIRST_COLOUR + i) % len(figures.ARMS))
        for i, name in enumerate(run["class_names"])
    }
    return {
        "figures": [
            (name, Markup(map_figure(rows, look, name, f"features-{i}"))) for i, (name, rows) in enumerate(maps.items())
        ],
        "absent": [_absent(name, run) for name in names if name not in maps],
        "legend": [(name, glyph, colour) for name, (_, glyph, colour) in look.items()],
        "place": table[["repeat", "fold"]].iloc[0].tolist() if maps else None,
    }


def map_figure(rows: pd.DataFrame, look: dict[str, tuple[str, str, int]], arm: str, identifier: str) -> str:
    """One point per lesion: shape and colour by its class, hollow where the CNN named another.

    Args:
        rows: One arm's of `features.csv`.
        look: Marker, glyph and colour's position by class.
        arm: Its name.
        identifier: Of the figure on its page.
    """
    with matplotlib.rc_context(figures.STYLE):
        figure, axes = figures.panel(figures.HALF_WIDTH, figures.HALF_WIDTH)
        for name, (marker, _, position) in look.items():
            colour = figures.arm_colour(position)
            mine = rows[rows["class"] == name]
            for right, face in ((True, colour), (False, figures.PAPER)):
                shown = mine[(mine["predicted"] == name) == right]
                axes.plot(shown["x"], shown["y"], marker, mfc=face, mec=colour, mew=1.4, ms=6.5)
        axes.spines[:].set_visible(True)
        axes.set(xticks=[], yticks=[])
        axes.set_aspect("equal", adjustable="datalim")
        wrong = int((rows["class"] != rows["predicted"]).sum())
        label = f"{len(rows)} test lesions by t-SNE of the features of {arm}, {wrong} of them misclassified"
        return figures.svg(figure, identifier, label)


def _absent(name: str, run: dict[str, Any]) -> str:
    if run["arms"][name]["steps"] is None:
        return f"{name} is no CNN and has no such layer."
    return f"{name}: too few test lesions, or features that do not differ between them, so there is nothing to draw."
