"""Whole runs whose command a launcher starts once per device: the fits are shared, everything else is done once."""

import csv
import multiprocessing
import os
import socket
import subprocess
import sys

import joblib
import pytest
import torch

from liverlab.__main__ import main

SMALLEST = [
    "profile=smoke", "classic.size=40", "classifier.steps=6", "acgan.epochs=2", "acgan.batch_size=16", "folds=[0]",
    "synthetic.size=4", "verdict.draws=200", "verdict.flips=200", "tracking=offline", "trainer.accelerator=cpu",
]  # fmt: skip
needs_two_cores = pytest.mark.skipif(joblib.cpu_count() < 2, reason="one process per core")


@pytest.fixture
def command(tiny_cohort, tmp_path):
    """An experiment on a cohort that is there already, from one fold."""
    tiny_cohort.save(tmp_path / "cohort")
    settings = [*SMALLEST, f"data.manifest={tmp_path / 'cohort'}", f"runs_dir={tmp_path / 'runs'}"]
    return lambda name, *more: ["-m", "liverlab", "run", name, *settings, *more]


def torchrun(arguments):
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=300)


@needs_two_cores
def test_torchrun_gives_one_run(command, tmp_path):
    """Both processes are told to do the whole; the fits are shared, and everything else is done once."""
    done = torchrun(command("acgan_aug", "compare_with=classic_aug", "trainer.devices=2"))
    assert done.returncode == 0, done.stderr
    runs = tmp_path / "runs"
    kinds = {"cohort": 1, "generator": 1, "pool": 1, "classifier": 2}
    assert {kind: len(list((runs / kind).glob("[!.]*"))) for kind in kinds} == kinds
    assert not list(runs.glob("*/.*.part"))
    assert not (runs / ".ranks").exists()
    (folder,) = (runs / "experiments").iterdir()
    assert done.stdout.count("liverlab: acgan_aug") == done.stdout.count("[5/5] ") == 1
    assert done.stdout.rstrip().endswith(f"Report: {folder / 'report.html'}")
    with (folder / "predictions.csv").open() as file:
        rows = [(row["arm"], row["lesion_id"]) for row in csv.DictReader(file)]
    assert len(rows) == len(set(rows)) == 2 * 8
    (model,) = runs.glob("generator/*/model.ckpt")
    # 40 images in each of 2 folds: two epochs of five batches of 16, the same on both ranks
    assert torch.load(model, weights_only=True)["state_dict"]["batches_seen"] == 10
    assert len(list((runs / "wandb" / "wandb").glob("offline-run-*"))) == 3 + 2  # fits, and arms


@needs_two_cores
def test_ranks_go_through_the_attempts_of_a_watched_fit_together(command, tmp_path):
    done = torchrun(
        command("acgan_aug", "compare_with=classic_aug", "trainer.devices=2", "acgan.lr=1e30", "watch.action=retry")
    )
    assert done.returncode != 0
    assert done.stderr.count("3 seeds were tried; this is about the last.") == 1
    (unfinished,) = (tmp_path / "runs").glob("generator/.*.part")
    assert (unfinished / "attempt-2" / "watch.json").is_file()


def on_node(node, port, arguments):
    """The command as torchrun starts it on one of two nodes, in a process that has the imports behind it."""
    os.environ |= {
        "RANK": str(node), "GROUP_RANK": str(node), "LOCAL_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "test",
    }  # fmt: skip
    sys.exit(main(arguments))


def test_two_nodes_give_one_run(command, tmp_path, capfd):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = command("no_aug", "trainer.num_nodes=2")[2:]
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=on_node, args=(node, port, arguments)) for node in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    printed, error = capfd.readouterr()
    assert [process.exitcode for process in processes] == [0, 0], error
    assert printed.count("liverlab: no_aug") == printed.count("[2/2] classifier none-r0-f0: ") == 1
    assert [path.name for path in tmp_path.glob("runs/classifier/[!.]*/model.ckpt")] == ["model.ckpt"]
    assert len(list(tmp_path.glob("runs/experiments/*/report.html"))) == 1
