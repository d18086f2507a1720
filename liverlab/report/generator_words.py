"""How the generators of a run trained, in words: what the watch found, and in which of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

# what a generator did, and what follows from it; cautions come in this order
MEANING = {
    "non_finite": ("reached losses or weights that are not numbers", "such images are worthless"),
    "collapsed": ("collapsed", "such images repeat one another and add no variety"),
    "ignored_label": ("ignored the class asked for", "such images carry labels without content"),
    "saturated": ("faced a discriminator without any doubt", "a generator learns little from that"),
    "vanished_gradient": ("received next to no gradient", "such batches teach little"),
    "frozen": ("stood still for an epoch", "such batches teach nothing"),
}
MOST_PLACES = 3  # named in one caution; of more, the classes are counted

Generators = Sequence[dict[str, Any]]  # entries of `run.json`
Hits = Sequence[tuple[dict[str, Any], dict[str, Any]]]  # generators, each with a finding


def cautions(generators: Generators) -> list[str]:
    """One sentence for each kind of finding against the generators in use; none for attempts that were given up."""
    sentences = []
    for kind, (did, so) in MEANING.items():
        hits = [(entry, f) for entry in generators for f in entry["findings"] or [] if f["kind"] == kind]
        count = len({id(entry) for entry, _ in hits})
        if count == 1:
            entry, first = hits[0]
            found = did + _in_classes([f["class"] for _, f in hits])
            epoch = f"epoch {first['epoch']} of {entry['epochs']}"
            sentences.append(f"The generator of {place(entry, generators)} {found} ({epoch}): {so}.")
        elif count:
            sentences.append(f"{count} of {len(generators)} generators {did}{_where(hits, generators)}: {so}.")
    return sentences


def statements(generators: Generators) -> list[str]:
    """Each finding in the watch's own sentence, those against attempts that were given up first."""
    sentences = []
    for entry in generators:
        of = sentence_case(place(entry, generators)) + ("" if entry["class"] is None else f", {entry['class']}")
        for attempt in entry["given_up"]:
            why = " ".join(f["sentence"] for f in attempt["findings"])
            sentences.append(f"{of}: the attempt with seed {attempt['seed']} was given up. {why}")
        sentences += [f"{of}: {f['sentence']}" for f in entry["findings"] or []]
    unwatched = sum(entry["findings"] is None for entry in generators)
    if unwatched:
        sentences.append(
            f"{unwatched} of {len(generators)} generators left no record of a watch: nothing was looked for while they "
            "trained."
        )
    return sentences


def place(entry: dict[str, Any], generators: Generators) -> str:
    """The split of a generator: "fold 1", with repeat and arm where the run has several; of a hold-out "repeat 1"."""
    arms = {other["arm"] for other in generators}
    repeats = {other["repeat"] for other in generators}
    repeat = f"repeat {entry['repeat'] + 1}, " * (len(repeats) > 1)
    split = f"repeat {entry['repeat'] + 1}" if entry.get("holdout") else f"{repeat}fold {entry['fold'] + 1}"
    return split + f" of {entry['arm']}" * (len(arms) > 1)


def sentence_case(text: str) -> str:
    """The text with a capital first letter; the others stay, for they may be names."""
    return text[:1].upper() + text[1:]


def listed(words: Sequence[str]) -> str:
    """Words as in a sentence: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _in_classes(classes: Sequence[str | None]) -> str:
    """E.g. " in cyst and metastasis"; nothing where no class is meant."""
    named = dict.fromkeys(name for name in classes if name is not None)
    return f" in {listed(list(named))}" if named else ""


def _where(hits: Hits, generators: Generators) -> str:
    """The splits with their classes in brackets; where they are too many, how often each class was hit."""
    places: dict[str, list[str | None]] = {}
    for entry, finding in hits:
        places.setdefault(place(entry, generators), []).append(finding["class"])
    if len(places) <= MOST_PLACES:
        return f" ({'; '.join(name + _in_classes(classes) for name, classes in places.items())})"
    counts = Counter(finding["class"] for _, finding in hits if finding["class"] is not None)
    return f" ({listed([f'{name} {count} times' for name, count in counts.items()])})" if counts else ""
