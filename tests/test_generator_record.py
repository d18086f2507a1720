"""Generator stages written by hand, as a fit leaves them."""

import json

import pandas as pd
import pytest

from liverlab.generator_record import describe_generators, thinned, write_generator_curves
from liverlab.stages import Stage

CLASSES = ("cyst", "metastasis")
FINDING = {
    "kind": "collapsed", "epoch": 2, "batches_seen": 4, "label": 1, "value": 0.04, "sentence": "One image.",
    "stopped": False,
}  # fmt: skip


def write_generator(runs, *, kind="acgan", label=None, fold=0, log="step,d_real,d_fake\n2,.6,.4\n", **files):
    """A finished generator; `files` become its JSON files."""
    settings = {"repeat": 0, "fold": fold, "label": label, kind: {"epochs": 3}}
    stage = Stage("generator", f"{kind}-r0-f{fold}", settings, print)
    folder = stage.folder(runs)
    (folder / "log").mkdir(parents=True)
    (folder / "stage.json").write_text(json.dumps({"seconds": 4.5}))
    (folder / "log" / "metrics.csv").write_text(log)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return stage


def classifier(*generators, name="arm"):
    pool = Stage("pool", "pool", {}, print, generators)
    return Stage("classifier", name, {}, print, (pool,))


def test_an_entry_says_what_the_files_say(tmp_path):
    # as Lightning writes it: the check of step 4 is a row of its own; .9 is its last value, 2 rows are below a tenth
    log = (
        "d_real,d_fake,kid_0,kid_1,spread_0,spread_1,label_effect,step\n"
        ".9,.1,,,,,,2\n.7,.3,,,,,,4\n,,.05,.5,.8,.04,.3,4\n.6,.4,,,,,,6\n,,.02,nan,.9,.06,inf,6\n"
    )
    stage = write_generator(tmp_path, log=log, watch=[FINDING])
    (entry,) = describe_generators({"arm": [classifier(stage)]}, tmp_path, CLASSES)
    assert entry == {
        "arm": "arm", "kind": "acgan", "repeat": 0, "fold": 0, "class": None, "epochs": 3, "batches": 6, "seconds": 4.5,
        "attempts": 1, "given_up": [], "holdout": False, "d_real": 0.6, "d_fake": 0.4,
        "kid": {"cyst": 0.02, "metastasis": 0.5}, "spread": {"cyst": 0.9, "metastasis": 0.06}, "label_effect": None,
        "findings": [
            {"kind": "collapsed", "epoch": 2, "batches_seen": 4, "value": 0.04, "sentence": "One image.",
             "stopped": False, "class": "metastasis"},
        ],
    }  # fmt: skip


def test_the_end_of_a_fit_is_the_mean_of_its_last_tenth(tmp_path):
    log = "step,d_real,d_fake\n" + "".join(f"{i},{i},0\n" for i in range(1, 41))
    stage = write_generator(tmp_path, log=log, watch=[])
    (entry,) = describe_generators({"arm": [classifier(stage)]}, tmp_path, CLASSES)
    assert entry["d_real"] == (37 + 38 + 39 + 40) / 4
    assert entry["kid"] == entry["spread"] == {}


def test_attempts_given_up_are_counted_and_kept(tmp_path):
    unlabelled = FINDING | {"label": None, "kind": "saturated"}
    attempts = [{"seed": 7, "findings": [FINDING]}, {"seed": 8, "findings": [unlabelled]}]
    stage = write_generator(tmp_path, watch=[], attempts=attempts)
    (entry,) = describe_generators({"arm": [classifier(stage)]}, tmp_path, CLASSES)
    assert (entry["attempts"], entry["findings"]) == (3, [])
    assert [attempt["seed"] for attempt in entry["given_up"]] == [7, 8]
    assert [attempt["findings"][0]["class"] for attempt in entry["given_up"]] == ["metastasis", None]


def test_not_watched_is_not_the_same_as_nothing_found(tmp_path):
    stages = [write_generator(tmp_path, fold=0), write_generator(tmp_path, fold=1, watch=[])]
    entries = describe_generators({"arm": [classifier(*stages)]}, tmp_path, CLASSES)
    assert [entry["findings"] for entry in entries] == [None, []]


def test_a_generator_of_two_arms_is_listed_once_and_one_of_a_class_is_named(tmp_path):
    shared = write_generator(tmp_path, kind="dcgan", label=0, watch=[FINDING | {"label": None}])
    own = write_generator(tmp_path, kind="dcgan", label=1, watch=[])
    arms = {"one": [classifier(shared)], "other": [classifier(shared, own, name="other")]}
    entries = describe_generators(arms, tmp_path, CLASSES)
    assert [(entry["arm"], entry["class"]) for entry in entries] == [("one", "cyst"), ("other", "metastasis")]
    assert entries[0]["findings"][0]["class"] == "cyst"


def test_curves_are_led_by_the_generators_place(tmp_path):
    log = "step,d_real,kid_1\n2,.6,\n4,.5,.1\n"
    stages = [write_generator(tmp_path, kind="dcgan", label=1, fold=fold, log=log) for fold in (0, 1)]
    write_generator_curves(tmp_path / "curves.csv", {"none": [], "arm": [classifier(*stages)]}, tmp_path, CLASSES)
    assert (tmp_path / "curves.csv").read_text().splitlines() == [
        "arm,repeat,fold,class,step,d_real,kid_1",
        "arm,0,0,metastasis,2,0.6,",
        "arm,0,0,metastasis,4,0.5,0.1",
        "arm,0,1,metastasis,2,0.6,",
        "arm,0,1,metastasis,4,0.5,0.1",
    ]
    write_generator_curves(tmp_path / "none.csv", {"none": []}, tmp_path, CLASSES)
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize("rows", [1, 200, 201, 1999])
def test_a_log_is_thinned_but_keeps_its_checks(rows):
    log = pd.DataFrame(
        {"step": range(rows), "d_real": 0.5, "kid_0": [0.1 if i == rows - 1 else None for i in range(rows)]}
    )
    kept = thinned(log)
    assert kept["step"].iloc[-1] == rows - 1
    assert min(rows, 100) <= len(kept) <= 201
