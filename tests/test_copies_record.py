import csv
import json

import numpy as np
import pytest
from fake_quality import FOUND, fake_images, fake_report, fake_stages
from fake_run import CLASSES
from statsmodels.stats.multitest import multipletests

from liverlab.copies_record import combined_p, gather_copies, over_splits, write_split_copies


@pytest.mark.parametrize(
    ("of_splits", "expected"),
    [
        ([0.3], 0.3),
        ([0.2, 0.04], 1.5 * 2 * 0.04),  # (1 + 1/2) min(2 x .04, .2)
        ([0.03, 0.02, 0.03], 11 / 6 * 0.03),  # (1 + 1/2 + 1/3) min(3 x .02, 3/2 x .03, .03)
        ([0.7, 0.8], 1.0),
        ([0.0, 0.5], 0.0),
    ],
)
def test_splits_are_combined_by_hommels_rule(of_splits, expected):
    assert combined_p(of_splits) == pytest.approx(expected)
    # the same rule as the smallest p that Benjamini and Yekutieli's procedure adjusts
    assert combined_p(of_splits) == pytest.approx(multipletests(of_splits, method="fdr_by")[1].min())


def test_of_no_split_nothing_follows():
    assert combined_p([]) is None


def splits(*found, p=0.3):
    images = fake_images(CLASSES, seed=0)
    return [{"repeat": 0, "fold": i} | fake_report(images, each, p).as_json() for i, each in enumerate(found)]


def test_copies_are_found_where_the_controls_say_that_the_search_works():
    assert over_splits(splits(FOUND, FOUND))["findings"] == []
    copied = FOUND | {"synthetic": True}
    found = over_splits(splits(copied, copied, FOUND))
    assert found["instrument_works"]
    assert found["findings"] == [{"kind": "copies", "class": name} for name in ("all", *CLASSES)]
    (row,) = (row for row in found["rows"] if (row["images"], row["class"]) == ("synthetic", "all"))
    assert (row["flagged_splits"], row["judged_splits"], row["copy_rate"]) == (2, 3, 0.125)


@pytest.mark.parametrize("broken", [{"copycat": False}, {"noise": False}, {"held_out": True}])
def test_a_search_that_fails_its_own_check_finds_nothing(broken):
    bad = FOUND | {"synthetic": True} | broken
    found = over_splits(splits(bad, bad))
    assert not found["instrument_works"]
    assert found["findings"] == []


def test_a_control_that_was_not_judged_is_no_failure():
    found = splits(FOUND | {"synthetic": True, "copycat": False})
    for row in found[0]["rows"]:
        row["p"] = None if row["images"] == "copycat" else row["p"]
    assert over_splits(found)["instrument_works"]
    for row in found[0]["rows"]:
        row["p"] = None if row["images"] == "noise" else row["p"]
    assert not over_splits(found)["instrument_works"]


@pytest.mark.parametrize(("p", "flagged"), [(0.013, False), (0.012, True)])
def test_all_images_and_three_classes_share_5_per_cent(p, flagged):
    """In a single split; .05 / 4 is .0125."""
    rows = over_splits(splits(FOUND, p=p))["rows"]
    assert [row["flagged"] for row in rows if row["images"] == "synthetic"] == [flagged] * 4


def test_every_image_has_a_row_and_the_closest_pairs_are_shown(tmp_path):
    stages, _ = fake_stages(tmp_path / "runs", "acgan", folds=2)
    found = gather_copies(tmp_path, tmp_path / "runs", {"acgan": stages})["acgan"]
    with (tmp_path / "copies.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 8  # splits, classes, images
    assert [(row["fold"], row["image"], row["class"], row["lesion_id"]) for row in rows[23:26]] == [
        ("0", "23", CLASSES[2], "L023"), ("1", "0", CLASSES[0], "L10"), ("1", "1", CLASSES[0], "L11"),
    ]  # fmt: skip
    ratios = [pair["ratio"] for pair in found["pairs"]]
    assert ratios == sorted(ratios)
    assert [(pair["fold"], pair["lesion_id"]) for pair in found["pairs"][:2]] == [(0, "L00"), (1, "L10")]
    with np.load(tmp_path / "gallery.npz") as file:
        shown = dict(file)
    assert {name: (images.shape, images.dtype) for name, images in shown.items()} == dict.fromkeys(
        ("0_synthetic", "0_train"), ((8, 64, 64), np.uint8)
    )
    first = fake_images(CLASSES, seed=0).synthetic.images[0, 0].numpy()
    np.testing.assert_array_equal(shown["0_synthetic"][0], (first * 255).round())


def test_a_split_where_nothing_can_be_compared(tmp_path):
    images = fake_images(CLASSES, seed=0)
    report = fake_report(images)
    report = type(report)(report.rows, [], None, False, "Too few.")
    write_split_copies(tmp_path, images, report, [])
    assert json.loads((tmp_path / "copies.json").read_text())["pairs"] == []
    assert (tmp_path / "copies.csv").read_text().count("\n") == 1  # the head alone
