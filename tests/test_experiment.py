"""The main job from DICOM to verdict, in processes of its own, at the smallest size."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from test_tracking import facts_of

from data_modules.errors import InputError
from liverlab.__main__ import main
from liverlab.evaluation.rule import Rule, frozen
from liverlab.experiment import _begin, run_slug, without_paths
from liverlab.settings import load_experiment

SMALLEST = [
    "profile=smoke", "data.phantom_lesions=12", "classic.size=40", "classifier.steps=6", "acgan.epochs=1",
    "dcgan.epochs=1", "acgan.batch_size=16", "dcgan.batch_size=8", "synthetic.size=4", "verdict.draws=200",
    "verdict.flips=200", "tracking=offline",
]  # fmt: skip
ARMS = ("controls-classic_more", "classic_aug", "acgan_aug")  # of acgan_aug


def command(name, runs):
    return [sys.executable, "-m", "liverlab", "run", name, *SMALLEST, f"runs_dir={runs}"]


def run(name, runs):
    return subprocess.run(command(name, runs), capture_output=True, text=True, timeout=300)


def folder_of(name, runs):
    return runs / "experiments" / run_slug(name, [*SMALLEST, f"runs_dir={runs}"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """`acgan_aug` from nothing."""
    runs = tmp_path_factory.mktemp("runs")
    done = run("acgan_aug", runs)
    assert done.returncode == 0, done.stderr
    return runs, done.stdout


def test_the_run_ends_with_verdict_table_and_report(finished):
    runs, printed = finished
    assert "Profile smoke" in printed
    assert "classifier.channels: [4, 8, 16] (published: [32, 64, 128])" in printed
    assert "[20/20] " in printed
    assert "[3/3] quality" in printed
    report = folder_of("acgan_aug", runs) / "report.html"
    assert printed.rstrip().endswith(f"Report: {report}")
    assert "<html" in report.read_text()


def test_files_of_a_run(finished):
    runs, _ = finished
    folder = folder_of("acgan_aug", runs)
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["arm"], row["fold"]) for row in rows} == {(a, f) for a in ARMS for f in "012"}
    assert len(rows) == 3 * 12
    facts = json.loads((folder / "run.json").read_text())
    assert facts["leak_checks"][:4] == [
        {"check": "Patients on both sides of a split", "result": "0 in 3 splits", "verdict": "clean"},
        {
            "check": "Test patients behind a generator or a pool",
            "result": "0, behind 6 classifiers",
            "verdict": "clean",
        },
        {"check": "Test patients among training images", "result": "0, in 9 classifiers", "verdict": "clean"},
        {"check": "Test patients in a mean image", "result": "0, in 9 classifiers", "verdict": "clean"},
    ]
    assert {arm: about["steps"] for arm, about in facts["arms"].items()} == dict.fromkeys(ARMS, 6)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["comparison"]["baseline"] == ARMS[0]
    assert metrics["rule"] == json.loads((folder / "rule.json").read_text()) | {"frozen": True}
    assert metrics["predictions"]["checked"]
    # images of the lesions that changed, if so little training changes any
    assert (folder / "changes.npz").is_file() == any(metrics["changes"]["shown"].values())
    links = sorted((folder / "stages").iterdir())
    assert len(links) == 23
    assert all(link.is_symlink() and (link / "stage.json").is_file() for link in links)


def test_the_synthetic_images_are_judged_even_beside_four_held_out_lesions(finished):
    folder = folder_of("acgan_aug", finished[0])
    (pool,) = json.loads((folder / "quality.json").read_text())["pools"]
    assert (pool["arm"], len(pool["splits"])) == ("acgan_aug", 3)
    assert "cnn" in [space["name"] for space in pool["spaces"]]
    with (folder / "copies.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 3 * 24  # of four images "per fold" and class, two folds
    assert "<h2>Are they copies?</h2>" in (folder / "report.html").read_text()


class OfTwoImages(torch.nn.Module):
    """Features that a trial with two images finds nothing wrong with."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, :2] if images.shape[0] == 2 else images.flatten(1)[:, :2] * float("nan")


def test_the_verdict_does_not_wait_for_the_judgement_of_images(finished, tmp_path):
    runs, _ = finished
    path = tmp_path / "own.pt"
    torch.jit.script(OfTwoImages()).save(path)
    own = [f"quality.torchscript={path}", f"quality.torchscript_sha256={hashlib.sha256(path.read_bytes()).hexdigest()}"]
    done = subprocess.run([*command("acgan_aug", runs), *own], capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert "finite" in done.stderr
    folder = runs / "experiments" / run_slug("acgan_aug", [*SMALLEST, f"runs_dir={runs}", *own])
    assert "Verdict" in (folder / "report.html").read_text()
    assert not (folder / "quality.json").exists()


def test_one_tracked_run_per_arm_fold_and_stage(finished):
    runs, _ = finished
    tracked = [facts_of(path) for path in sorted((runs / "wandb" / "wandb").glob("offline-run-*"))]
    units = sorted((run["run_group"], run["job_type"], run["display_name"]) for run in tracked)
    expected = [("acgan_aug/acgan_aug", "generator", f"acgan_aug generator r0-f{f}") for f in range(3)]
    for arm in ARMS:
        expected += [(f"acgan_aug/{arm}", "classifier", f"{arm} classifier r0-f{f}") for f in range(3)]
        expected += [(f"acgan_aug/{arm}", "evaluation", f"{arm} evaluation all")]
    assert units == sorted(expected)
    assert len({run["run_id"] for run in tracked}) == len(tracked)


def test_a_second_run_reuses_every_stage_and_gives_the_same_rows(finished):
    runs, _ = finished
    rows = folder_of("acgan_aug", runs) / "predictions.csv"
    before = rows.read_bytes()
    again = run("acgan_aug", runs)
    assert "23 stages, 23 of them finished." in again.stdout
    assert rows.read_bytes() == before


def test_a_report_written_again_keeps_the_rule_of_the_run(finished, capsys):
    folder = folder_of("acgan_aug", finished[0])
    metrics, page = (folder / "metrics.json").read_text(), (folder / "report.html").read_text()
    assert json.loads(metrics)["settings"]["draws"] == 200
    assert main(["report", str(folder)]) == 0
    assert (folder / "metrics.json").read_text() == metrics
    assert (folder / "report.html").read_text() == page


def test_another_arm_reuses_the_baseline(finished):
    runs, _ = finished
    done = run("dcgan_aug", runs)
    assert done.returncode == 0, done.stderr
    # phantom, cohort, three pools of further classic images and six baseline classifiers are there; 9 generators,
    # 3 pools, 3 classifiers and 3 measurements of pools are new
    assert "29 stages, 11 of them finished." in done.stdout


def test_the_feature_based_baseline_is_compared_without_steps_or_curves(finished):
    runs, _ = finished
    done = run("paper/bovw", runs)
    assert done.returncode == 0, done.stderr
    assert "8 stages, 5 of them finished." in done.stdout
    folder = folder_of("paper/bovw", runs)
    arms = json.loads((folder / "run.json").read_text())["arms"]
    assert {name: arm["steps"] for name, arm in arms.items()} == {"classic_aug": 6, "paper-bovw": None}
    with (folder / "learning_curves.csv").open() as file:
        assert {row["arm"] for row in csv.DictReader(file)} == {"classic_aug"}
    assert "paper-bovw: fitted without optimizer steps." in (folder / "report.html").read_text()


@pytest.fixture
def half_way(finished, tmp_path):
    """A run of which the cohort is there, caught while a stage is being written."""
    for kind in ("phantom", "cohort"):
        shutil.copytree(finished[0] / kind, tmp_path / kind)
    process = subprocess.Popen(
        command("acgan_aug", tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("*/.*.part/progress")) and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    return process, tmp_path


def test_killed_and_run_again_gives_the_rows_of_an_uninterrupted_run(finished, half_way):
    process, runs = half_way
    process.send_signal(signal.SIGKILL)
    process.wait()
    unfinished = list(runs.glob("*/.*.part"))
    assert unfinished
    assert not any((path / "stage.json").exists() for path in unfinished)
    done = run("acgan_aug", runs)
    assert done.returncode == 0, done.stderr
    rows = [folder_of("acgan_aug", place) / "predictions.csv" for place in (finished[0], runs)]
    assert rows[0].read_bytes() == rows[1].read_bytes()


def test_ctrl_c_is_one_sentence(half_way):
    process, _ = half_way
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the stages' processes as well
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.strip().splitlines()[-1] == "Stopped. Finished stages stay; the same command goes on from them."
    assert "Traceback" not in error


def test_a_run_that_begins_writes_its_rule_and_keeps_it(tmp_path):
    _begin(tmp_path, "seed: 0\n", Rule())
    assert frozen(tmp_path, Rule())
    with pytest.raises(InputError, match="froze the verdict rule"):
        _begin(tmp_path, "seed: 0\n", Rule(version=99))
    (tmp_path / "predictions.csv").touch()
    _begin(tmp_path, "seed: 1\n", Rule(rope=0.03))  # other settings: what was there is gone
    assert frozen(tmp_path, Rule(rope=0.03))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "rule.json"]


def test_no_path_of_the_users_is_shown_or_kept():
    settings = ["data.manifest=/clinic/Mueller_Erika/manifest.csv", "runs_dir=/home/me/runs"]
    settings += ["quality.torchscript=/clinic/Mueller_Erika/net.pt"]
    shown = without_paths(load_experiment("acgan_aug", settings))
    assert (shown.data.manifest, shown.quality.torchscript, shown.runs_dir) == (
        "manifest.csv",
        "torchscript.pt",
        "runs",
    )
    slug = run_slug("acgan_aug", settings)
    assert slug.startswith("acgan_aug-data.manifest=manifest-")
    assert "Mueller" not in slug
    assert slug != run_slug("acgan_aug", ["data.manifest=/clinic/other/manifest.csv"])


def test_slugs_are_readable_and_differ():
    assert run_slug("acgan_aug", []) == "acgan_aug"
    assert run_slug("acgan_aug", ["profile=smoke"]) == "acgan_aug-profile=smoke"
    assert run_slug("acgan_aug", ["seed=1", "folds=[0,1]", "jobs=2"]) == "acgan_aug-folds=0-1-seed=1"
    long = [run_slug("acgan_aug", [f"data.manifest=/a/very/long/path/{'x' * 60}/{i}.csv"]) for i in (0, 1)]
    assert len(set(long)) == 2
