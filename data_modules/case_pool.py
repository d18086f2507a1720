"""Images over all cores: one at a time in each process, and processes only where they save time.

What comes out does not depend on their number.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import joblib

from data_modules.errors import InputError
from data_modules.processes import end_with_parent

POOL_PAYS_SECONDS = 8.0  # of work left for this process: to start others takes three
Item = TypeVar("Item")
Result = TypeVar("Result")


def over_cores(task: Callable[[Item], Result], items: Sequence[Item], jobs: int | None = None) -> Iterator[Result]:
    """Results in the items' order: from this process, as long as others would not be worth their start.

    Args:
        task: What to do; must be picklable, like the items and results.
        items: What to do it with.
        jobs: Processes at most; by default one per core that this process may use.

    Raises:
        InputError: If a process dies.
    """
    jobs = jobs or joblib.cpu_count()
    started = time.monotonic()
    for done, item in enumerate(items):
        left = len(items) - done
        if min(jobs, left) > 1 and (time.monotonic() - started) / max(done, 1) * left >= POOL_PAYS_SECONDS:
            yield from _in_processes(task, items[done:], min(jobs, left))
            return
        yield task(item)


def _in_processes(task: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Result]:
    # spawn: a forked child of a process that has started threads (torch, SimpleITK) may hang
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker) as pool:
            yield from pool.map(task, items)
    except BrokenProcessPool:
        text = "A process that read images died without a word, as when memory runs out. Fewer need less: --jobs 1."
        raise InputError(text) from None


def _start_worker() -> None:
    """No reaction to Ctrl-C (the parent stops us), and no life after the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
