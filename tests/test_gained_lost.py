import csv
import json

import numpy as np
import pytest
from fake_run import write_fake_run
from invented_tables import table_of

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.gained_lost import SHOWN, changed, changes_summary, counts_by_class, to_show

# true class and called class of five lesions in two repeats, of two arms
LABELS = [0, 0, 1, 1, 2]
FIRST = ([1, 0, 1, 2, 2], [0, 0, 1, 2, 1])  # lesion 0 gained, 4 lost
SECOND = ([1, 1, 0, 2, 2], [0, 0, 2, 2, 2])  # 0 and 1 gained; 2 wrong in both, differently


def certain(called, p):
    return np.where(np.eye(3)[called] == 1, p, (1 - p) / 2)


@pytest.fixture
def table():
    baseline, arm = (np.concatenate([FIRST[i], SECOND[i]]) for i in (0, 1))
    p = np.stack([certain(baseline, 0.6), certain(arm, 0.8)])
    lesions = np.tile(np.arange(5), 2)
    patients = np.array([0, 0, 1, 1, 2])[lesions]
    return table_of(p, np.tile(LABELS, 2), lesions=lesions, patients=patients, repeats=np.repeat([0, 1], 5))


def test_a_hand_count(table):
    first, second, third = changed(table, ("arm1", "arm0"))
    assert (first.lesion_id, first.patient_id, first.label) == ("L0", "P0", "cyst")
    assert (first.repeats, first.gained, first.lost) == (2, 2, 0)
    assert (first.baseline_called, first.arm_called) == ("metastasis", "cyst")
    assert (first.baseline_p, first.arm_p) == (pytest.approx(0.2), pytest.approx(0.8))
    # 1 and 4 changed in one repeat: .4 to .8 comes before .6 to .45
    assert (second.lesion_id, second.gained, second.lost) == ("L1", 1, 0)
    assert second.baseline_p == pytest.approx((0.6 + 0.2) / 2)
    assert (third.lesion_id, third.gained, third.lost, third.label) == ("L4", 0, 1, "hemangioma")
    assert third.arm_p == pytest.approx((0.1 + 0.8) / 2)
    assert counts_by_class(table, ("arm1", "arm0")) == {
        "cyst": {"both": 1, "gained": 3, "lost": 0, "neither": 0},
        "metastasis": {"both": 1, "gained": 0, "lost": 0, "neither": 3},
        "hemangioma": {"both": 1, "gained": 0, "lost": 1, "neither": 0},
    }


def test_what_is_lost_one_way_is_gained_the_other(table):
    there, back = (changed(table, names) for names in (("arm1", "arm0"), ("arm0", "arm1")))
    assert [(c.lesion_id, c.gained, c.lost) for c in there] == [(c.lesion_id, c.lost, c.gained) for c in back]
    assert changed(table, ("arm0", "arm0")) == []


def test_gained_once_and_lost_once_is_neither(table, tmp_path):
    p = table.probabilities.copy()
    p[:, 0], p[:, 5] = [certain(0, 0.6), certain(1, 0.6)], [certain(1, 0.6), certain(0, 0.6)]
    table = table_of(p, table.labels, lesions=table.lesions, patients=table.patients, repeats=table.repeats)
    found = changes_summary(table, ("arm1", "arm0"), None, tmp_path)
    assert found["lesions"] == {"gained": 1, "lost": 1, "balanced": 1}
    assert [c["lesion_id"] for part in found["shown"].values() for c in part] == ["L1", "L4"]
    with (tmp_path / "changes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["lesion_id"]: (row["gained"], row["lost"]) for row in rows} == {
        "L0": ("1", "1"), "L1": ("1", "0"), "L4": ("0", "1"),
    }  # fmt: skip
    assert rows[-1]["lesion_id"] == "L0"  # on balance it did not change


def test_the_twins_of_other_seeds_are_counted_beside(table, tmp_path):
    found = changes_summary(table, ("arm1", "arm0"), ["arm0", "arm1"], tmp_path)
    assert found["by_seeds"] == {"gained": 1, "lost": 3}


def test_of_many_changes_twelve_each_are_shown():
    labels = np.arange(60) % 3
    right, wrong = np.eye(3)[labels], np.eye(3)[(labels + 1) % 3]
    arm = np.where((np.arange(60) < 20)[:, None], right, wrong)  # 20 gained, 40 lost
    shown = to_show(changed(table_of(np.stack([1 - arm, arm]) / [[[2]], [[1]]], labels), ("arm1", "arm0")))
    assert {kind: len(part) for kind, part in shown.items()} == {"gained": SHOWN, "lost": SHOWN}
    assert {c.lesion_id for c in shown["gained"]} <= {f"L{i}" for i in range(20)}


def test_metrics_json_agrees_with_the_comparison(tmp_path):
    folder = write_fake_run(tmp_path, {"classic": 0.6, "acgan": 0.7}, arm="acgan", baseline="classic", repeats=2)
    result = evaluate(folder, draws=50, flips=50)
    changes, rows = result["changes"], result["counts"]["rows"]
    total = {part: sum(row[part] for row in changes["by_class"].values()) for part in ("gained", "lost")}
    assert (total["gained"] - total["lost"]) / rows == pytest.approx(result["comparison"]["estimate"])
    assert sum(total.values()) / rows == pytest.approx(result["comparison"]["discordance"])
    with (folder / "changes.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == sum(changes["lesions"].values())
    assert sum(int(row["gained"]) for row in found) == total["gained"]
    assert json.loads((folder / "metrics.json").read_text())["changes"] == json.loads(json.dumps(changes))
