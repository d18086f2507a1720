import json
import multiprocessing
import time
from dataclasses import replace

import pytest

from liverlab.stages import Stage, complete, in_order, key_of, read_progress, read_record, write_progress


def write_one(folder, inputs):
    (folder / "number.txt").write_text("1")


def add_inputs(folder, inputs):
    (folder / "number.txt").write_text(str(sum(int((path / "number.txt").read_text()) for path in inputs)))


def fail(folder, inputs):
    (folder / "half.txt").write_text("half")
    raise RuntimeError("power cut")


def write_slowly(folder, inputs):
    with (folder.parent / "calls.txt").open("a") as calls:
        calls.write("call\n")
    time.sleep(0.5)


ONE = Stage("number", "one", {"value": 1}, write_one)
TWO = Stage("sum", "two", {}, add_inputs, (ONE, replace(ONE, name="other")))


def test_a_stage_reads_its_needs_and_leaves_a_record(tmp_path):
    for stage in in_order([TWO]):
        complete(stage, tmp_path)
    assert (TWO.folder(tmp_path) / "number.txt").read_text() == "2"
    record = read_record(TWO.folder(tmp_path))
    assert record["needs"] == [f"number/one-{ONE.key}", f"number/other-{TWO.needs[1].key}"]
    assert key_of(TWO.folder(tmp_path)) == key_of(TWO.working_folder(tmp_path)) == TWO.key


def test_in_order_puts_needs_first_and_each_stage_once():
    last = Stage("sum", "three", {}, add_inputs, (TWO, ONE))
    assert in_order([last, TWO]) == [ONE, TWO.needs[1], TWO, last]


@pytest.mark.parametrize("change", [{"settings": {"value": 2}}, {"name": "uno"}, {"kind": "digit"}, {"needs": (TWO,)}])
def test_the_key_covers_settings_name_kind_and_needs(change):
    assert replace(ONE, **change).key != ONE.key
    assert replace(ONE, run=add_inputs).key == ONE.key


def test_a_finished_stage_is_reused(tmp_path):
    complete(ONE, tmp_path)
    complete(replace(ONE, run=fail), tmp_path)


def test_a_failed_stage_leaves_no_output_and_its_rest_is_swept_by_the_next_run(tmp_path):
    with pytest.raises(RuntimeError, match="power cut"):
        complete(replace(ONE, run=fail), tmp_path)
    assert not ONE.finished(tmp_path)
    complete(ONE, tmp_path)
    assert not (ONE.folder(tmp_path) / "half.txt").exists()


def write_half(folder, inputs):
    (folder / "calls.txt").open("a").write("call\n")
    (folder / "half.txt").touch()
    raise RuntimeError("power cut")


def write_rest(folder, inputs):
    (folder / "calls.txt").open("a").write("call\n")
    (folder / "half.txt").rename(folder / "whole.txt")
    (folder / "states").mkdir()  # not needed once all is there


def test_a_stage_that_resumes_finds_what_a_killed_run_left(tmp_path):
    stage = replace(ONE, run=write_half, resumes=True)
    with pytest.raises(RuntimeError, match="power cut"):
        complete(stage, tmp_path)
    folder = complete(replace(stage, run=write_rest), tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["calls.txt", "stage.json", "whole.txt"]
    assert (folder / "calls.txt").read_text() == "call\n" * 2
    assert read_record(folder)["resumed"]
    assert not read_record(complete(TWO.needs[1], tmp_path))["resumed"]


def test_whoever_waits_for_a_stage_to_begin_hears_of_it_when_its_folder_is_ready(tmp_path):
    heard = []
    complete(ONE, tmp_path, begin=lambda: heard.append(list(ONE.working_folder(tmp_path).iterdir())))
    complete(ONE, tmp_path, begin=lambda: heard.append("again"))
    assert heard == [[]]


def test_two_processes_do_not_both_write_a_stage(tmp_path):
    stage = replace(ONE, run=write_slowly)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=complete, args=(stage, tmp_path)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert (tmp_path / "number" / "calls.txt").read_text() == "call\n"
    assert stage.finished(tmp_path)


def test_progress(tmp_path):
    assert read_progress(tmp_path) == 0
    write_progress(tmp_path, 3, 4)
    assert read_progress(tmp_path) == 0.75


def test_the_record_is_json(tmp_path):
    assert json.loads((complete(ONE, tmp_path) / "stage.json").read_text())["settings"] == {"value": 1}
