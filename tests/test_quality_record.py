import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from fake_quality import FOUND, fake_stages, write_fake_quality
from fake_run import CLASSES

from liverlab.choice_stage import CHOICE
from liverlab.quality.measured import ALL, Measured
from liverlab.quality_record import mean_spectra, summarise, write_quality
from liverlab.stages import Stage


@pytest.fixture
def gathered(tmp_path):
    write_fake_quality(tmp_path, tmp_path / "runs", "acgan", folds=3)
    return json.loads((tmp_path / "quality.json").read_text())


def find(rows, **wanted):
    (row,) = (row for row in rows if wanted.items() <= row.items())
    return row


COVERAGE = {"features": "radiomics", "class": ALL, "measure": "coverage"}


def test_means_over_splits_and_differences_to_both_floors(gathered):
    (pool,) = gathered["pools"]
    # .92, .93, .94 of synthetic images, .94, .95, .96 of training lesions
    row = find(pool["rows"], images="synthetic", **COVERAGE)
    assert row["estimate"] == pytest.approx(0.93)
    assert row["interval"][0] < 0.93 < row["interval"][1]
    assert row["minus_train"]["estimate"] == pytest.approx(0.92 - 0.94)
    assert row["minus_classic"]["estimate"] == pytest.approx(0.92 - 0.95)
    assert row["minus_train"]["interval"][0] < -0.02 < row["minus_train"]["interval"][1]
    assert (row["count"], row["reference"]) == (3 * 40, 3 * 20)
    floor = find(pool["rows"], images="train", **COVERAGE)
    assert "minus_train" not in floor


def test_what_the_run_is_told_of_a_pool(gathered):
    assert (gathered["draws"], gathered["neighbours"], gathered["most_per_class"]) == (60, 5, 300)
    (pool,) = gathered["pools"]
    assert (pool["arm"], pool["arms"], pool["leak"]) == ("acgan", ["acgan"], False)
    assert [space["name"] for space in pool["spaces"]] == ["radiomics", "random", "cnn"]
    assert [(split["fold"], split["synthetic"]) for split in pool["splits"]] == [
        (fold, dict.fromkeys(CLASSES, 8)) for fold in range(3)
    ]


def test_the_table_has_every_measurement_of_every_split(tmp_path, gathered):
    with (tmp_path / "quality.csv").open() as file:
        rows = list(csv.DictReader(file))
    chosen = [row for row in rows if (row["features"], row["class"], row["measure"]) == ("radiomics", ALL, "coverage")]
    values = [(row["fold"], row["images"], float(row["value"])) for row in chosen]
    assert values == [
        (str(fold), images, pytest.approx(value + 0.01 * fold))
        for fold in range(3)
        for images, value in (("synthetic", 0.92), ("train", 0.94), ("classic", 0.95))
    ]
    assert all(float(row["low"]) < float(row["value"]) < float(row["high"]) for row in chosen)


def test_what_too_few_images_leave_out_is_named():
    nothing = np.full(5, np.nan)
    rows = [
        Measured("radiomics", "synthetic", "cyst", "recall", np.nan, nothing, 2, 2),
        Measured("random", "synthetic", "cyst", "recall", np.nan, nothing, 2, 2),
        Measured("radiomics", "synthetic", "cyst", "kid", 0.1, np.full(5, 0.1), 2, 2),
        Measured("radiomics", "train", "cyst", "kid", np.nan, nothing, 2, 2),
    ]
    found = summarise([0], [rows])
    assert found["too_few"] == {"cyst": ["recall"]}
    (row,) = found["rows"]
    assert row["measure"] == "kid"
    assert "minus_train" not in row


def test_copies_are_a_finding_of_the_run(tmp_path):
    found = write_fake_quality(tmp_path, tmp_path / "runs", "acgan", found=FOUND | {"synthetic": True})
    copied = [finding for finding in found if finding["kind"] == "copies"]
    assert copied == [{"arm": "acgan", "kind": "copies", "class": name} for name in (ALL, *CLASSES)]


def test_dropped_modes_are_a_finding_of_the_run(tmp_path):
    found = write_fake_quality(tmp_path, tmp_path / "runs", "acgan", values={("cyst", "coverage"): (0.4, 0.9, 0.9)})
    assert {(finding["kind"], finding["class"], finding["space"]) for finding in found} == {
        ("drops_modes", "cyst", "radiomics"), ("drops_modes", "cyst", "random"),
    }  # fmt: skip


def test_a_run_without_pools_writes_nothing(tmp_path):
    assert write_quality(tmp_path, tmp_path, {}, {}) == []
    assert not list(tmp_path.iterdir())


def test_a_class_is_averaged_over_the_splits_that_have_it():
    one = {"low": [0.0], "high": [7.0], "held_out": [3.0], "train": [3.0], "synthetic": [2.0]}
    two = {"low": [1.0], "high": [9.0], "held_out": [5.0], "train": [4.0], "synthetic": [3.0]}
    splits = [{"frequency": [0.1], "classes": {"a": one}}, {"frequency": [0.1], "classes": {"a": two, "b": two}}]
    found = mean_spectra([(0, splits[0]), (0, splits[1])])
    assert found["frequency"] == [0.1]
    # two folds' half-widths of 3 and 4 below, of 4 and 4 above
    narrower = {
        "low": [4 - 5 / 2],
        "high": [round(4 + 32**0.5 / 2, 4)],
        "held_out": [4],
        "train": [3.5],
        "synthetic": [2.5],
    }
    assert found["classes"] == {"a": narrower, "b": two}
    same_patients = mean_spectra([(0, splits[0]), (1, splits[1])])["classes"]["a"]
    assert (same_patients["low"], same_patients["high"]) == ([0.5], [8])


def test_spaces_are_those_of_any_split(tmp_path):
    stages, classifiers = fake_stages(tmp_path / "runs", "acgan", folds=3)
    path = stages[0].folder(tmp_path / "runs") / "quality.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps(about | {"spaces": about["spaces"][:2]}))  # the CNN of the first split is dead
    write_quality(tmp_path, tmp_path / "runs", {"acgan": stages}, {"acgan": classifiers})
    (pool,) = json.loads((tmp_path / "quality.json").read_text())["pools"]
    assert {space["name"]: space["splits"] for space in pool["spaces"]} == {"radiomics": 3, "random": 3, "cnn": 2}


@pytest.mark.parametrize(("chosen", "told"), [([0, 0], False), ([0, 400], True)])
def test_images_that_no_split_chose_are_no_caution(tmp_path, chosen, told):
    runs = tmp_path / "runs"
    stages, classifiers = fake_stages(runs, "acgan", folds=2, found=FOUND | {"synthetic": True})
    nested = []
    for fold, (size, classifier) in enumerate(zip(chosen, classifiers, strict=True)):
        choice = Stage("choice", "acgan", {"fold": fold}, print, ())
        choice.folder(runs).mkdir(parents=True)
        (choice.folder(runs) / CHOICE).write_text(json.dumps({"chosen": size}))
        nested.append(replace(classifier, needs=(*classifier.needs, choice)))
    assert bool(write_quality(tmp_path, runs, {"acgan": stages}, {"acgan": nested})) == told
    (pool,) = json.loads((tmp_path / "quality.json").read_text())["pools"]
    assert pool["chosen"] == chosen
    assert pool["copies"]["findings"]
