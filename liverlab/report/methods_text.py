"""A methods section that an author can paste, made of what a run really did: `methods.md`, and a part of the report.

Every paragraph is a list of sentences; one that the run's files cannot answer for is left out. What no run can know
(ethics approval, scanners, reference standard) stands in brackets, for the author.
"""

from pathlib import Path

from data_modules.whole_file import replacing
from liverlab.report import design_sentences as design
from liverlab.report import statistics_sentences as statistics
from liverlab.report import training_sentences as training
from liverlab.report.known_facts import Facts, Sentence, Unknown, told
from liverlab.report.references import numbered

FILE = "methods.md"


def for_the_author(facts: Facts) -> str:
    """What has to be said of patients and no run knows."""
    if facts["run.cohort.phantom"]:
        raise Unknown("patients")
    return (
        "[Author to complete: centres and dates, eligibility, ethics approval and consent, scanners and acquisition, "
        "who marked the lesions and how, reference standard of the classes.]"
    )


PARAGRAPHS: dict[str, tuple[Sentence, ...]] = {
    "Data": (design.cohort, for_the_author, design.regions),
    "Design": (
        design.arms,
        design.second_lines,
        design.splits,
        design.patients_apart,
        design.leak_checks,
        design.primary,
        design.further_comparisons,
        statistics.noise_floor,
    ),
    "Augmentation and generators": (
        training.classic,
        training.generators,
        training.chosen_volumes,
        training.training_images,
    ),
    "Classifier": (
        training.network,
        training.initialization,
        training.optimization,
        training.centring,
        training.last_step,
        training.visual_words,
        training.class_heads,
        training.output,
    ),
    "Statistical analysis": (
        statistics.metrics,
        statistics.further_metrics,
        statistics.calibration,
        statistics.intervals,
        statistics.difference,
        statistics.sign_flips,
        statistics.verdict_rule,
        statistics.checks_beside,
        statistics.power,
        statistics.worth,
    ),
    "Quality of synthetic images": (statistics.quality, statistics.copies),
    "Software": (statistics.software, statistics.seeds),
}


def methods_text(facts: Facts) -> tuple[dict[str, str], list[str]]:
    """Paragraphs by heading, without those of which nothing is known, and the references that they cite by number."""
    found = {
        heading: " ".join(text for sentence in sentences if (text := told(sentence, facts)))
        for heading, sentences in PARAGRAPHS.items()
    }
    found = {heading: text for heading, text in found.items() if text}
    texts, cited = numbered(list(found.values()))
    return dict(zip(found, texts, strict=True)), cited


def write_methods(folder: Path, facts: Facts) -> tuple[dict[str, str], list[str]]:
    """Write `methods.md` into a run's folder; returns the `methods_text` in it."""
    paragraphs, cited = methods_text(facts)
    parts = ["# Methods", *(f"**{heading}.** {text}" for heading, text in paragraphs.items())]
    parts += ["## References", "\n".join(f"{i}. {text}" for i, text in enumerate(cited, 1))]
    with replacing(folder / FILE) as part:
        part.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return paragraphs, cited
