import io
import os
import signal
import time

import pytest
from rich.console import Console

from data_modules.errors import InputError
from liverlab.launch import chain_lengths, expected_seconds, run_stages
from liverlab.stages import Stage


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
