from dataclasses import asdict

from test_tracking import read_run

from liverlab.place import Place
from liverlab.settings import load_experiment
from liverlab.stage_fit import track_scores


def track(tmp_path, mode):
    folder = tmp_path / ".bovw-none-r0-f1-0123456789.part"
    folder.mkdir(exist_ok=True)
    (folder / "predictions.csv").write_text("label,predicted\ncyst,cyst\ncyst,other\nother,other\nother,other\n")
    config = load_experiment("paper/bovw", ["profile=smoke", f"tracking={mode}", f"runs_dir={tmp_path / 'runs'}"])
    track_scores(config, folder, Place(0, 1), "e", asdict(config.bovw))
    return tmp_path / "runs" / "wandb"


def test_a_stage_without_a_fit_is_one_run_with_the_value_that_a_cnns_curve_ends_with(tmp_path):
    (folder,) = (track(tmp_path, "offline") / "wandb").glob("offline-run-*")
    records = read_run(folder)
    run = next(record["run"] for record in records if record["type"] == "run")
    assert run["run_id"] == "paper-bovw-classifier-r0-f1-0123456789"
    assert (run["run_group"], run["job_type"]) == ("e/paper-bovw", "classifier")
    assert run["config"]["update"]["words"] == 750
    logged = [record["history"]["item"] for record in records if record["type"] == "history"]
    assert [item["test_accuracy"] for item in logged] == [3 / 4]


def test_nothing_is_written_where_nothing_is_tracked(tmp_path):
    assert not track(tmp_path, "none").exists()
