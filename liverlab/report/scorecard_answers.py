"""What a run can say of its synthetic images by the seven criteria of the scorecard; see `checklist_answers.py`."""

from collections.abc import Collection
from typing import Any

from liverlab.report import statistics_sentences as statistics
from liverlab.report import training_sentences as training
from liverlab.report.generator_words import listed
from liverlab.report.known_facts import Facts, NotApplicable, Sentence, Unknown, counted

QUALITY, COPIES, IMAGES = "Are the synthetic images any good?", "Are they copies?", "Synthetic images"
NO_IMAGES = NotApplicable("No generator was trained in this run.")


def congruence(facts: Facts) -> str:
    """Distances to held-out patients."""
    return _measured(facts, ("kid", "fid", "precision", "density", "two_sample_auc", "spectrum_distance"))


def coverage(facts: Facts) -> str:
    """Variety beside that of held-out patients."""
    return _measured(facts, ("precision", "density", "ms_ssim"))


def _measured(facts: Facts, measures: Collection[str]) -> str:
    rows = [row for pool in facts["quality.pools"] for row in pool["rows"] if row["measure"] in measures]
    told = [words for name, words in statistics.QUALITY_MEASURES.items() if name in {row["measure"] for row in rows}]
    if not told:
        raise Unknown("quality.pools")
    return f"Measured against held-out patients: {listed(told)}."


def constraint(facts: Facts) -> str:
    """What can be said without eyes: nothing but the power spectrum."""
    return _measured(facts, ("spectrum_distance",))


def completeness(facts: Facts) -> str:
    """What comes with every image."""
    names = listed(facts["run.class_names"])
    return f"Each image has its class ({names}), generator, split, seed and the patients whom the generator saw."


def compliance(facts: Facts) -> str:
    """Whether images show patients."""
    return statistics.copies(facts)


def consistency(facts: Facts) -> str:
    """Independent trainings and what was found against them."""
    entries: list[dict[str, Any]] = facts["run.generators"]
    watched = [entry for entry in entries if entry["findings"] is not None]
    text = f"{counted(len(entries), 'generator')} of {counted(len(facts['run.splits']), 'split')}"
    found = sum(bool(entry["findings"]) for entry in watched)
    return f"{text}; the watch over training found fault with {found} of {len(watched)}." if watched else f"{text}."


def _of_images(sentence: Sentence) -> Sentence:
    """Not applicable where no generator was trained."""

    def tell(facts: Facts) -> str:
        return sentence(facts) if facts["run.generators"] else NO_IMAGES

    return tell


SCORES: dict[str, tuple[Sentence, str]] = {
    key: (_of_images(sentence), where)
    for key, sentence, where in (
        ("congruence", congruence, QUALITY),
        ("coverage", coverage, QUALITY),
        ("constraint", constraint, QUALITY),
        ("completeness", completeness, IMAGES),
        ("compliance", compliance, COPIES),
        ("comprehension", training.generators, IMAGES),
        ("consistency", consistency, IMAGES),
    )
}
