"""The findings on copies as sentences."""

from liverlab.quality.measured import ALL

FEWEST_HELD_OUT = 5  # patients; among 4, more than half of the images could be copies unnoticed
FEWEST_TRAINED = 3  # patients: the nearest lesion's, another one, and one that is left out


def in_words(
    class_name: str, rate: float, expected: float, p: float, enough: float, at_least: float, *, flagged: bool
) -> str:
    """One set of images: copies or no sign of them, and how many would have been noticed.

    Args:
        class_name: Class, or "all".
        rate: The copy rate.
        expected: What it is on average without copies.
        p: Probability of such a rate without copies.
        enough: The smallest rate that would be flagged.
        at_least: Lower end of the interval of the share of copies.
        flagged: Whether it is.
    """
    which = "images" if class_name == ALL else f"{class_name} images"
    seen = (
        f"{rate:.1%} of the {which} are nearer to one training lesion than to all others by more than any left-out "
        f"lesion is; without copies about {expected:.1%} would be"
    )
    if flagged:
        least = f" At least {at_least:.0%} are copies." if at_least >= 0.01 else ""
        return f"Copies: {seen} (p {_p(p)}).{least}"
    if enough > 1:
        return f"No finding: with so few {which} even copies alone would not be noticed."
    return f"No sign of copies: {seen}. Copies would be noticed from {enough:.0%} on; fewer or altered ones would not."


def too_few(class_name: str, *, images: int, held_out: int, trained: int) -> str:
    """Why there is no finding, from the numbers of images, of held-out patients and of training patients."""
    of_class = "" if class_name == ALL else f" with {class_name}"
    if images == 0:
        return f"No finding: there are no images{of_class} that held-out lesions could be compared with."
    if trained < FEWEST_TRAINED:
        return f"No finding: {trained} training patients{of_class} are too few, {FEWEST_TRAINED} are needed."
    return f"No finding: {held_out} held-out patients{of_class} are too few, {FEWEST_HELD_OUT} are needed."


def instrument_in_words(judged: list[str], missed: list[str], false_alarm: bool) -> str:
    """Whether the controls came out as they must.

    Args:
        judged: Controls that are copies and had enough images and lesions to be judged.
        missed: Controls that are copies and were not flagged.
        false_alarm: Held-out lesions were flagged.
    """
    if not judged:
        return "The instrument could not be tried on these data: too few lesions for any control."
    if not missed and not false_alarm:
        return (
            f"The instrument works on these data: {' and '.join(judged)} were flagged as copies, lesions of held-out "
            "patients were not."
        )
    wrong = [f"{name} were not flagged as copies" for name in missed]
    wrong += ["lesions of held-out patients were flagged"] if false_alarm else []
    return (
        f"The instrument does not work on these data (too few lesions, or too much alike): {' and '.join(wrong)}. "
        "Neither a finding of copies nor its absence means anything here."
    )


def _p(p: float) -> str:
    return "< .001" if p < 0.001 else f"{p:.3f}".replace("0.", ".", 1)
