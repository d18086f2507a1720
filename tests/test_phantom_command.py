"""`liverlab phantom`, as users type it."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from phantom_examples import tiny_scans

from data_modules import case_pool
from data_modules.phantom import phantom_writer
from data_modules.phantom.phantom_cohort import PhantomCohort, read_cohort_file
from data_modules.phantom_check.check_lines import Line
from liverlab.__main__ import main

TOO_SMALL = "is too small: it needs one per class, so at least 3."
NO_PHANTOM = "holds no complete phantom to look at. Name one, or a new folder to write it first."
CHECK, SHEET = "data_modules.phantom_check.check", "data_modules.phantom_check.contact_sheet"


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    """An empty working folder; tiny scans, drawn in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(phantom_writer, "make_scans", tiny_scans)
    monkeypatch.setattr(case_pool.joblib, "cpu_count", lambda: 1)


def phantom(*arguments):
    return main(["phantom", *map(str, arguments)])


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_options_are_those_of_the_cohort(capsys, tmp_path):
    assert phantom("one", "--lesions", 3, "--seed", 5, "--roi-only", "--realistic-sizes", "--test-lesions", 4) == 0
    assert read_cohort_file(tmp_path / "one") == (PhantomCohort(3, 5, True, True, 4), None)
    assert "Manifest: one/manifest.csv" in capsys.readouterr().out
    assert phantom("two", "--lesions", 3) == 0
    assert read_cohort_file(tmp_path / "two") == (PhantomCohort(3), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path):
    (tmp_path / "empty").mkdir()
    assert phantom("empty", "--lesions", 3) == 0
    assert phantom("new/deep/folder", "--lesions", 3) == 0
    assert (tmp_path / "new" / "deep" / "folder" / "manifest.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["out", "--lesions", "2"], f"A phantom cohort of 2 lesions {TOO_SMALL}"),
        (["out", "--lesions", "-5"], f"A phantom cohort of -5 lesions {TOO_SMALL}"),
        (["out", "--test-lesions", "1"], "A test cohort of 1 lesions is too small: 0 for none, or at least 3."),
        (["out", "--test-lesions", "-1"], "A test cohort of -1 lesions is too small: 0 for none, or at least 3."),
        (["out", "--seed", "-1"], "The phantom's seed is -1; it must be 0 or more."),
        (["file"], "file is a file. Name a new folder."),
        (["file/out"], "file/.out.part cannot be made: Not a directory. Name another place."),
        (["full"], "full is not empty. Name a new folder."),
        (["full/empty/.."], "full/empty/.. is not empty. Name a new folder."),
        (["/proc/out"], "/proc/.out.part cannot be made: No such file or directory. Name another place."),
        (["full", "--check"], f"full {NO_PHANTOM}"),
        (["file", "--check"], f"file {NO_PHANTOM}"),
        (["x" * 252], "The name xxxxxxxxxxxxxxxxxxxx... is too long for a folder. Take a shorter one."),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_sentence_and_leaves_nothing(arguments, sentence, capsys, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "full" / "empty").mkdir(parents=True)
    assert phantom(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.strip().replace(f"{tmp_path}/", "") == sentence
    assert printed.out == ""
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty", "file", "full"]


def test_a_number_that_is_none_is_a_sentence(capsys):
    with pytest.raises(SystemExit) as stop:
        phantom("out", "--lesions", "abc")
    assert stop.value.code == 2
    assert "argument --lesions: invalid int value: 'abc'" in capsys.readouterr().err


def test_the_current_folder_cannot_be_replaced(capsys):
    assert phantom(".") == 2
    assert capsys.readouterr().err.startswith(". cannot be replaced by the finished phantom. Name a new folder")


def test_a_finished_phantom_stays_as_it_is(capsys, tmp_path):
    phantom("out", "--lesions", 3)
    before = contents(tmp_path)
    capsys.readouterr()
    assert phantom("out", "--lesions", 3) == 2
    assert capsys.readouterr().err.strip() == "out holds this phantom already, and it is complete."
    assert phantom("out", "--lesions", 3, "--seed", 4, "--roi-only") == 2
    sentence = "out holds a phantom already, with seed=0 instead of 4, roi_only=False instead of True."
    assert capsys.readouterr().err.strip() == f"{sentence} Name another folder."
    assert contents(tmp_path) == before


def stop_after(monkeypatch, patients):
    """Let Ctrl-C come while the next patient is drawn."""
    drawn = []

    def draw(*arguments, **settings):
        drawn.append(arguments)
        if len(drawn) > patients:
            raise KeyboardInterrupt
        return tiny_scans(*arguments, **settings)

    monkeypatch.setattr(phantom_writer, "make_scans", draw)


def test_a_stopped_phantom_says_what_is_kept_and_goes_on(monkeypatch, capsys, tmp_path):
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        assert phantom("out", "--lesions", 9) == 130
    part = tmp_path / ".out.part"
    sentence = f"Stopped. 2 of 9 patients are kept in {part}; the same command goes on from there."
    assert capsys.readouterr().err.strip() == sentence
    assert [path.name for path in tmp_path.iterdir()] == [".out.part"]
    assert phantom("out", "--lesions", 9) == 0
    assert f"Going on from 2 of 9 patients in {part}." in capsys.readouterr().out
    assert phantom("straight", "--lesions", 9) == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "straight")


def test_another_plan_starts_anew_and_says_so(monkeypatch, capsys, tmp_path):
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        phantom("out", "--lesions", 9)
    assert phantom("out", "--lesions", 3) == 0
    assert "Starting anew: the 2 patients in" in capsys.readouterr().out
    assert len(list((tmp_path / "out" / "patients").iterdir())) == 3


def test_a_part_that_only_lacks_its_renaming_is_written_again(tmp_path):
    phantom("out", "--lesions", 3)
    (tmp_path / "out").rename(tmp_path / ".out.part")
    assert phantom("out", "--lesions", 3) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_ctrl_c_reaches_all_processes_and_leaves_neither_tracebacks_nor_processes(tmp_path):
    """For real: two worker processes, the signal to the whole group, as a terminal sends it."""
    code = (
        "import sys, joblib; joblib.cpu_count = lambda: 2; from data_modules import case_pool; "
        "case_pool.POOL_PAYS_SECONDS = 0; from liverlab.__main__ import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "phantom", "out", "--lesions", "60"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not list(tmp_path.glob(".out.part/patients/P*")) and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    kept = len(list(tmp_path.glob(".out.part/patients/P*")))
    assert error == (
        f"Stopped. {kept} of 35 patients are kept in {tmp_path}/.out.part; the same command goes on from there.\n"
    )
    # a zombie that this machine's process 1 has not buried yet is no process
    alive = subprocess.run(["ps", "-o", "stat=", "-g", str(process.pid)], capture_output=True, text=True, check=False)
    assert all(state.startswith("Z") for state in alive.stdout.split())


@pytest.fixture
def looks(monkeypatch):
    """Check and contact sheet as stand-ins; what they were called with, and whether the check passes."""
    seen = SimpleNamespace(calls=[], ok=None)

    def check_phantom(out, jobs):
        seen.calls.append(("check", out.name))
        return [Line("noise", "1", "1", True), Line("edge", "2", "3", seen.ok)]

    def write_contact_sheet(out):
        seen.calls.append(("sheet", out.name))
        return [out / "lesions.png"]

    monkeypatch.setitem(sys.modules, CHECK, SimpleNamespace(check_phantom=check_phantom))
    monkeypatch.setitem(sys.modules, SHEET, SimpleNamespace(write_contact_sheet=write_contact_sheet))
    return seen


def test_check_and_contact_sheet_work_on_what_is_there_or_is_written_first(looks, capsys):
    assert phantom("out", "--lesions", 3, "--check") == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["edge", "2", "3", "not", "measured"]
    assert phantom("out", "--contact-sheet") == 0
    assert capsys.readouterr().out == "Contact sheet: out/lesions.png\n"
    assert looks.calls == [("check", "out"), ("sheet", "out")]


def test_a_failed_check_is_exit_code_1(looks):
    looks.ok = False
    assert phantom("out", "--lesions", 3, "--check", "--contact-sheet") == 1
    assert looks.calls == [("sheet", "out"), ("check", "out")]


def test_a_check_of_other_settings_than_asked_for_is_refused(looks, capsys):
    phantom("out", "--lesions", 3)
    assert phantom("out", "--lesions", 4, "--check") == 2
    assert "with lesions=3 instead of 4" in capsys.readouterr().err
    assert looks.calls == []
