"""Rules that turn what a data set calls a lesion into a class: PATTERN=CLASS, a regular expression and a name."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_modules.errors import InputError


@dataclass(frozen=True)
class LabelRule:
    """A label that `pattern` fits as a whole is of class `class_name`; "" leaves it out."""

    pattern: re.Pattern[str]
    class_name: str


def parse_rules(texts: Iterable[str]) -> tuple[LabelRule, ...]:
    """Read rules as the user types them, e.g. "Tumor_.*=metastasis"; upper and lower case are alike.

    Raises:
        InputError: If one has no "=", no pattern, or a pattern that is no regular expression.
    """
    rules = []
    for text in texts:
        pattern, equals, name = text.rpartition("=")
        try:
            rules.append(LabelRule(re.compile(pattern, re.IGNORECASE), name.strip()))
        except re.error as error:
            raise InputError(f"--label {text!r}: the pattern is no regular expression ({error}).") from None
        if not equals or not pattern:
            raise InputError(f"--label {text!r}: PATTERN=CLASS is needed, e.g. 'Tumor_.*=metastasis'.")
    return tuple(rules)


def class_of(rules: Sequence[LabelRule], label: str) -> str:
    """Class of a label by the first rule that fits; "" if none does."""
    return next((rule.class_name for rule in rules if rule.pattern.fullmatch(label)), "")
