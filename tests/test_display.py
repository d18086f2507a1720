import io

from rich.console import Console

from liverlab.display import StageDisplay
from liverlab.stages import Stage, complete, write_progress


def nothing(folder, inputs):
    pass


def display(stages, runs, expected, jobs=1):
    return StageDisplay(stages, runs, expected, jobs, Console(file=io.StringIO(), width=100))


def each(stages, seconds):
    return {stage.key: seconds for stage in stages}


def left(shown):
    shown.refresh()
    return shown.progress.tasks[0].fields["left"]


def test_time_left_is_shared_by_the_stages_that_run_at_once(tmp_path):
    stages = [Stage("fit", str(i), {}, nothing) for i in range(4)]
    assert left(display(stages, tmp_path, each(stages, 20.0))) == "about 80 s left"
    assert left(display(stages, tmp_path, each(stages, 20.0), jobs=2)) == "about 40 s left"
    assert left(display(stages, tmp_path, each(stages, 60.0))) == "about 4 min left"


def test_no_guess_before_every_stage_was_timed(tmp_path):
    stages = [Stage("fit", "0", {}, nothing), Stage("new", "0", {}, nothing)]
    assert left(display(stages, tmp_path, each(stages[:1], 20.0))) == ""


def test_progress_of_a_running_stage_counts(tmp_path):
    stage = Stage("fit", "0", {}, nothing)
    shown = display([stage, Stage("fit", "1", {}, nothing)], tmp_path, {})
    shown.started(stage)
    stage.working_folder(tmp_path).mkdir(parents=True)
    write_progress(stage.working_folder(tmp_path), 1, 2)
    left(shown)
    assert shown.progress.tasks[0].completed == 0.5
    complete(stage, tmp_path)
    shown.finished(stage)
    assert "[1/2] fit 0: 0 s" in shown.console.file.getvalue()
    assert left(shown) == "about 0 s left"  # the other one is alike
