import io
import os
import time

import pytest
from rich.console import Console

from data_modules.errors import InputError
from liverlab.launch import expected_seconds, run_stages
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
    assert expected_seconds([last], tmp_path)["b"] == pytest.approx(0.6, abs=0.3)
    console.file.truncate(0)
    run_stages([last], tmp_path, jobs=2, console=console)
    assert "[1/" not in console.file.getvalue()


def test_a_users_mistake_in_a_stage_reaches_the_user(tmp_path, console):
    with pytest.raises(InputError, match=r"This cannot be\."):
        run_stages([Stage("a", "wrong", {}, refuse)], tmp_path, jobs=2, console=console)
