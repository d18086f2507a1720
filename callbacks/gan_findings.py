"""What can be seen to go wrong while a GAN trains: rules on plain numbers, and a sentence for each.

An epoch's row has the means of `GANLog`, `epoch` (the first is 1), `batches_seen`, `weights` (a sum over the
generator's), and `frozen` (whether none of them changed). A check's row has `epoch` and what `Reference.measure` gives.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, float]

KINDS = ("non_finite", "saturated", "vanished_gradient", "frozen", "collapsed", "ignored_label")
NON_FINITE = {
    "d_loss": "the discriminator's loss",
    "g_loss": "the generator's loss",
    "weights": "the generator's weights",
}


@dataclass(frozen=True)
class Finding:
    """Something that went wrong.

    Attributes:
        kind: One of `KINDS`.
        epoch: When it was seen; the first is 1.
        batches_seen: Batches by then.
        label: The class that it is about, None for all.
        value: The number that was under or over its threshold, None where there is none.
        sentence: For the user: what was seen, and what usually helps.
        stopped: Whether the fit was ended for it.
    """

    kind: str
    epoch: int
    batches_seen: int
    label: int | None
    value: float | None
    sentence: str
    stopped: bool = False


def find_all(
    epochs: Sequence[Row],
    checks: Sequence[Row],
    *,
    max_epochs: int,
    class_names: Sequence[str],
    saturated_epochs: int,
    saturated_gap: float,
    collapsed_spread: float,
    ignored_label: float,
    vanished_gradient: float,
) -> list[Finding]:
    """All that is wrong at the end of the last of these epochs.

    Args:
        epochs: Rows of all epochs so far, at least one.
        checks: Rows of all checks so far.
        max_epochs: Length of the fit.
        class_names: Name of each label, for the sentences.
        saturated_epochs: As many epochs in a row
        saturated_gap: with a mean D(real) - D(fake) of at least this (label smoothing keeps it under 1 less that).
        collapsed_spread: Least mean distance of a class's images, in units of the real images'.
        ignored_label: Least change with the label at the same noise, in units of the real images' mean distance.
        vanished_gradient: Least norm of the generator's gradient, mean of an epoch.
    """
    found = [
        *find_non_finite(epochs[-1]),
        *_saturated(epochs, saturated_epochs, saturated_gap),
        *_vanished_gradient(epochs[-1], vanished_gradient),
        *_frozen(epochs[-1]),
    ]
    for label, name in enumerate(class_names):
        found += _collapsed(
            epochs[-1], _confirmed(checks, f"spread_{label}", collapsed_spread, max_epochs), label, name
        )
    return found + list(_ignored_label(epochs[-1], _confirmed(checks, "label_effect", ignored_label, max_epochs)))


def find_non_finite(row: Row) -> Iterator[Finding]:
    """Whether a loss or weight of an epoch or interval is no number any more."""
    broken = [words for name, words in NON_FINITE.items() if not math.isfinite(row.get(name, 0.0))]
    if broken:
        sentence = (
            f"In epoch {row['epoch']}, by batch {row['batches_seen']}, no longer a finite number: "
            f"{' and '.join(broken)}. Usually helps: a lower lr, gradient_clip=1, bf16-mixed for 16-mixed."
        )
        yield _finding(row, "non_finite", sentence)


def _saturated(epochs: Sequence[Row], count: int, gap: float) -> Iterator[Finding]:
    last = epochs[-count:]
    if len(last) == count and all(row["d_real"] - row["d_fake"] >= gap for row in last):
        real, fake = (sum(row[name] for row in last) / count for name in ("d_real", "d_fake"))
        sentence = (
            f"In the {count} epochs up to epoch {last[-1]['epoch']} the discriminator told all images apart: it took "
            f"real ones for real with probability {real:.3f}, generated ones with {fake:.3f}. The generator learns "
            "little from it. Usually helps: label_smoothing=0.1, a lower discriminator_lr, r1_gamma=10, spectral_norm."
        )
        yield _finding(last[-1], "saturated", sentence, value=real - fake)


def _vanished_gradient(row: Row, least: float) -> Iterator[Finding]:
    norm = row["generator_gradient"]
    if norm < least:
        sentence = (
            f"In epoch {row['epoch']} the generator's gradient had a mean norm of {norm:.2g}: nothing reaches it. "
            "Usually helps: a lower discriminator_lr, label_smoothing=0.1, or another discriminator."
        )
        yield _finding(row, "vanished_gradient", sentence, value=norm)


def _frozen(row: Row) -> Iterator[Finding]:
    if row["frozen"]:
        sentence = (
            f"In epoch {row['epoch']} no weight of the generator changed: it is not being trained. "
            "Its lr is zero or far too small, or it gets no gradient."
        )
        yield _finding(row, "frozen", sentence)


def _confirmed(checks: Sequence[Row], name: str, least: float, max_epochs: int) -> list[Row]:
    """The checks that show a number under its threshold, if there are enough of them.

    Early generators give nearly the same grey image for all noise and labels, so nothing counts before a third of the
    fit, and two checks in a row must agree, unless the fit ends with its only one.
    """
    late = [row for row in checks if 3 * row["epoch"] >= max_epochs]
    needed = 1 if len(late) == 1 and late[0]["epoch"] == max_epochs else 2
    shown = late[-needed:]
    return shown if len(shown) == needed and all(row.get(name, math.inf) < least for row in shown) else []


def _collapsed(row: Row, shown: Sequence[Row], label: int, name: str) -> Iterator[Finding]:
    if shown:
        spread = shown[-1][f"spread_{label}"]
        sentence = (
            f"{_when(shown)} the images generated for {name} were nearly one image: their mean distance was "
            f"{spread:.1%} of the real images'. Usually helps: a lower lr, label_smoothing=0.1, r1_gamma=10, a "
            "shorter embedding_dim where there is one, or another seed."
        )
        yield _finding(row, "collapsed", sentence, value=spread, label=label)


def _ignored_label(row: Row, shown: Sequence[Row]) -> Iterator[Finding]:
    if shown:
        effect = shown[-1]["label_effect"]
        sentence = (
            f"{_when(shown)} the generator ignored its label: at the same noise another label changed an image by "
            f"{effect:.1%} of the real images' mean distance. Usually helps: more epochs, a larger embedding_dim, "
            "a lower lr, another discriminator, or one DCGAN per class."
        )
        yield _finding(row, "ignored_label", sentence, value=effect)


def _when(shown: Sequence[Row]) -> str:
    return f"At the end of epoch {' and of epoch '.join(str(row['epoch']) for row in shown)}"


def _finding(row: Row, kind: str, sentence: str, *, value: float | None = None, label: int | None = None) -> Finding:
    return Finding(kind, int(row["epoch"]), int(row["batches_seen"]), label, value, sentence)
