"""Fixtures shared by all tests."""

import shutil
import signal

import numpy as np
import pytest
import torch
from finished_runs import finished_run

from data_modules.cohort import PATCH_SIZE, Cohort, Lesion
from liverlab import settings
from liverlab.settings import EXPERIMENTS

torch.set_num_threads(1)  # as in a stage: small networks gain nothing from more, and a busy machine loses much
# a shell's background jobs, and all that they start, ignore Ctrl-C: some tests send it to what they start
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def tiny_cohort() -> Cohort:
    """Twenty-four lesions of twelve patients in three classes, brightness by class, noise on top."""
    rng = np.random.default_rng(0)
    names = ("cyst", "metastasis", "hemangioma")
    lesions = tuple(
        Lesion(f"L{i:02d}", f"P{i // 2:02d}", names[(i // 2) % 3], 10.0 + i, 0.75, 2.5, "test") for i in range(24)
    )
    level = np.array([names.index(lesion.class_name) for lesion in lesions]) * 60.0
    noise = rng.normal(0, 10, (24, PATCH_SIZE, PATCH_SIZE))
    return Cohort(names, lesions, (level[:, None, None] + noise).astype(np.int16))


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Folder with `manifest.csv` and finished stages below `runs`, see `finished_runs`; not to be changed."""
    return finished_run(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def experiments(monkeypatch, tmp_path):
    """A copy of `experiments/` to add files to."""
    folder = tmp_path / "experiments"
    shutil.copytree(EXPERIMENTS, folder)
    monkeypatch.setattr(settings, "EXPERIMENTS", folder)
    return folder
