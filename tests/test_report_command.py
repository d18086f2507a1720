import shutil

import pytest
from fake_run import write_fake_run
from two_runs import write_two_runs

from liverlab.__main__ import main
from liverlab.evaluation.evaluate import evaluate

EXPERIMENTS = "runs/experiments"


@pytest.fixture(autouse=True)
def two(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    _, *parts = write_two_runs(tmp_path / EXPERIMENTS)
    for folder in parts:
        evaluate(folder, draws=100, flips=100)
    (tmp_path / EXPERIMENTS / "second").rename(tmp_path / EXPERIMENTS / "second-seed=3")
    shutil.rmtree(tmp_path / EXPERIMENTS / "all")
    return parts


def said(capsys):
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ["first", "second-seed=3"],
        [f"{EXPERIMENTS}/first", f"{EXPERIMENTS}/second-seed=3"],
        ["first", "--out", "runs/comparison", "second-seed=3"],
    ],
)
def test_runs_are_named_by_folder_or_by_name(arguments, capsys, tmp_path):
    assert main(["report", *arguments]) == 0
    assert capsys.readouterr().out == "Report: runs/comparison/comparison.html\n"
    names = sorted(path.name for path in (tmp_path / "runs" / "comparison").iterdir())
    assert names == ["comparison.csv", "comparison.html", "comparison.json"]
    assert main(["report", *arguments]) == 0  # takes the place of the earlier one


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["first", "third"], "No run 'third' in runs/experiments/. There are: first, second-seed=3."),
        (["first", "empty"], "empty holds no finished run: run.json is missing. `liverlab run` writes it at its end."),
        (["first", f"{EXPERIMENTS}/first"], "runs/experiments/first and runs/experiments/first are the same run. "
         "Name each run once."),
        (["first", "second-seed=3", "profile=smoke"], "'profile=smoke' is a setting, and settings belong to one "
         "experiment. Name each of several runs by its folder or its name in runs/experiments/."),
        (["first", "second-seed=3", "--out", "full"], "full holds something else than an earlier comparison. Name a "
         "new folder."),
        (["first", "second-seed=3", "--out", "full/a.txt"], "full/a.txt is a file. Name a new folder."),
        ([f"{EXPERIMENTS}/first", "--out", "new"], "--out goes with several runs. The report of one is written into "
         "its own folder."),
        (["no_aug", "seed=3"], "No run 'no_aug-seed=3' in runs/experiments/. There are: first, second-seed=3."),
        (["no_aug", "=3"], "'=3' is not a setting. Write key=value, e.g. acgan.lr=1e-4 or folds=[0]."),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_sentence_and_nothing_is_written(arguments, sentence, capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").touch()
    before = sorted(tmp_path.rglob("*"))
    assert main(["report", *arguments]) == 2
    assert said(capsys) == sentence
    assert sorted(tmp_path.rglob("*")) == before


def test_one_run_is_evaluated_and_written_again(capsys, tmp_path):
    folder = write_fake_run(tmp_path / "mine", {"a": 0.5, "b": 0.6}, arm="b", baseline="a")
    (folder / "config.yaml").write_text("seed: 0\nverdict:\n  rope: 0.02\n  draws: 100\n  flips: 100\n")
    assert main(["report", "mine"]) == 0
    assert capsys.readouterr().out == "Report: mine/report.html\n"
    assert (folder / "metrics.json").is_file()
