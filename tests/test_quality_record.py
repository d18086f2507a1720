import csv
import json

import numpy as np
import pytest
from fake_quality import FOUND, write_fake_quality
from fake_run import CLASSES

from liverlab.quality.measured import ALL, Measured
from liverlab.quality_record import mean_spectra, summarise, write_quality


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
    one = {"low": [0.0, 1.0], "high": [1.0, 2.0], "synthetic": [2.0, 3.0]}
    two = {"low": [1.0, 1.0], "high": [2.0, 4.0], "synthetic": [2.0, 4.0]}
    found = mean_spectra(
        [{"frequency": [0.1, 0.2], "classes": {"a": one}}, {"frequency": [0.1, 0.2], "classes": {"a": two, "b": two}}]
    )
    assert found["frequency"] == [0.1, 0.2]
    assert found["classes"] == {"a": {"low": [0.5, 1], "high": [1.5, 3], "synthetic": [2, 3.5]}, "b": two}
