import json

import pytest
from fake_holdout import write_fake_holdout
from fake_run import write_fake_run
from test_page import Page

from liverlab.evaluation.evaluate import evaluate
from liverlab.report.flow_diagram import flow_diagram, refused_at_ingest
from liverlab.report.page import write_report


def flow_of(folder):
    metrics = evaluate(folder, draws=100, flips=100)
    return flow_diagram(folder, json.loads((folder / "run.json").read_text()), metrics)


def fake(folder, **shape):
    return write_fake_run(folder, {"a": 0.6, "b": 0.7}, arm="b", baseline="a", **shape)


def ingest(folder, skipped):
    (folder / "stages" / "cohort-mine-0123456789").mkdir(parents=True)
    (folder / "stages" / "cohort-mine-0123456789" / "ingest.json").write_text(json.dumps({"skipped": skipped}))


def test_boxes_hold_what_a_hand_count_of_thirty_patients_gives(tmp_path):
    # fold 1 tests patients 0-2 and 27-29 with one lesion each, 9-11 with two, 18-20 with three: 21 of 57
    flow = flow_of(fake(tmp_path))
    assert flow["design"] == "3 folds, once"
    assert [split["name"] for split in flow["splits"]] == ["Fold 1", "Fold 2", "Fold 3"]
    assert flow["splits"][0]["train"] == "36 lesions of 18 patients"
    assert flow["splits"][0]["test"] == "21 lesions of 12 patients"
    assert flow["tested"] == "57 of 57 lesions tested by each arm"
    assert flow["predictions"].startswith("each once")
    assert flow["others"] == ""
    assert (flow["refused"], flow["listed"]) == (None, None)


def test_many_splits_are_summed_up_with_their_ranges(tmp_path):
    flow = flow_of(fake(tmp_path, folds=5, repeats=3))
    assert len(flow["splits"]) == 5
    assert flow["splits"][4]["name"] == "Fold 5, repeat 1"
    assert flow["others"].startswith("And 10 more: training sides of ")
    assert flow["others"].endswith(" of 6 patients.")
    assert flow["predictions"].startswith("171 times over the repeats, by")


def test_a_fold_that_was_not_run_leaves_lesions_untested(tmp_path):
    folder = fake(tmp_path)
    lines = (folder / "predictions.csv").read_text().splitlines()
    (folder / "predictions.csv").write_text("\n".join(x for x in lines if x.split(",")[2] in ("fold", "0")) + "\n")
    run = json.loads((folder / "run.json").read_text())
    del run["predictions_sha256"]
    (folder / "run.json").write_text(json.dumps(run))
    assert flow_of(folder)["tested"] == "21 of 57 lesions tested by each arm"


def test_a_leak_on_purpose_is_excepted(tmp_path):
    folder = fake(tmp_path)
    run = json.loads((folder / "run.json").read_text())
    run["arms"]["b"]["leak_on_purpose"] = True
    (folder / "run.json").write_text(json.dumps(run))
    assert flow_of(folder)["predictions"].endswith(
        "of the same patient, but for b, whose generator saw the test side on purpose"
    )


def test_a_holdout_has_one_test_side(tmp_path):
    flow = flow_of(write_fake_holdout(tmp_path))
    assert flow["design"] == "One test side, and a training side of 182 lesions, 3 times"
    assert [split["name"] for split in flow["splits"]] == ["Repeat 1", "Repeat 2", "Repeat 3"]
    assert flow["splits"][1]["train"] == "182 lesions of 100 patients"


@pytest.mark.parametrize(
    ("skipped", "said"),
    [
        ([{"row": 8}, {"row": 9}], ["59 lesions in the manifest", "2 left out when their images were read"]),
        ([], ["none was left out when their images were read"]),
    ],
)
def test_lesions_refused_at_ingest_are_told(tmp_path, skipped, said):
    folder = fake(tmp_path)
    ingest(folder, skipped)
    evaluate(folder, draws=100, flips=100)
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    for text in said:
        assert text in page.text
    for text in ("Fold 2", "36 lesions of 18 patients", "57 of 57 lesions tested by each arm"):
        assert text in page.text


def test_a_link_to_a_cohort_that_was_taken_away(tmp_path):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "cohort-gone").symlink_to(tmp_path / "gone")
    assert refused_at_ingest(tmp_path) is None
