"""What the table of further metrics needs beside the numbers: what is undefined, and what guessing would reach."""

from math import log
from typing import Any


def further_section(metrics: dict[str, Any]) -> dict[str, Any]:
    """What `further.html` shows beside the metrics.

    Returns:
        never_called: a sentence for every arm that leaves a class out; guessing: brier and log_loss of equal
        probabilities, 1 - 1/C and log C.
    """
    classes = len(metrics["class_names"])
    told = []
    for name, arm in metrics["arms"].items():
        never = [class_name for class_name, found in arm["further_classes"].items() if not found["called"]]
        if never:
            told.append(
                f"{name} never called a lesion {' or '.join(never)}: the predictive value of a call that was never "
                "made does not exist, nor does a mean with it."
            )
    return {"never_called": told, "guessing": {"brier": 1 - 1 / classes, "log_loss": log(classes)}}
