"""One command in several processes, one per device, as srun and torchrun start it: rank 0 leads, the others join it.

Rank 0 alone decides which stages run, takes their locks and writes their folders; it calls the others to the stages
that train, so ranks cannot disagree. They talk through one small file each in the folder of runs, which the nodes
share. It is made once and then overwritten: a network file system may show a new file a minute late.
"""

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from data_modules.errors import InputError
from liverlab.devices import Launch

POLL_SECONDS = 0.1
BEAT_SECONDS = 1.0
SILENT_BEATS = 120  # counted in beats of the listener: a suspended job suspends both
GRACE_SECONDS = 5.0  # for rank 0 to say by itself what went wrong
MEETING_SECONDS = 300.0  # between the first and the last process that comes up
OLD_SECONDS = 86400.0


@dataclass
class Notice:
    """What one rank tells the others.

    Attributes:
        beats: Grows as long as the process lives.
        calls: Rank 0's: keys of the stages it has called the others to.
        joined: How many of them this rank was ready for.
        end: None while at work, "" after the last stage, else why it failed.
    """

    beats: int = 0
    calls: list[str] = field(default_factory=list)
    joined: int = 0
    end: str | None = None


class Ranks:
    """The other processes of this launch; leaving the context tells them how it ended.

    A rank that fails or falls silent ends all others, also from the middle of a fit that waits for it.

    Args:
        folder: Where their notices are, the same for all ranks.
        launch: Which of them this is.
    """

    def __init__(self, folder: Path, launch: Launch) -> None:
        self.folder, self.rank = folder, launch.rank
        self.scratch = folder / f"scratch-{self.rank}"
        self.watched = range(1, launch.world_size) if self.rank == 0 else range(1)
        self._mine, self._lock, self._over = Notice(), threading.Lock(), threading.Event()
        self._seen = {rank: Notice() for rank in self.watched}
        self._tell()

    def __enter__(self) -> "Ranks":
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._tell(end="" if error is None else f"{type(error).__name__}: {error}")
        if error is None and self.rank == 0:
            self._wait(lambda: all(self._read(rank).end == "" for rank in self.watched))
        self._over.set()

    def call(self, key: str) -> None:
        """Rank 0: call the others to the stage with this key, and wait until all are ready for it."""
        self._tell(calls=[*self._mine.calls, key])
        self._wait(lambda: all(self._read(rank).joined == len(self._mine.calls) for rank in self.watched))

    def next_call(self) -> str | None:
        """The others: wait for the key of the next stage to join; None after the last one."""
        self._wait(lambda: len(self._read(0).calls) > self._mine.joined or self._seen[0].end == "")
        calls = self._seen[0].calls
        return calls[self._mine.joined] if len(calls) > self._mine.joined else None

    def join(self) -> None:
        """The others: tell rank 0 that this one is ready."""
        self._tell(joined=self._mine.joined + 1)

    def _wait(self, until: Callable[[], bool]) -> None:
        """Without a limit: a dead rank ends the wait from the other thread."""
        while not until():
            time.sleep(POLL_SECONDS)

    def _tell(self, **news: object) -> None:
        with self._lock:
            if self._mine.end is not None:
                return  # nothing comes after the end: the folder may be gone
            for name, value in news.items():
                setattr(self._mine, name, value)
            _notice(self.folder, self.rank).write_text(json.dumps(asdict(self._mine)))

    def _read(self, rank: int) -> Notice:
        with suppress(OSError, ValueError):  # caught between truncating and writing; or gone, and then silent
            self._seen[rank] = Notice(**json.loads(_notice(self.folder, rank).read_text()))
        return self._seen[rank]

    def _watch(self) -> None:
        heard = dict.fromkeys(self.watched, (0, 0))  # the last beat, and how long ago
        while not self._over.wait(BEAT_SECONDS):
            self._tell(beats=self._mine.beats + 1)
            for rank in self.watched:
                notice, (beats, silent) = self._read(rank), heard[rank]
                heard[rank] = (notice.beats, silent + 1 if notice.beats == beats and notice.end is None else 0)
                if notice.end or heard[rank][1] > SILENT_BEATS:
                    self._give_up(rank, notice.end or f"no sign of life for {SILENT_BEATS * BEAT_SECONDS:.0f} s")

    def _give_up(self, rank: int, why: str) -> None:
        """End this process, which may be in the middle of waiting for the other one."""
        if self.rank == 0:
            time.sleep(GRACE_SECONDS)
            print(f"Rank {rank} has failed, and the run with it. {why}", file=sys.stderr, flush=True)
        self._tell(end=why)
        shutil.rmtree(self.scratch, ignore_errors=True)
        os._exit(1)


@contextmanager
def told_once(launch: Launch | None) -> Iterator[None]:
    """What the user did wrong meets all processes of a launch alike: the first one of each node tells."""
    try:
        yield
    except (InputError, KeyboardInterrupt) as error:
        if launch is None or launch.local_rank == 0:
            raise
        raise SystemExit(2 if isinstance(error, InputError) else 130) from None


@contextmanager
def meeting(runs: Path, launch: Launch) -> Iterator[Ranks]:
    """All processes of a launch, each having met rank 0.

    An earlier launch of the same name may have been killed here. So the others call with a word of their own and
    believe the answer that repeats it; everything after happens in a new folder.

    Args:
        runs: A folder that the nodes share.
        launch: Which process this is.

    Raises:
        InputError: If they do not come together, as where nodes do not share the folder.
    """
    hall, word = runs / ".ranks" / launch.name, uuid4().hex
    hall.mkdir(parents=True, exist_ok=True)
    others = range(1, launch.world_size)
    if launch.rank == 0:
        _sweep(hall.parent)
        folder = hall / word
        folder.mkdir()
    else:
        (hall / f"call-{launch.rank}").write_text(word)
        answer = hall / f"answer-{launch.rank}"
        _in_time(lambda: _text(answer).startswith(word) and _text(answer).endswith("\n"), runs, launch)
        folder = hall / _text(answer).split()[1]
    ranks = Ranks(folder, launch)

    def all_came() -> bool:
        for rank in others if launch.rank == 0 else ():
            answer = f"{_text(hall / f'call-{rank}')} {word}\n"
            if _text(hall / f"answer-{rank}") != answer:
                (hall / f"answer-{rank}").write_text(answer)
        return all(_notice(folder, rank).exists() for rank in range(launch.world_size))

    _in_time(all_came, runs, launch)
    with ranks:
        yield ranks
    if launch.rank == 0:
        shutil.rmtree(hall)
        with suppress(OSError):  # another launch is in here
            hall.parent.rmdir()


def _in_time(until: Callable[[], bool], runs: Path, launch: Launch) -> None:
    deadline = time.monotonic() + MEETING_SECONDS
    while not until():
        if time.monotonic() > deadline:
            raise InputError(
                f"Rank {launch.rank} of {launch.world_size} did not find the others in runs_dir={runs} within "
                f"{MEETING_SECONDS:.0f} s. Set runs_dir to a folder that all nodes share, and see whether all started."
            )
        time.sleep(POLL_SECONDS)


def _sweep(halls: Path) -> None:
    """Remove what launches left that were killed long ago."""
    for hall in halls.iterdir():
        with suppress(FileNotFoundError):  # a launch that ends removes its own
            if time.time() - max(path.stat().st_mtime for path in (hall, *hall.glob("*/rank-*"))) > OLD_SECONDS:
                shutil.rmtree(hall, ignore_errors=True)


def _notice(folder: Path, rank: int) -> Path:
    return folder / f"rank-{rank}"


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
