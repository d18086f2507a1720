"""Cases over all cores: one at a time in each process, and processes only where they save time.

What comes out does not depend on their number.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

import joblib

from data_modules.errors import InputError
from data_modules.processes import end_with_parent

POOL_PAYS_SECONDS = 4.0  # of work left for this process: to start others takes more than one
Item = TypeVar("Item")
Result = TypeVar("Result")


def over_cores(
    task: Callable[[Item], Result], items: Sequence[Item], jobs: int | None = None
) -> Generator[Result, None, None]:
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
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=end_with_parent)
    try:
        with _sigint_kept_from_children():
            results = pool.map(task, items)
        yield from results
    except BrokenProcessPool:
        text = "A worker process died without a word, as when memory runs out. Fewer need less: --jobs 1."
        raise InputError(text) from None
    finally:
        pool.shutdown(cancel_futures=True)  # waits for the items at hand


@contextmanager
def _sigint_kept_from_children() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; those started in here leave it to their parent.

    A signal that arrives meanwhile is delivered at the end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
