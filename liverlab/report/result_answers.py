"""What a run can answer of the items of reporting checklists on analysis and results; see `checklist_answers.py`."""

from typing import Any

from liverlab.report import design_sentences as design
from liverlab.report import statistics_sentences as statistics
from liverlab.report import summary
from liverlab.report.checklist_answers import ARMS, METHODS
from liverlab.report.generator_words import listed
from liverlab.report.known_facts import Facts, Sentence, Unknown, counted, joined, told


def sample_size(facts: Facts) -> str:
    """What the run could see; it says nothing of how its size was arrived at."""
    return summary.sensitivity_of_the_run(facts["metrics.comparison"], holdout=bool(facts.get("metrics.holdout")))


def robustness(facts: Facts) -> str:
    """Other seeds and another budget."""
    texts = [text for each in (statistics.noise_floor, design.second_lines) if (text := told(each, facts))]
    if not texts:
        raise Unknown("run.noise_floor")
    return " ".join(texts)


def performance(facts: Facts) -> str:
    """Accuracy of the compared arms."""
    shown = [
        f"{name} {summary.percent(arm['accuracy']['estimate'])} ({summary.span(arm['accuracy']['interval'])})"
        for name, arm in _compared(facts).items()
    ]
    return f"Accuracy with 95 % interval: {', '.join(shown)}."


def diagnostic(facts: Facts) -> str:
    """Area under the ROC curve, and where the rest is."""
    areas = {name: arm["auroc"]["estimate"] for name, arm in _compared(facts).items()}
    shown = [f"{name} {area:.3f}" for name, area in areas.items() if area is not None]
    areas_text = f"; macro AUROC: {', '.join(shown)}" if shown else ""
    return f"Sensitivity and specificity of each class are given with 95 % intervals{areas_text}."


def _compared(facts: Facts) -> dict[str, Any]:
    return {name: facts["metrics.arms"][name] for name in summary.compared(facts.parts["metrics"])}


def failures(facts: Facts) -> str:
    """Confusions, and what was gained and lost."""
    text = f"Confusion matrices of {listed(list(_compared(facts)))}"
    return f"{text}, and the lesions that were gained and lost." if facts.get("metrics.changes") else f"{text}."


def limits(facts: Facts) -> str:
    """What holds for every run, and for this one's data and design."""
    splits = len(facts["run.splits"])
    varies = "shows nothing of" if splits == 1 else "show roughly"
    text = (
        "Lesions were marked beforehand; one two-dimensional image each, no clinical data; tested on patients of "
        f"the same cohort; {counted(splits, 'split')} {varies} how much training varies."
    )
    return f"{text} {summary.PHANTOM}" if facts["run.cohort.phantom"] else text


def verdict(facts: Facts) -> str:
    """The verdict in words."""
    facts.require("metrics.comparison")
    text = summary.headline(facts.parts["metrics"])
    return f"{text} {summary.PHANTOM}" if facts["run.cohort.phantom"] else text


RESULTS: dict[str, tuple[Sentence, str]] = {
    "sample_size": (sample_size, "What was found"),
    "robustness": (robustness, ARMS),
    "performance": (performance, ARMS),
    "diagnostic": (diagnostic, "Class by class"),
    "failures": (failures, "Class by class"),
    "limits": (limits, METHODS),
    "verdict": (verdict, "Verdict"),
    "calibration": (statistics.calibration, "Ranking and calibration"),
    "metrics": (joined(statistics.metrics, statistics.further_metrics), ARMS),
    "inference": (joined(statistics.intervals, statistics.difference, statistics.sign_flips), METHODS),
    "metrics_and_inference": (joined(statistics.metrics, statistics.sign_flips, statistics.calibration), METHODS),
}
