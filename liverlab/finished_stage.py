"""A finished generator or classifier, found as a user names it: by its folder, or by its name below `runs/`."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_modules.errors import InputError
from data_modules.manifest import exists
from data_modules.roi import Roi
from liverlab import __version__
from liverlab.stages import PART, read_record
from liverlab.trained_on import FILE, TrainedOn

NOT_CLINICAL = "Not for clinical use."
# classifier stages without a network's files, by the section of their settings
NO_NETWORK = {"bovw": "a bag of visual words", "discriminator": "part of a GAN"}


@dataclass(frozen=True)
class FinishedStage:
    """What a stage of a network left.

    Attributes:
        folder: Where its files are.
        record: Its `stage.json`: kind, name, version, settings, needs.
        trained_on: What the network saw.
    """

    folder: Path
    record: dict[str, Any]
    trained_on: TrainedOn

    @property
    def name(self) -> str:
        """E.g. "acgan-r0-f1-0123456789": what it is, its split and its key."""
        return self.folder.name

    @property
    def settings(self) -> dict[str, Any]:
        """Whatever could change the result."""
        settings: dict[str, Any] = self.record["settings"]
        return settings

    @property
    def roi(self) -> Roi:
        """What the network sees of a lesion."""
        return Roi(**(self.settings["roi"] | {"window_hu": tuple(self.settings["roi"]["window_hu"])}))

    @property
    def window_hu(self) -> tuple[float, float] | None:
        """HU of the lowest and highest value of an image; None where every ROI was scaled to its own range."""
        return self.roi.window_hu if self.roi.intensity == "window" else None

    @property
    def known_classes(self) -> tuple[str, ...]:
        """All classes; for a generator of one class, that one."""
        label = self.settings.get("label")
        names = self.trained_on.class_names
        return names if label is None else (names[label],)


def find_stage(text: str, kinds: Sequence[str], runs: Path = Path("runs")) -> FinishedStage:
    """The finished stage that a user means.

    Args:
        text: Its folder; or the folder's name below `<runs>/<kind>`, or a beginning that no other has.
        kinds: What it may be: "generator", "classifier".
        runs: Folder of all runs.

    Raises:
        InputError: If there is none or several, it is not finished, of another kind, without a network of its own, or
            of another version.
    """
    folder = Path(text).resolve() if exists(Path(text)) else _by_name(text, kinds, runs)
    if folder.name.endswith(PART):
        raise InputError(f"{folder.name} is not finished. The `liverlab run` that began it goes on from there.")
    if not (folder / "stage.json").is_file():
        where = _below(kinds, runs)
        raise InputError(f"{text} holds no finished stage: stage.json is missing. Name a folder of {where}.")
    record = read_record(folder)
    if record["kind"] not in kinds:
        raise InputError(f"{folder.name} is a {record['kind']}. Name a {' or a '.join(kinds)}.")
    for method, what in NO_NETWORK.items():
        if method in record["settings"]:
            raise InputError(
                f"{folder.name} is {what}, which can be neither exported nor asked. Name a {kinds[0]} that is a "
                "network of its own (method=cnn)."
            )
    if record["version"] != __version__ or not (folder / FILE).is_file():
        of = record["version"] if record["version"] != __version__ else "an earlier state"
        raise InputError(
            f"{folder.name} was made by liverlab {of}, this is {__version__}. Use that one, or delete the folder and "
            "run its experiment again."
        )
    return FinishedStage(folder, record, TrainedOn.load(folder))


def _by_name(text: str, kinds: Sequence[str], runs: Path) -> Path:
    folders = sorted(path for kind in kinds for path in (runs / kind).glob("*") if path.is_dir())
    finished = {path.name: path for path in folders if not path.name.startswith(".")}
    found = [name for name in finished if name.startswith(text)]
    if text in finished or len(found) == 1:
        return finished.get(text) or finished[found[0]]
    if found:
        raise InputError(f"{text!r} may be any of {', '.join(found)}. Write more of the name.")
    begun = [path for path in folders if path.name.startswith(f".{text}")]
    if begun:
        return begun[0]  # which the caller refuses
    what = f"finished {' or '.join(kinds)} {text!r}"
    raise InputError(f"No {what} in {_below(kinds, runs)}. {suggestion(text, finished)}")


def suggestion(text: str, known: Iterable[str]) -> str:
    """The nearest of the known names as a question; all of them where none is near."""
    names = list(known)
    near = difflib.get_close_matches(text, names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names) or 'none yet'}."


def _below(kinds: Sequence[str], runs: Path) -> str:
    return " or ".join(f"{runs / kind}/" for kind in kinds)
