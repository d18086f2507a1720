"""`report.html`: one self-contained page from the files of one folder. No script, no request, no second file."""

import json
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from data_modules.errors import InputError
from data_modules.whole_file import replacing
from liverlab.evaluation.metrics import metrics_of_confusions
from liverlab.evaluation.published import PUBLISHED_CLASSES
from liverlab.evaluation.spread import spread_statement
from liverlab.report import figures, summary
from liverlab.report.author_sections import author_sections
from liverlab.report.changes_grid import changes_section
from liverlab.report.feature_figure import features_section
from liverlab.report.flow_diagram import flow_diagram
from liverlab.report.forest_figure import forest_section
from liverlab.report.further_words import further_section
from liverlab.report.generator_figures import kid_figure, probability_figure
from liverlab.report.generator_table import generator_table
from liverlab.report.generator_words import statements
from liverlab.report.image_grids import augmentation_tiles, sample_grids
from liverlab.report.power_figure import power_section
from liverlab.report.quality_section import quality_section
from liverlab.report.roc_figure import roc_section
from liverlab.report.volume_figure import volume_section
from liverlab.report.worth_figure import worth_section

MEASURES = ("sensitivity", "specificity")
CURVES = {
    "train_accuracy": "Accuracy on training images, %",
    "test_accuracy": "Accuracy on test lesions, % (monitored only)",
}


def write_report(folder: Path) -> Path:
    """Write `report.html` from metrics.json, run.json, features.csv, the images and the curves of a folder.

    Returns:
        The path of the page.

    Raises:
        InputError: If the folder was not evaluated yet.
    """
    if not (folder / "metrics.json").is_file():
        raise InputError(f"No metrics in {folder}: metrics.json is missing. Evaluate the run before reporting it.")
    metrics, run = (json.loads((folder / name).read_text()) for name in ("metrics.json", "run.json"))
    published = metrics["published"] if set(metrics["class_names"]) == set(PUBLISHED_CLASSES) else []
    features = features_section(folder / "features.csv", run)
    every_arm, every_training = metrics["arms"], run["arms"]
    metrics["arms"] = summary.in_focus(metrics)  # of many arms, details of the compared two
    run["arms"] = {name: run["arms"][name] for name in metrics["arms"]}
    page = template("page.html").render(
        metrics=metrics,
        run=run,
        every_arm=every_arm,
        every_training=every_training,
        published=published,
        published_classes=published_classes(published, metrics["class_names"]),
        differences=differences(metrics, published) if len(every_arm) > 2 else {},
        volume=None if metrics["worth"] else volume_section(metrics, published=bool(published)),
        worth=worth_section(metrics),
        power=power_section(metrics),
        roc=roc_section(metrics),
        further=further_section(metrics),
        changes=changes_section(folder, metrics),
        colours={name: i for i, name in enumerate(metrics["arms"])},
        headline=summary.headline(metrics),
        findings=summary.findings(metrics),
        in_a_hundred=summary.in_a_hundred(metrics["comparison"]) if metrics["comparison"] else "",
        cautions=summary.cautions(metrics),
        confusions=confusions(metrics, published),
        budget=budget_statement(run),
        difference=_difference(metrics),
        forest=forest_section(metrics),
        flow=flow_diagram(folder, run, metrics),
        width=summary.width_of_interval(metrics["comparison"], one_test_set=bool(run["protocol"].get("holdout")))
        if metrics["comparison"]
        else "",
        accuracy=Markup(figures.accuracy_figure(metrics, published)),
        curves=_curves(folder / "learning_curves.csv", list(metrics["arms"])),
        features=features,
        samples=sample_grids(folder, run, metrics["class_names"]),
        augmentation=augmentation_tiles(folder, run),
        any_classic=any(arm["training_images"]["classic"] for arm in every_training.values()),
        networks=run.get("networks"),
        generators=_generators(folder / "generator_curves.csv", metrics),
        quality=quality_section(folder, metrics, run),
        spread=spread_summary(run["spread"] or [], metrics["class_names"]),
        spread_statement=spread_statement(run["spread"], metrics["class_names"]) if run["spread"] else "",
        **author_sections(folder),
    )
    path = folder / "report.html"
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return path


def confusions(metrics: dict[str, Any], published: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Confusion matrices to show: ours, then the published ones in the order of our classes."""
    names = metrics["class_names"]
    found = [{"title": name, "counts": arm["confusion"], "ours": True} for name, arm in metrics["arms"].items()]
    for row in published:
        if row["confusion"]:
            order = [PUBLISHED_CLASSES.index(name) for name in names]
            counts = np.array(row["confusion"])[np.ix_(order, order)].tolist()
            found.append({"title": f"Published: {row['name']}", "counts": counts, "ours": False})
    return found


def published_classes(published: list[dict[str, Any]], class_names: list[str]) -> dict[str, Any]:
    """Sensitivity and specificity of each class by name of the published arm, from its printed confusion matrix."""
    found: dict[str, Any] = {}
    for row in published:
        if row["confusion"]:
            values = metrics_of_confusions(np.array(row["confusion"], dtype=np.float64))
            found[row["name"]] = {
                name: {
                    measure: float(values[f"class_{measure}"][PUBLISHED_CLASSES.index(name)]) for measure in MEASURES
                }
                for name in class_names
            }
    return found


def differences(metrics: dict[str, Any], published: list[dict[str, Any]]) -> dict[str, Any]:
    """Differences to the baseline by arm, and by published arm where the paper has that baseline too."""
    baseline = metrics["comparison"] and metrics["comparison"]["baseline"]
    start = next((row for row in published if baseline and row["ours"] == baseline), None)
    theirs = {
        row["name"]: {"estimate": row["accuracy"] - start["accuracy"], "interval": None}
        for row in published
        if start and row is not start
    }
    return {**metrics["differences"], **theirs}


def budget_statement(run: dict[str, Any]) -> str:
    """Whether the arms trained equally long, in words."""
    steps = {name: arm["steps"] for name, arm in run["arms"].items() if arm["steps"]}
    told = [_stepless(name, arm) for name, arm in run["arms"].items() if name not in steps]
    listed = ", ".join(f"{name} {count:,}" for name, count in steps.items())
    if told and len(steps) < 2:
        told.append("So no training budget is shared by the arms.")
    elif len(set(steps.values())) == 1:
        told.append(
            f"{' and '.join(steps)} trained for {next(iter(steps.values())):,} optimizer steps per split, so a "
            "difference between them is not one of the number of steps."
        )
    else:
        told.append(
            f"The arms took different numbers of optimizer steps per split ({listed}), as in the published protocol, "
            "which counts epochs: an arm with more images trains longer. Part of any difference may be training time "
            "rather than images."
        )
    return " ".join(told)


def _stepless(name: str, arm: dict[str, Any]) -> str:
    """What is true of an arm without steps of its own; one with a generator is that generator's discriminator."""
    if arm["generator"]:
        return f"{name}: trained as part of its {arm['generator']}, for that one’s {arm['details']['epochs']} epochs."
    return f"{name}: fitted without optimizer steps."


def spread_summary(rows: list[dict[str, Any]], class_names: list[str]) -> list[dict[str, Any]]:
    """Mean over splits of each class's distances, ratio and share as asked; None where a split did not record it."""
    summaries = []
    for name in class_names:
        mine = [row for row in rows if row["class"] == name]
        summaries.append({"class": name} | {key: _mean(mine, key) for key in SPREAD_COLUMNS})
    return summaries if rows else []


SPREAD_COLUMNS = ("real_mean_distance", "synthetic_mean_distance", "ratio", "as_asked")


def _mean(rows: list[dict[str, Any]], key: str) -> float | None:
    values = [row[key] for row in rows if row.get(key) is not None]
    return float(np.mean(values)) if values else None


def _difference(metrics: dict[str, Any]) -> Markup | None:
    comparison = metrics["comparison"]
    if comparison is None:
        return None
    colour = figures.arm_colour(list(metrics["arms"]).index(comparison["arm"]))
    floor = metrics["noise_floor"]
    if floor and floor["arm"] == comparison["arm"]:
        floor = None  # the comparison is the A/A run itself
    rope, holdout = metrics["settings"]["rope"], bool(metrics["holdout"])
    return Markup(figures.difference_figure(comparison, rope, colour, floor, holdout=holdout))


def _curves(path: Path, arms: list[str]) -> list[tuple[str, Markup]]:
    if not path.is_file():
        return []
    curves = pd.read_csv(path)
    wanted = {column: label for column, label in CURVES.items() if curves[column].notna().any()}
    return [(label, Markup(figures.curve_figure(curves, column, arms, label))) for column, label in wanted.items()]


def _generators(path: Path, metrics: dict[str, Any]) -> dict[str, Any] | None:
    generators, arms = metrics["generators"], list(metrics["arms"])
    if not generators:
        return None
    curves = pd.read_csv(path)
    drawn = {
        "Probability of being real: D(real) solid, D(fake) dashed": probability_figure(curves, arms),
        "KID between real and generated images": kid_figure(curves, arms, metrics["class_names"]),
    }
    return {
        "table": generator_table(generators, metrics["class_names"]),
        "arms": list(dict.fromkeys(entry["arm"] for entry in generators)),
        "effect": any(entry["label_effect"] is not None for entry in generators),
        "figures": [(label, Markup(svg)) for label, svg in drawn.items() if svg],
        "statements": statements(generators),
    }


def template(name: str) -> jinja2.Template:
    """A page of this folder, with the filters and the style that all reports share."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": summary.percent,
        "points": summary.points,
        "span": summary.span,
        "probability": summary.probability,
        "p_text": summary.p_text,
        "p_value": summary.p_value,
    }
    environment.globals["css"] = Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8"))
    return environment.get_template(name)
