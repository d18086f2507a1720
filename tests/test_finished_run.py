import json

import pytest
from two_runs import write_two_runs

from data_modules.errors import InputError
from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.finished_run import read_finished


@pytest.fixture
def folder(tmp_path):
    first = write_two_runs(tmp_path)[1]
    evaluate(first, draws=100, flips=100)
    return first


def test_a_whole_run_lacks_nothing(folder):
    one = read_finished(folder)
    assert (one.name, one.absent, one.compared_arm) == ("first", (), "classic")
    assert one.metrics is not None
    assert one.table.arms == ("none", "classic")
    assert len(one.tested) == 12


def test_the_arm_is_the_one_that_was_selected(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["selection"]["arm"] = "none"
    (folder / "metrics.json").write_text(json.dumps(metrics))
    assert read_finished(folder).compared_arm == "none"


def test_missing_files_are_named_and_the_rest_is_read(folder):
    (folder / "metrics.json").unlink()
    (folder / "predictions.csv").unlink()
    one = read_finished(folder)
    assert (one.metrics, one.table, one.tested) == (None, None, None)
    assert [text.split(" is missing")[0] for text in one.absent] == [
        "metrics.json",
        f"No predictions in {folder.name}: predictions.csv",
    ]


def test_edited_predictions_are_not_used(folder):
    path = folder / "predictions.csv"
    path.write_text(path.read_text().replace("P000", "P999"))
    one = read_finished(folder)
    assert one.table is None
    assert one.tested is None
    assert one.absent[0].startswith("first/predictions.csv is not the file that the run wrote")
    assert one.metrics  # they stand for the predictions that the run wrote


@pytest.mark.parametrize("change", [{"predictions": {"sha256": "0" * 64}}, {"selection": None}])
def test_metrics_of_other_predictions_or_an_older_version_are_not_shown(folder, change):
    metrics = json.loads((folder / "metrics.json").read_text()) | change
    (folder / "metrics.json").write_text(json.dumps({key: value for key, value in metrics.items() if value}))
    one = read_finished(folder)
    assert one.metrics is None
    assert one.table is not None
    assert one.absent == (
        "metrics.json stands for other predictions, or is too old, and is not shown. `liverlab report` on its folder "
        "writes it again.",
    )


def test_predictions_that_no_run_signed_are_taken_on_trust(folder):
    run = json.loads((folder / "run.json").read_text())
    del run["predictions_sha256"]
    (folder / "run.json").write_text(json.dumps(run))
    one = read_finished(folder)
    assert one.absent == ()
    assert one.table is not None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "holds no finished run: run.json is missing"),
        ("{}", "is not one of liverlab: it lacks experiment, arm"),
        ("[1]", "is damaged: it is no JSON object"),
        ('{"experiment": ', "is damaged: it is no JSON object"),
    ],
)
def test_a_folder_without_a_description_is_no_run(folder, content, sentence):
    (folder / "run.json").unlink()
    if content:
        (folder / "run.json").write_text(content)
    with pytest.raises(InputError, match=sentence):
        read_finished(folder)
