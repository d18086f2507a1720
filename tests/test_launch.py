import io
import multiprocessing
import os
import signal
import sys
import time
from functools import partial

import pytest
from rich.console import Console

from data_modules.errors import InputError
from liverlab.devices import Launch
from liverlab.launch import chain_lengths, expected_seconds, follow_stages, lead_stages, run_stages
from liverlab.ranks import meeting
from liverlab.stages import Stage, complete


def note_time(folder, inputs):
    started = time.time()
    time.sleep(0.6)
    (folder / "times.txt").write_text(f"{started} {time.time()} {os.environ['OMP_NUM_THREADS']}")


def refuse(folder, inputs):
    raise InputError("This cannot be.")


def times(stage, runs):
    return [float(t) for t in (stage.folder(runs) / "times.txt").read_text().split()]


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=100)


def test_stages_run_side_by_side_and_after_their_needs(tmp_path, console):
    first = [Stage("a", str(i), {}, note_time) for i in range(2)]
    last = Stage("b", "last", {}, note_time, tuple(first))
    run_stages([last], tmp_path, jobs=2, console=console)
    (start_0, end_0, threads), (start_1, end_1, _) = (times(stage, tmp_path) for stage in first)
    assert max(start_0, start_1) < min(end_0, end_1)
    assert times(last, tmp_path)[0] >= max(end_0, end_1)
    assert threads == 1
    lines = console.file.getvalue().splitlines()
    assert any(line.startswith("[3/3] b last: ") for line in lines)
    assert expected_seconds([last], tmp_path)[last.key] == pytest.approx(0.6, abs=0.3)
    console.file.truncate(0)
    run_stages([last], tmp_path, jobs=2, console=console)
    assert "[1/" not in console.file.getvalue()


def test_only_stages_that_differ_in_the_split_alone_predict_a_time(tmp_path, console):
    def fit(**settings):
        return Stage("fit", "x", settings, note_time)

    run_stages([fit(fold=0, epochs=1)], tmp_path, jobs=1, console=console)
    alike, longer = fit(fold=1, epochs=1), fit(fold=0, epochs=9)
    expected = expected_seconds([alike, longer], tmp_path)
    assert expected[alike.key] == pytest.approx(0.6, abs=0.3)
    assert expected[longer.key] is None


def test_a_stage_that_only_went_on_predicts_no_time(tmp_path, console):
    stage = Stage("fit", "x", {}, note_time, resumes=True)
    stage.working_folder(tmp_path).mkdir(parents=True)
    run_stages([stage], tmp_path, jobs=1, console=console)
    assert expected_seconds([stage], tmp_path) == {stage.key: None}


def test_the_longest_chain_starts_first():
    long, short = Stage("a", "long", {}, note_time), Stage("a", "short", {}, note_time)
    end = Stage("b", "end", {}, note_time, (Stage("m", "middle", {}, note_time, (long,)),))
    lengths = chain_lengths([short, end])
    assert (lengths[long.key], lengths[short.key], lengths[end.key]) == (2, 0, 0)


def die(folder, inputs):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_stage_whose_process_dies_is_named(tmp_path, console):
    with pytest.raises(RuntimeError, match=r"process of fit victim died without a word.*jobs=1"):
        run_stages([Stage("fit", "victim", {}, die)], tmp_path, jobs=1, console=console)


def test_a_users_mistake_in_a_stage_reaches_the_user(tmp_path, console):
    with pytest.raises(InputError, match=r"This cannot be\."):
        run_stages([Stage("a", "wrong", {}, refuse)], tmp_path, jobs=2, console=console)


def train(folder, inputs, calls):
    """Like a fit: the same on all ranks, going on from what is there."""
    done = int((folder / "state.txt").read_text()) if (folder / "state.txt").exists() else 0
    (folder / "state.txt").write_text(str(done + 1))
    with calls.open("a") as file:
        file.write(f"{folder.name} {done} {'.ranks' in folder.parts}\n")


def write(folder, inputs):
    (folder / "states.txt").write_text(" ".join((path / "state.txt").read_text() for path in inputs))


def go_through(rank, stages, runs):
    with meeting(runs, Launch("torchrun", "test", rank, rank, 2, 2)) as ranks:
        if rank:
            follow_stages(stages, runs, ranks)
        else:
            with (runs / "printed.txt").open("w") as file:
                lead_stages(stages, runs, ranks, Console(file=file, width=100))


def both_ranks(stages, runs):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=go_through, args=(rank, stages, runs)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    return [process.exitcode for process in processes]


def test_ranks_share_the_fits_and_rank_0_writes(tmp_path):
    calls = tmp_path / "calls.txt"
    done, new, old = (
        Stage("fit", name, {}, partial(train, calls=calls), on_all_ranks=True, resumes=True)
        for name in ("done", "new", "old")
    )
    complete(done, tmp_path)
    calls.unlink()
    old.working_folder(tmp_path).mkdir(parents=True)
    (old.working_folder(tmp_path) / "state.txt").write_text("7")
    last = Stage("pool", "last", {}, write, (new, old, done))
    assert both_ranks([last], tmp_path) == [0, 0]
    assert (last.folder(tmp_path) / "states.txt").read_text() == "1 8 1"
    parts = [new.working_folder(tmp_path).name, old.working_folder(tmp_path).name]
    # both ranks went on from the same state; only one of them where it stays
    assert sorted(calls.read_text().splitlines()) == sorted(
        f"{part} {state} {private}" for part, state in zip(parts, "07", strict=True) for private in (False, True)
    )
    assert [line.split(":")[0] for line in (tmp_path / "printed.txt").read_text().split("\n") if line] == [
        "[1/3] fit new", "[2/3] fit old", "[3/3] pool last",
    ]  # fmt: skip
    assert not (tmp_path / ".ranks").exists()


def test_a_stage_that_fails_on_rank_0_ends_both(tmp_path):
    assert both_ranks([Stage("a", "wrong", {}, refuse)], tmp_path) == [1, 1]


def leave(folder, inputs):
    sys.exit(1)  # as Lightning does


def test_ctrl_c_in_a_fit_of_several_ranks_is_no_exit_code_of_lightnings(tmp_path, console):
    with pytest.raises(KeyboardInterrupt):
        lead_stages([Stage("fit", "stopped", {}, leave)], tmp_path, None, console)
