"""What an arm is worth in real lesions, in sentences."""

from typing import Any

from liverlab.report.quality_words import NBSP


def worth_sentences(metrics: dict[str, Any]) -> list[str]:
    """What the compared arm is worth in real lesions; nothing where it is on no curve of them."""
    arm = metrics["comparison"]["arm"]
    return [worth_sentence(arm, metrics["worth"])] if arm in (metrics["worth"] or {"arms": ()})["arms"] else []


def worth_sentence(arm: str, worth: dict[str, Any]) -> str:
    """How many real lesions would do as well as an arm, beside how many it had.

    Args:
        arm: One of `worth["arms"]`.
        worth: Of `metrics.json`.
    """
    found, had = worth["arms"][arm], worth["train_lesions"]
    (first, least), (last, most) = ((p["arm"], p["lesions"]) for p in (worth["points"][0], worth["points"][-1]))
    low, high = (lesions_text(x, worth) for x in found["interval"])
    interval = f"(95{NBSP}% interval {low} to {high})"
    if found["beyond"] == "above":
        shown = f", though the interval begins at {low}" * (found["interval"][0] < most)
        return f"{arm} did better than {last}: worth more than {most - had} further real lesions{shown} {interval}."
    if found["beyond"] == "below":
        return f"{arm} did worse than {first}, which had {least} lesions in place of {had}: no gain {interval}."
    further = round(found["lesions"]) - had
    gain = f"worth {further} further real lesions" if further > 0 else "no gain"
    shown = f", though the interval holds {had} itself" * (further > 0 and found["interval"][0] <= had)
    alone = f"the curve's arm with {round(found['lesions'])}"
    return f"{arm} with {had} real lesions did as well as {alone} {interval}: {gain}{shown}."


def lesions_text(lesions: float, worth: dict[str, Any]) -> str:
    """A number read off the curve; at an end of the curve all that is known is its side."""
    least, most = (worth["points"][i]["lesions"] for i in (0, -1))
    count = round(lesions)  # the logarithm and back miss an end by a few digits
    if count <= least:
        return f"{least} or fewer"
    return f"{most} or more" if count >= most else f"{count}"
