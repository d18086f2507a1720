"""What the files of a finished run know, by dotted path; what they do not know is left out and never made up."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

QUALITY = "quality.json"


class Unknown(LookupError):  # noqa: N818 - no error: the run simply does not say it
    """The run's files do not hold what a sentence needs."""


class NotApplicable(str):
    """Why a question does not arise for this run."""

    __slots__ = ()


class Known(dict[str, Any]):
    """A part of a file, in which a missing key is `Unknown` too: runs of earlier versions lack some."""

    def __missing__(self, key: str) -> Any:
        raise Unknown(key)


class Facts:
    """The content of run.json, metrics.json, the resolved config and, where it was measured, quality.json.

    Args:
        run: Of run.json.
        metrics: Of metrics.json.
        config: The resolved config.
        quality: Of quality.json; empty where no quality was measured.
    """

    def __init__(
        self, run: Mapping[str, Any], metrics: Mapping[str, Any], config: Mapping[str, Any], quality: Mapping[str, Any]
    ) -> None:
        parts = {"run": run, "metrics": metrics, "config": config, "quality": quality}
        self.parts: dict[str, Any] = {name: Known(part) for name, part in parts.items()}

    def __getitem__(self, path: str) -> Any:
        """The value at a path, e.g. "run.cohort.lesions".

        Raises:
            Unknown: If there is none, or it is null.
        """
        found: Any = self.parts
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
            if found is None:
                raise Unknown(path)
        return found

    def require(self, path: str) -> None:
        """Nothing if there is a value at a path.

        Raises:
            Unknown: If there is none, or it is null or empty.
        """
        if self[path] in ("", [], {}):
            raise Unknown(path)

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a path, or another where there is none."""
        try:
            return self[path]
        except Unknown:
            return default


Sentence = Callable[[Facts], str]


def read_facts(folder: Path) -> Facts:
    """The facts of an evaluated run's folder."""
    run, metrics = (_known((folder / name).read_text()) for name in ("run.json", "metrics.json"))
    quality = _known((folder / QUALITY).read_text()) if (folder / QUALITY).is_file() else Known()
    return Facts(run, metrics, _known(json.dumps(yaml.safe_load(run["config_yaml"]))), quality)


def _known(text: str) -> Known:
    found: Known = json.loads(text, object_hook=Known)
    return found


def told(sentence: Sentence, facts: Facts) -> str | None:
    """What a function says of a run; None where the run does not know what it needs."""
    try:
        return sentence(facts)
    except Unknown:
        return None


def joined(*sentences: Sentence) -> Sentence:
    """Several as one: the first must be known, the others are added where they are."""

    def tell(facts: Facts) -> str:
        return " ".join([sentences[0](facts), *(text for each in sentences[1:] if (text := told(each, facts)))])

    return tell


def counted(number: int, noun: str) -> str:
    """E.g. "1 lesion" or "2,000 lesions"."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"
