"""What `quality.html` and `copies.html` show: sentences, figures, tables and the closest pairs of each pool."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from liverlab.quality.measured import ALL
from liverlab.report import figures, quality_words
from liverlab.report.copies_section import copies_section
from liverlab.report.quality_figures import Dot, dot_figure, spectrum_figure
from liverlab.report.quality_words import MEASURES, SETS, SPACES, Pool, find, main_space, number_text

# measures with a figure of their own, all classes together, and what guessing gives
SHOWN = {"kid": None, "coverage": None, "recall": None, "tstr": None, "two_sample_auc": 0.5}
MOST_POOLS = 4  # in a figure


def quality_section(folder: Path, metrics: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the includes show; None for a run without a generator's images, only `absent` for one without the file.

    Args:
        folder: The run's.
        metrics: `metrics.json`, its arms those in focus.
        run: Content of `run.json`.
    """
    path = folder / "quality.json"
    if not path.is_file():
        used = metrics["generators"] and any(arm["training_images"]["synthetic"] for arm in run["arms"].values())
        return {"absent": quality_words.NOT_MEASURED, "pools": []} if used else None
    quality = json.loads(path.read_text())
    pools, arms = quality["pools"], list(metrics["arms"])
    shown = [pool for pool in pools if set(pool["arms"]) & set(arms)][:MOST_POOLS] or pools[:1]
    colours = {pool["arm"]: _colour(pool, arms) for pool in shown}
    several = len(pools) > 1
    return {
        "absent": None,
        "margin": round(100 * quality_words.MARGIN),
        "settings": {key: quality[key] for key in ("draws", "neighbours", "most_per_class")},
        "pools": pools,
        "leaks": [pool["arm"] for pool in pools if pool["leak"]],
        "statements": [(pool["arm"], quality_words.statements(pool)) for pool in pools],
        "space": SPACES.get(main_space(shown[0]) or "", ""),
        "figures": [(title, Markup(svg)) for title, svg in dot_figures(shown, colours, metrics["class_names"])],
        "spectra": [(name, Markup(svg)) for name, svg in spectrum_figures(shown, colours)],
        "legend": [(pool["arm"], figures.VARIABLES[colours[pool["arm"]]]) for pool in shown] if several else [],
        "tables": [(pool["arm"], list(table(pool, metrics["class_names"]))) for pool in pools],
        "missing": [(pool["arm"], quality_words.absent(pool, quality["neighbours"])) for pool in pools],
        "copies": copies_section(folder, pools),
        "glossary": [
            *((f"{name}", words) for name, words in dict.fromkeys(MEASURES.values())),
            *{SPACES[space["name"]]: space["about"] for pool in pools for space in pool["spaces"]}.items(),
        ],
    }


def _colour(pool: Pool, arms: Sequence[str]) -> str:
    """That of the first arm on the page that uses the pool."""
    return figures.arm_colour(next((i for i, arm in enumerate(arms) if arm in pool["arms"]), 0))


def dot_figures(
    pools: Sequence[Pool], colours: Mapping[str, str], class_names: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Caption and figure of each measure in the first space, and of MS-SSIM by class."""
    space = main_space(pools[0]) or ""
    for measure, chance in SHOWN.items():
        found = [*_synthetic(pools, colours, space, measure), *_floors(pools[0], space, measure, ("train", "classic"))]
        if found:
            caption = "{}: {}".format(*MEASURES[measure])
            yield caption, dot_figure({dot.name: [dot] for dot in found}, f"quality-{measure}", caption, chance=chance)
    alike = {
        name: [
            *_synthetic(pools, colours, "pixels", "ms_ssim", name),
            *_floors(pools[0], "pixels", "ms_ssim", ("train", "held_out"), name),
        ]
        for name in class_names
    }
    if shown := {name: dots for name, dots in alike.items() if dots}:
        caption = "{}: {}".format(*MEASURES["ms_ssim"])
        yield caption, dot_figure(shown, "quality-ms_ssim", caption)


def _synthetic(
    pools: Sequence[Pool], colours: Mapping[str, str], space: str, measure: str, class_name: str = ALL
) -> Iterator[Dot]:
    """A dot for each pool that was measured."""
    for pool in pools:
        if row := find(pool, space, "synthetic", measure, class_name):
            name = f"Synthetic, {pool['arm']}" if len(pools) > 1 else "Synthetic"
            yield Dot(_of(name, class_name), row, colours[pool["arm"]], False)


def _floors(pool: Pool, space: str, measure: str, sets: Sequence[str], class_name: str = ALL) -> Iterator[Dot]:
    """What real images reach."""
    for images in sets:
        real = "trtr" if (measure, images) == ("tstr", "train") else measure
        if row := find(pool, space, images, real, class_name):
            yield Dot(_of(SETS[images].capitalize(), class_name), row, figures.MUTED, True)


def _of(name: str, class_name: str) -> str:
    return name if class_name == ALL else f"{class_name}, {name.lower()}"


def spectrum_figures(pools: Sequence[Pool], colours: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Class and figure; nothing of a class with too few held-out patients for a band."""
    band = pools[0]["spectra"]
    for i, (name, curves) in enumerate(band["classes"].items()):
        if name != ALL:
            lines = {
                pool["arm"]: (pool["spectra"]["classes"][name]["synthetic"], colours[pool["arm"]])
                for pool in pools
                if name in pool["spectra"]["classes"]
            }
            ends = (curves["low"], curves["high"])
            yield name, spectrum_figure(band["frequency"], ends, curves["train"], lines, name, f"quality-spectrum-{i}")


def table(pool: Pool, class_names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every measure of a pool by feature space: a block for each measure's name, a row for each set of images."""
    by_cell = {(row["features"], row["measure"], row["images"], row["class"]): row for row in pool["rows"]}
    for space in dict.fromkeys(row["features"] for row in pool["rows"]):
        blocks: dict[str, list[dict[str, Any]]] = {}
        for measure, images in itertools.product(MEASURES, SETS):
            cells = [by_cell.get((space, measure, images, name)) for name in (ALL, *class_names)]
            if any(cells):
                row = {"images": SETS[images], "cells": [_cell(cell) for cell in cells]}
                blocks.setdefault(MEASURES[measure][0], []).append(row)
        yield {"space": SPACES[space], "blocks": blocks}


def _cell(row: Mapping[str, Any] | None) -> dict[str, str] | None:
    if row is None:
        return None
    ends = [number_text(end) for end in row["interval"] or ()]
    return {"value": number_text(row["estimate"]), "span": " to ".join(ends)}
