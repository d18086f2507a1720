"""Does a generator leave out kinds of lesions?"""

from collections.abc import Sequence

from liverlab.quality.measured import Measured


def mode_finding(measured: Sequence[Measured]) -> list[dict[str, str]]:
    """Placeholder while the rule is tuned."""
    return []
