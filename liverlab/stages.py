"""Stages are files: a stage is a function from finished folders to a new one, found again by what it depends on.

Its folder is `<runs>/<kind>/<name>-<key>/`. The key covers the settings, the keys of its inputs and the package
version: whatever can change the result, and nothing else. Output is written beside it and renamed when complete.
"""

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from liverlab import __version__

StageFunction = Callable[[Path, Sequence[Path]], None]
PROGRESS = "progress"
STATES = "states"  # in a working folder: what a killed fit goes on from
PART = ".part"


@dataclass(frozen=True, eq=False)
class Stage:
    """One step of an experiment.

    Attributes:
        kind: E.g. "classifier"; the folder under `runs/`.
        name: Readable part of the folder's name.
        settings: Whatever can change the result, as plain values.
        run: Called with the folder to write and the finished folders of `needs`. Must survive pickling.
        needs: Stages whose output it reads.
        on_all_ranks: Whether it trains, so that all processes of a launch on several devices must take part.
        resumes: Whether it goes on from what a killed run left of it, instead of starting in an empty folder.
    """

    kind: str
    name: str
    settings: dict[str, Any]
    run: StageFunction
    needs: tuple["Stage", ...] = field(default=())
    on_all_ranks: bool = False
    resumes: bool = False

    @cached_property
    def key(self) -> str:
        """Ten hex digits over everything that can change the result."""
        facts = [self.kind, self.name, self.settings, [stage.key for stage in self.needs], __version__]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:10]

    def folder(self, runs: Path) -> Path:
        """Where the finished output lives."""
        return runs / self.kind / f"{self.name}-{self.key}"

    def working_folder(self, runs: Path) -> Path:
        """Where unfinished output is written."""
        folder = self.folder(runs)
        return folder.with_name(f".{folder.name}{PART}")

    def finished(self, runs: Path) -> bool:
        """Whether the output is there; it is complete by construction."""
        return self.folder(runs).is_dir()


def likeness(kind: str, settings: dict[str, Any]) -> str:
    """Equal for stages that differ in the split or class alone, and so take about as long."""
    return json.dumps(
        [kind, {key: settings[key] for key in sorted(settings) if key not in ("repeat", "fold", "label")}]
    )


def in_order(stages: Sequence[Stage]) -> list[Stage]:
    """The stages and all they need, each once, needs first."""
    ordered: dict[str, Stage] = {}

    def visit(stage: Stage) -> None:
        for need in stage.needs:
            visit(need)
        ordered.setdefault(stage.key, stage)

    for stage in stages:
        visit(stage)
    return list(ordered.values())


def complete(stage: Stage, runs: Path, begin: Callable[[], None] | None = None) -> Path:
    """Run a stage unless it is finished; what a killed run left half-written is thrown away first, or gone on from.

    Two processes that want the same stage do not both write it: the second waits and finds it finished.

    Args:
        stage: What to run.
        runs: Folder of all runs.
        begin: Called when the stage is about to run; its working folder is as a killed run left it, or empty.

    Returns:
        The finished folder.
    """
    folder, part = stage.folder(runs), stage.working_folder(runs)
    with _locked(folder.with_name(f".{folder.name}.lock")):
        if stage.finished(runs):
            return folder
        if not stage.resumes:
            shutil.rmtree(part, ignore_errors=True)
        goes_on = part.is_dir()
        part.mkdir(parents=True, exist_ok=True)
        if begin:
            begin()
        started = time.monotonic()
        stage.run(part, [need.folder(runs) for need in stage.needs])
        (part / PROGRESS).unlink(missing_ok=True)
        shutil.rmtree(part / STATES, ignore_errors=True)
        record = {
            "kind": stage.kind,
            "name": stage.name,
            "version": __version__,
            "settings": stage.settings,
            "needs": [str(need.folder(runs).relative_to(runs)) for need in stage.needs],
            "seconds": round(time.monotonic() - started, 1),
            "resumed": goes_on,
        }
        (part / "stage.json").write_text(json.dumps(record, indent=1))
        part.replace(folder)
    return folder


def key_of(folder: Path) -> str:
    """The key of the stage that writes or wrote this folder."""
    return folder.name.removesuffix(PART).rpartition("-")[2]


def read_record(folder: Path) -> dict[str, Any]:
    """What `complete` noted about a finished stage."""
    record: dict[str, Any] = json.loads((folder / "stage.json").read_text())
    return record


def write_progress(folder: Path, done: int, total: int) -> None:
    """Tell whoever watches how far the stage that writes `folder` is."""
    (folder / PROGRESS).write_text(f"{done} {total}")


def read_progress(folder: Path) -> float:
    """Finished part of a running stage, 0 to 1."""
    try:
        done, total = map(int, (folder / PROGRESS).read_text().split())
    except (OSError, ValueError):  # not begun, just renamed, or caught between truncating and writing
        return 0.0
    return done / max(total, 1)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system releases however the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
