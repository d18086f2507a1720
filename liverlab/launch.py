"""Run stages on this machine: several at once, each in a process of its own, with one display over all of them.

Where a launcher started this command once per device, there are processes already: they go through the stages together.

On a CPU every stage computes with one thread: two fits side by side finish sooner than one after the other with two
threads each, and the numbers do not depend on how many cores there are.
"""

import multiprocessing
import os
import shutil
import signal
import statistics
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console

from data_modules.errors import InputError
from data_modules.processes import end_with_parent
from liverlab.display import StageDisplay
from liverlab.ranks import Ranks
from liverlab.stages import Stage, complete, in_order, likeness, read_record


def expected_seconds(stages: Sequence[Stage], runs: Path) -> dict[str, float | None]:
    """By stage key, how long it took the last times: the median over finished stages that differ in the split alone."""
    seconds: dict[str, list[float]] = {}
    for path in runs.glob("*/*/stage.json"):
        record = read_record(path.parent)
        if record.get("resumed"):
            continue  # took only the rest of its time
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
        _name_stage(error, running[future])
        raise


def _name_stage(error: Exception, stage: Stage) -> None:
    error.add_note(f"In stage {stage.kind} {stage.name}.")


def lead_stages(stages: Sequence[Stage], runs: Path, ranks: Ranks, console: Console) -> None:
    """Complete all stages as rank 0 of a launch: one after the other, in this process, the other ranks in their fits.

    Raises:
        Exception: Whatever a stage raised, with the stage's name.
    """
    todo = [stage for stage in in_order(stages) if not stage.finished(runs)]
    if not todo:
        return
    _use_one_thread()
    with StageDisplay(todo, runs, expected_seconds(todo, runs), 1, console) as display:
        for stage in todo:
            display.started(stage)
            try:
                with _refreshed(display):
                    complete(stage, runs, begin=partial(ranks.call, stage.key) if stage.on_all_ranks else None)
            except SystemExit:  # what Lightning makes of Ctrl-C where a launcher started its processes
                raise KeyboardInterrupt from None
            except Exception as error:
                _name_stage(error, stage)
                raise
            display.finished(stage)


def follow_stages(stages: Sequence[Stage], runs: Path, ranks: Ranks) -> None:
    """Take part in the fits that rank 0 calls this one to; what is written here is thrown away.

    Raises:
        InputError: If rank 0 plans other stages.
        Exception: Whatever a stage raised.
    """
    _use_one_thread()
    known = {stage.key: stage for stage in in_order(stages)}
    while (key := ranks.next_call()) is not None:
        if key not in known:
            raise InputError("Rank 0 plans other stages. Start the same command with the same files on all nodes.")
        part = known[key].working_folder(runs)
        folder = ranks.scratch / part.name
        shutil.copytree(part, folder)  # a fit that goes on does so here as well
        ranks.join()
        known[key].run(folder, [need.folder(runs) for need in known[key].needs])
        shutil.rmtree(folder)


@contextmanager
def _refreshed(display: StageDisplay) -> Iterator[None]:
    """Keep the display up to date while this thread works."""
    over = threading.Event()

    def refresh() -> None:
        while not over.wait(0.5):
            display.refresh()

    thread = threading.Thread(target=refresh, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _use_one_thread() -> None:
    """As a process of its own would; see `_start_worker`."""
    import torch

    torch.set_num_threads(int(os.environ.setdefault("OMP_NUM_THREADS", "1")))


def _start_worker() -> None:
    """One thread, no reaction to Ctrl-C (the parent stops us), and no life after the parent's.

    A killed parent leaves the lock and the half-written folder to the next run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    end_with_parent()
