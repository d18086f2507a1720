"""Ranks that meet, follow, and do not outlive one another: each in a process of its own."""

import multiprocessing
import os
import signal
import time

import pytest

from data_modules.errors import InputError
from liverlab import ranks
from liverlab.devices import Launch
from liverlab.ranks import meeting, told_once


def launch(rank, world_size=2):
    return Launch("torchrun", "here", rank, rank, world_size, world_size)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, seconds in (("POLL", 0.01), ("BEAT", 0.05), ("GRACE", 0.1), ("MEETING", 20.0)):
        monkeypatch.setattr(ranks, f"{name}_SECONDS", seconds)
    monkeypatch.setattr(ranks, "SILENT_BEATS", 10)


@pytest.fixture
def start(tmp_path):
    """Start `work(ranks, folder)` as one rank, in a process."""
    started = []

    def of(rank, work, world_size=2):
        def run():
            with meeting(tmp_path, launch(rank, world_size)) as met:
                work(met, tmp_path)

        process = multiprocessing.get_context("fork").Process(target=run)
        process.start()
        started.append(process)
        return process

    yield of
    for process in started:
        process.kill()


def code(process):
    process.join(30)
    return process.exitcode


def lead(met, folder):
    for key in ("one", "two", "three"):
        met.call(key)
        assert sorted(path.name for path in folder.glob(f"{key}-*")) == [f"{key}-{rank}" for rank in met.watched]


def follow(met, folder):
    while (key := met.next_call()) is not None:
        time.sleep(0.05 * met.rank)
        (folder / f"{key}-{met.rank}").touch()
        met.join()


def wait(met, folder):
    (folder / f"waits-{met.rank}").touch()
    time.sleep(60)


def fail(met, folder):
    raise InputError("The generator diverged.")


def test_rank_0_calls_and_goes_on_when_all_are_ready(start, tmp_path):
    processes = [start(rank, work, 3) for rank, work in ((2, follow), (0, lead), (1, follow))]
    assert [code(process) for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("*-[12]"))) == 6
    assert not (tmp_path / ".ranks").exists()


def test_what_a_killed_launch_of_the_same_name_left_is_not_believed(start, tmp_path):
    hall = tmp_path / ".ranks" / "here"
    (hall / "old").mkdir(parents=True)
    (hall / "call-1").write_text("0" * 32)
    (hall / "answer-1").write_text("0" * 32 + " old\n")
    (hall / "old" / "rank-0").write_text('{"beats": 5, "calls": ["stale"], "joined": 0, "end": ""}')
    processes = start(1, follow), start(0, lead)
    assert [code(process) for process in processes] == [0, 0]
    assert not list(tmp_path.glob("stale-*"))


@pytest.mark.parametrize(("failing", "waiting"), [(0, 1), (1, 0)])
def test_a_rank_that_fails_ends_the_other_one(failing, waiting, start, capfd):
    processes = start(waiting, wait), start(failing, fail)
    assert [code(process) for process in processes] == [1, 1]
    told = "Rank 1 has failed, and the run with it. InputError: The generator diverged."
    assert (told in capfd.readouterr().err) == (failing == 1)


@pytest.mark.parametrize(("killed", "waiting"), [(0, 1), (1, 0)])
def test_a_rank_that_is_killed_ends_the_other_one(killed, waiting, start, tmp_path):
    left, other = start(waiting, wait), start(killed, wait)
    while len(list(tmp_path.glob("waits-*"))) < 2:
        time.sleep(0.01)
    os.kill(other.pid, signal.SIGKILL)
    assert code(left) == 1


def test_a_silent_spell_that_both_share_ends_nobody(start, tmp_path):
    """As when a cluster suspends a job."""
    processes = start(1, follow), start(0, lambda met, folder: (time.sleep(1), lead(met, folder)))
    time.sleep(0.5)
    for name in (signal.SIGSTOP, signal.SIGCONT):
        for process in processes:
            os.kill(process.pid, name)
        time.sleep(1.5)  # three times what is taken for death
    assert [code(process) for process in processes] == [0, 0]


def test_ranks_that_do_not_come_together_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(ranks, "MEETING_SECONDS", 0.1)
    for rank in (0, 1):
        with (
            pytest.raises(
                InputError, match=rf"^Rank {rank} of 2 did not find the others in runs_dir=.*that all nodes share"
            ),
            meeting(tmp_path / str(rank), launch(rank)),
        ):
            pass


def test_leftovers_are_swept_when_they_are_old(start, tmp_path):
    for name, days in (("old", 2), ("recent", 0)):
        session = tmp_path / ".ranks" / name / "session"
        session.mkdir(parents=True)
        for path in (session / "rank-0", session.parent):
            path.touch()
            os.utime(path, (time.time() - days * 86400,) * 2)
    processes = start(1, follow), start(0, lead)
    assert [code(process) for process in processes] == [0, 0]
    assert [path.name for path in (tmp_path / ".ranks").iterdir()] == ["recent"]


def test_one_process_of_a_node_tells_the_users_mistake():
    for first in (None, launch(0)):
        with pytest.raises(InputError), told_once(first):
            raise InputError("wrong")
    with pytest.raises(SystemExit) as stop, told_once(launch(1)):
        raise InputError("wrong")
    assert stop.value.code == 2
