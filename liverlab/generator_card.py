"""The card of a generator: what it saw, how it was made, what is known of it, what it is for and what not.

The headings follow Mitchell et al. 2019, "Model Cards for Model Reporting" (arXiv:1810.03993).
"""

import csv
import json
import platform
from importlib.metadata import metadata, version
from pathlib import Path
from typing import Any

from liverlab.finished_networks import generator_kind, load_generator
from liverlab.finished_stage import NOT_CLINICAL, FinishedStage

LIBRARIES = ("torch", "pytorch-lightning", "numpy")
MEASURED = ("kid_", "spread_", "label_effect")  # columns of the log that say how good the samples are
LEAK = (
    "It saw every lesion of its cohort, test lesions among them: a leak on purpose (control.generator_sees=everybody). "
    "It shows what a leak buys; a classifier that learns from its images has no honest test on this cohort."
)
INTENDED = "Research on data augmentation: more training images for a classifier of the same cohort's training side."
ONE_SPLIT = (
    "It saw the training side of one split: images of it must not train a classifier that is tested on these lesions."
)
LEAK_INTENDED = "To show what a leak buys, and nothing else."
LIMITS = [
    f"{NOT_CLINICAL} The images show no patient, and no diagnosis can be learnt or checked by them alone.",
    "A generator can repeat what it saw. Whether this one does was not tested here; treat its images like its data.",
    "Its lesions are those of its cohort: the same scanners, phases, sizes and classes; what is rare may be missing.",
    "The pixel size is relative to the lesion's diameter: the images carry no size in mm.",
]
PHANTOM = "It saw a digital phantom and no patient: nothing about livers follows from it."


def generator_card(stage: FinishedStage) -> dict[str, Any]:
    """All that is known of a finished generator, as plain values without names or paths."""
    kind, settings, seen, roi = generator_kind(stage), stage.settings, stage.trained_on, stage.roi
    model = load_generator(stage)
    leaks = settings.get("control", {}).get("generator_sees") == "everybody"
    phantom = any(need.startswith("cohort/phantom") for need in stage.record["needs"])
    return {
        "name": stage.name,
        "kind": kind,
        "classes": list(stage.known_classes),
        "cohort": {
            "fingerprint": seen.cohort,
            "digital_phantom": phantom,
            "patients_seen": seen.patients,
            "lesions_seen": seen.lesions,
        },
        "split": {key: settings[key] for key in ("n_folds", "repeat", "fold", "holdout") if key in settings},
        "input": {"noise": model.latent, "length": model.latent_dim},
        "output": {
            "pixels": [roi.size, roi.size],
            "range": [-1, 1],
            "window_hu": stage.window_hu,
        },
        "seeds": {"experiment": settings["seed"], "fit": model.seed},
        "settings": settings,
        "measured": last_measures(stage.folder / "log" / "metrics.csv", seen.class_names),
        "findings": _findings(stage.folder / "watch.json"),
        "intended_use": LEAK_INTENDED if leaks else INTENDED,
        "saw_every_lesion": leaks,
        "limits": [LEAK if leaks else ONE_SPLIT, *LIMITS, *([PHANTOM] if phantom else [])],
        "licence_of_code": metadata("liverlab")["License-Expression"],
        "versions": {
            "liverlab": stage.record["version"],
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    }


def last_measures(log: Path, class_names: tuple[str, ...]) -> dict[str, float]:
    """The last value of each measure of the samples, with the class's name for its index; {} where none was logged."""
    if not log.is_file():
        return {}
    last: dict[str, float] = {}
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            last |= {name: float(text) for name, text in row.items() if text and name.startswith(MEASURED)}
    return {_with_class(name, class_names): value for name, value in last.items()}


def _with_class(column: str, class_names: tuple[str, ...]) -> str:
    measure, _, label = column.rpartition("_")
    return f"{measure} of {class_names[int(label)]}" if label.isdecimal() else column


def _findings(path: Path) -> list[str] | None:
    """What the watch found, in sentences; None where nothing was watched."""
    return [finding["sentence"] for finding in json.loads(path.read_text())] if path.is_file() else None


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write `generator_card.json` and the same to be read, `generator_card.md`."""
    (folder / "generator_card.json").write_text(json.dumps(card, indent=1) + "\n")
    (folder / "generator_card.md").write_text(card_page(card))


def card_page(card: dict[str, Any]) -> str:
    """The card as Markdown."""
    cohort, split, output = card["cohort"], card["split"], card["output"]
    lesions = ", ".join(f"{count} {name}" for name, count in cohort["lesions_seen"].items())
    window = output["window_hu"]
    ends = f"{window[0]:g} and {window[1]:g} HU" if window else "the ends of each ROI's own range"
    findings = card["findings"]
    found = ["not watched"] if findings is None else findings or ["nothing found"]
    measured = [f"{name}: {value:.4g}" for name, value in card["measured"].items()] or ["no measures were logged"]
    sections = {
        "What it is": [
            f"{card['kind']} for {', '.join(card['classes'])}",
            f"from {card['input']['noise']} noise of length {card['input']['length']}",
            f"to {output['pixels'][0]} x {output['pixels'][1]} pixels from -1 to 1, which stand for {ends}",
        ],
        "What it saw": [
            f"cohort {cohort['fingerprint']}" + (" (digital phantom)" if cohort["digital_phantom"] else ""),
            "every lesion, also those that classifiers are tested on"
            if card["saw_every_lesion"]
            else "the training side of "
            + ("a hold-out" if "holdout" in split else f"fold {split['fold']} of {split['n_folds']}")
            + f", repeat {split['repeat']}",
            f"{cohort['patients_seen']} patients; lesions: {lesions}",
        ],
        "What it is for": [card["intended_use"]],
        "Limits": card["limits"],
        "Measured at the end of the fit": measured,
        "Watched during the fit": found,
        "Seeds": [f"{name}: {seed}" for name, seed in card["seeds"].items()],
        "Versions": [f"{name} {number}" for name, number in card["versions"].items()],
        "Licence of the code": [card["licence_of_code"]],
    }
    parts = [f"# Generator {card['name']}", *(f"## {head}\n" + _bullets(lines) for head, lines in sections.items())]
    settings = json.dumps(card["settings"], indent=1)
    return "\n\n".join([*parts, f"## Settings\n```json\n{settings}\n```"]) + "\n"


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
