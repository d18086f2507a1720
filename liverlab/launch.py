"""Run stages on this machine: several at once, each in a process of its own, with one display over all of them.

On a CPU every stage computes with one thread: two fits side by side finish sooner than one after the other with two
threads each, and the numbers do not depend on how many cores there are.
"""

import multiprocessing
import os
import signal
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from rich.console import Console

from data_modules.processes import end_with_parent
from liverlab.display import StageDisplay
from liverlab.stages import Stage, complete, in_order, likeness, read_record


def expected_seconds(stages: Sequence[Stage], runs: Path) -> dict[str, float | None]:
    """By stage key, how long it took the last times: the median over finished stages that differ in the split alone."""
    seconds: dict[str, list[float]] = {}
    for path in runs.glob("*/*/stage.json"):
        record = read_record(path.parent)
        seconds.setdefault(likeness(record["kind"], record["settings"]), []).append(record["seconds"])
    alike = {stage.key: seconds.get(likeness(stage.kind, stage.settings)) for stage in stages}
    return {key: statistics.median(known) if known else None for key, known in alike.items()}


def chain_lengths(stages: Sequence[Stage]) -> dict[str, int]:
    """By stage key, how many stages follow one after the other: the longest chain should start first."""
    lengths = {stage.key: 0 for stage in in_order(stages)}
    for stage in reversed(in_order(stages)):
        for need in stage.needs:
            lengths[need.key] = max(lengths[need.key], lengths[stage.key] + 1)
    return lengths


def run_stages(stages: Sequence[Stage], runs: Path, *, jobs: int, console: Console) -> None:
    """Complete all stages, as many at once as `jobs` allows; finished ones are reused.

    Raises:
        Exception: Whatever the first failing stage raised, with the stage's name; stages that run are stopped.
    """
    lengths = chain_lengths(stages)
    todo = sorted((s for s in in_order(stages) if not s.finished(runs)), key=lambda stage: -lengths[stage.key])
    if not todo:
        return
    display = StageDisplay(todo, runs, expected_seconds(todo, runs), jobs, console)
    workers = min(jobs, len(todo))
    context = multiprocessing.get_context("spawn")  # fork would copy torch's threads and CUDA's state
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    running: dict[Future[Path], Stage] = {}
    try:
        with display:
            while todo or running:
                ready = [stage for stage in todo if all(need.finished(runs) for need in stage.needs)]
                for stage in ready[: workers - len(running)]:
                    todo.remove(stage)
                    running[pool.submit(complete, stage, runs)] = stage
                    display.started(stage)
                assert running, "the output of a finished stage has vanished"
                done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    _reraise(future, running)
                    display.finished(running.pop(future))
                display.refresh()
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _reraise(future: Future[Path], running: Mapping[Future[Path], Stage]) -> None:
    """Pass a stage's exception on, with its name."""
    try:
        future.result()
    except BrokenProcessPool as error:
        names = " or ".join(f"{stage.kind} {stage.name}" for stage in running.values())
        cause = "as when memory runs out. Fewer stages at once need less: jobs=1."
        raise RuntimeError(f"The process of {names} died without a word, {cause}") from error
    except Exception as error:
        error.add_note(f"In stage {running[future].kind} {running[future].name}.")
        raise


def _start_worker() -> None:
    """One thread, no reaction to Ctrl-C (the parent stops us), and no life after the parent's.

    A killed parent leaves the lock and the half-written folder to the next run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    end_with_parent()
