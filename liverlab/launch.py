"""Run stages on this machine: several at once, each in a process of its own, with one display over all of them.

On a CPU every stage computes with one thread: two fits side by side finish sooner than one after the other with two
threads each, and the numbers do not depend on how many cores there are.
"""

import multiprocessing
import os
import signal
import statistics
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from rich.console import Console

from data_modules.processes import end_with_parent
from liverlab.display import StageDisplay
from liverlab.stages import Stage, complete, in_order, read_record


def expected_seconds(stages: Sequence[Stage], runs: Path) -> dict[str, float | None]:
    """By kind of stage, how long it took the last times: the median of finished stages of one kind, if any."""
    expected: dict[str, float | None] = {}
    for kind in {stage.kind for stage in stages}:
        seconds = [read_record(path.parent)["seconds"] for path in runs.glob(f"{kind}/*/stage.json")]
        expected[kind] = statistics.median(seconds) if seconds else None
    return expected


def run_stages(stages: Sequence[Stage], runs: Path, *, jobs: int, console: Console) -> None:
    """Complete all stages, as many at once as `jobs` allows; finished ones are reused.

    Raises:
        Exception: Whatever the first failing stage raised; stages that run are stopped.
    """
    todo = {stage.key: stage for stage in in_order(stages) if not stage.finished(runs)}
    if not todo:
        return
    display = StageDisplay(list(todo.values()), runs, expected_seconds(stages, runs), jobs, console)
    workers = min(jobs, len(todo))
    context = multiprocessing.get_context("spawn")  # fork would copy torch's threads and CUDA's state
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    running: dict[Future[Path], Stage] = {}
    waiting = dict(todo)
    try:
        with display:
            while waiting or running:
                for key, stage in list(waiting.items()):
                    if len(running) < workers and all(need.finished(runs) for need in stage.needs):
                        running[pool.submit(complete, waiting.pop(key), runs)] = stage
                        display.started(stage)
                done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                    display.finished(running.pop(future))
                display.refresh()
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _start_worker() -> None:
    """One thread, no reaction to Ctrl-C (the parent stops us), and no life after the parent's.

    A killed parent leaves the lock and the half-written folder to the next run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    end_with_parent()
