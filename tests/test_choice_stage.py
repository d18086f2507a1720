"""Nested selection: what is planned for it, what it may see, and that it follows its rule."""

import csv
import json
from collections import Counter

import pytest
from canaries import same_weights, stamped

from liverlab.arm_data import find_split
from liverlab.arms import arms_of, describe_arms
from liverlab.choice_stage import CHOICE, choices_of, choose_size, fit_chosen, with_size
from liverlab.classifier_stage import fit_classifier
from liverlab.experiment import evaluate_and_report
from liverlab.pipeline import plan_arm, plan_chosen
from liverlab.place import Place
from liverlab.results import gather
from liverlab.settings import load_experiment
from liverlab.stages import Stage, complete, in_order

QUICK = [
    "profile=smoke", "tracking=none", "classic.size=32", "classifier.steps=4", "acgan.epochs=1", "dcgan.epochs=1",
    "acgan.batch_size=16", "dcgan.batch_size=8", "trainer.accelerator=cpu", "watch.checks=1", "verdict.draws=100",
    "verdict.flips=100", "compare_with=null",
]  # fmt: skip
SIZES = "synthetic.choose_from=[0,1,2]"


def load(name="acgan_aug", *more):
    return load_experiment(name, [*QUICK, SIZES, *more])


def planned(config):
    return in_order(plan_arm(config, experiment="e"))


@pytest.mark.parametrize(("name", "generators"), [("acgan_aug", 1), ("dcgan_aug", 3)])
def test_every_split_has_the_stages_of_an_inner_and_an_outer_one(name, generators):
    # of 3 splits each: 2 sets of generators, 2 pools, a classifier for each of 3 sizes and one more, a choice
    assert Counter(stage.kind for stage in planned(load(name))) == {
        "phantom": 1, "cohort": 1, "generator": 3 * 2 * generators, "pool": 3 * 2, "classifier": 3 * 4, "choice": 3,
    }  # fmt: skip


def test_inner_stages_need_inner_stages_and_outer_ones_are_those_of_the_ordinary_arm():
    stages = planned(load())
    for stage in stages:
        if stage.settings.get("inner"):
            assert all(need.settings.get("inner") for need in stage.needs if need.kind != "cohort")
    names = {stage.name for stage in stages}
    assert {"acgan-r0-f1-inner", "classic-32-acgan-2-r0-f1-inner", "classic-32-acgan-chosen-r0-f1"} <= names
    ordinary = in_order(plan_arm(load_experiment("acgan_aug", [*QUICK, "synthetic.size=2"]), experiment="e"))
    shared = {s.key for s in ordinary if s.kind in ("cohort", "generator", "pool")}  # the pool holds the largest size
    outer = {s.key for s in stages if s.kind in ("cohort", "generator", "pool") and not s.settings.get("inner")}
    assert shared == outer
    assert not {s.key for s in ordinary if s.kind == "classifier"} & {s.key for s in stages}


def test_the_key_knows_the_sizes_and_the_choice_but_not_the_size_that_is_not_used():
    key = plan_arm(load(), experiment="e")[0].key
    assert plan_arm(load("acgan_aug", "synthetic.size=7"), experiment="e")[0].key == key
    others = [("synthetic.choose_from=[1,2]",), ("synthetic.choose_from=[0,1,3]",), ("acgan.lr=0.1",)]
    assert key not in {plan_arm(load("acgan_aug", *other), experiment="e")[0].key for other in others}


def write_answers(folder, right, *, of=10):
    folder.mkdir()
    with (folder / "predictions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["patient_id", "label", "predicted"])
        rows.writerows([f"P{i // 2}", "cyst", "cyst" if i < right else "metastasis"] for i in range(of))
    return folder


@pytest.mark.parametrize(
    ("right", "chosen"), [((4, 7, 5), 200), ((7, 5, 7), 50), ((3, 6, 6), 200), ((0, 0, 0), 50), ((1, 2, 3), 500)]
)
def test_the_most_right_answers_win_and_of_equal_sizes_the_smallest(right, chosen, tmp_path):
    folders = [write_answers(tmp_path / f"{i}", count) for i, count in enumerate(right)]
    choose_size(tmp_path, folders, sizes=[50, 200, 500])
    assert json.loads((tmp_path / CHOICE).read_text()) == {
        "candidates": [
            {"size": size, "correct": count, "rows": 10} for size, count in zip((50, 200, 500), right, strict=True)
        ],
        "chosen": chosen,
        "patients": ["P0", "P1", "P2", "P3", "P4"],
    }


def cohort_stage(cohort):
    return Stage("cohort", "tiny", {}, lambda folder, inputs: cohort.save(folder))


def run_nested(cohort, runs, config):
    """All stages of the first split; returns the last."""
    last = plan_chosen(config, cohort_stage(cohort), Place(0, 0), "e")
    for stage in in_order([last]):
        complete(stage, runs)
    return last


def test_canary_no_test_pixel_reaches_a_choice_or_a_network(tiny_cohort, tmp_path):
    config = load("acgan_aug", "synthetic.choose_from=[1,2]")
    outer, inner = (find_split(tiny_cohort, config, Place(0, 0, inner=inner)) for inner in (False, True))
    last = run_nested(tiny_cohort, tmp_path / "clean", config)
    run_nested(stamped(tiny_cohort, outer.test), tmp_path / "canary", config)
    trained = [stage for stage in in_order([last]) if stage.kind in ("generator", "classifier")]
    assert len(trained) == 5
    for stage in trained:
        assert same_weights(stage.folder(tmp_path / "clean"), stage.folder(tmp_path / "canary"))
    clean, canary = (choices_of([last], tmp_path / name) for name in ("clean", "canary"))
    assert clean == canary
    # it sings where it may: on patients held out within, no inner network hears it and every outer one does
    run_nested(stamped(tiny_cohort, inner.test), tmp_path / "control", config)
    for stage in trained:
        same = same_weights(stage.folder(tmp_path / "clean"), stage.folder(tmp_path / "control"))
        assert same == bool(stage.settings.get("inner"))


@pytest.mark.parametrize("chosen", [0, 2])
def test_the_chosen_volume_is_what_the_arm_of_that_size_trains_on(chosen, tiny_cohort, tmp_path):
    config = load()
    most = plan_chosen(config, cohort_stage(tiny_cohort), Place(0, 0), "e")
    cohort, _, pool = (complete(stage, tmp_path) for stage in in_order(most.needs[:2]))
    (tmp_path / CHOICE).write_text(json.dumps({"chosen": chosen}))
    for name in ("nested", "ordinary"):
        (tmp_path / name).mkdir()
    about = {"place": Place(0, 0), "experiment": "e"}
    fit_chosen(tmp_path / "nested", [cohort, pool, tmp_path], config=config, **about)
    arm = with_size(config, 2) if chosen else load_experiment("classic_aug", QUICK)
    fit_classifier(tmp_path / "ordinary", [cohort, pool][: 2 if chosen else 1], config=arm, **about)
    assert same_weights(tmp_path / "nested", tmp_path / "ordinary")
    # per class and fold, of 3 classes and 2 training folds
    images = json.loads((tmp_path / "nested" / "training.json").read_text())["images"]
    assert images["synthetic"] == chosen * 3 * 2


def test_a_run_tells_what_each_split_chose_and_predicts_test_lesions_only(tiny_cohort, tmp_path, monkeypatch):
    monkeypatch.setattr("liverlab.pipeline.cohort_stage", lambda config: cohort_stage(tiny_cohort))
    config = load("acgan_nested", "synthetic.choose_from=[0,2]", "compare_with=null", "also_compare=[]")
    stages = plan_arm(config, experiment="e")
    for stage in in_order(stages):
        complete(stage, tmp_path)
    folder = tmp_path / "experiments" / "e"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("seed: 0\nverdict: {rope: 0.02, draws: 100, flips: 100}\n")
    gather(folder, tmp_path, {config.name: stages}, {}, config, [], [], describe_arms(config, [config]))
    with (folder / "predictions.csv").open(newline="") as file:
        assert sorted(row["lesion_id"] for row in csv.DictReader(file)) == [f"L{i:02d}" for i in range(24)]
    run = json.loads((folder / "run.json").read_text())
    choices = run["arms"]["acgan_nested"]["choices"]
    assert [(choice["repeat"], choice["fold"]) for choice in choices] == [(0, 0), (0, 1), (0, 2)]
    assert len(run["generators"]) == 3  # those that only served to select are not in the table
    selected = {"check": "Test patients that a volume was selected on", "result": "0, in 3 splits", "verdict": "clean"}
    assert selected in run["leak_checks"]
    page = evaluate_and_report(folder)[1].read_text()
    table = page.split('aria-label="Volume chosen by acgan_nested in each split"')[1].split("</table>")[0]
    for choice in choices:
        row = f'<th scope="row">1, {choice["fold"] + 1}</th><td>{choice["chosen"]}</td>'
        assert row in table
        assert all(f"<td>{c['correct']} of {c['rows']}<" in table for c in choice["candidates"])


def test_sizes_to_choose_from_on_the_command_line_mean_the_arm_and_not_its_baseline():
    found = {arm.name: arm.synthetic.choose_from for arm in arms_of("acgan_aug", ["profile=smoke", SIZES])}
    assert found == {"classic_aug": None, "controls-classic_more": [0, 1, 2], "acgan_aug": [0, 1, 2]}
