"""The promises of pyproject.toml, constraints.txt, environment.yml and the Makefile."""

import re
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from liverlab.settings import experiment_names

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [Requirement(text) for text in PROJECT["dependencies"] + EXTRAS["export"] + EXTRAS["dev"][1:]]
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_every_dependency_is_pinned_to_a_version_that_it_allows_and_that_runs_here(requirement):
    pinned = {canonicalize_name(name): pin for name, pin in PINS.items()}[canonicalize_name(requirement.name)]
    assert pinned in requirement.specifier
    assert version(requirement.name).partition("+")[0] == pinned


def test_malicious_and_untested_versions_are_excluded():
    specifiers = {requirement.name: requirement.specifier for requirement in REQUIREMENTS}
    assert not any(bad in specifiers["pytorch-lightning"] for bad in ("2.6.2", "2.6.3"))
    assert all(good in specifiers["torch"] for good in ("2.11.0", "2.13.0", "2.15.0"))
    assert "torchvision" not in {name.lower() for name in PINS}


def test_who_develops_has_every_extra():
    own = Requirement(EXTRAS["dev"][0])
    assert (own.name, own.extras) == ("liverlab", set(EXTRAS) - {"dev"})


def test_the_conda_environment_takes_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["-c constraints.txt", "-e .[dev]"]


def test_make_alone_lists_every_target_and_experiment():
    printed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    for target in ("help", "env", "experiment", "test", "lint", "format", "report", "clean"):
        assert re.search(rf"^  {target}\s+\S", printed, re.MULTILINE), target
    (listed,) = re.findall(r"^Experiments .*: (.*)$", printed, re.MULTILINE)
    assert sorted(listed.split()) == experiment_names()


def test_an_active_conda_environment_is_used_as_it_is():
    command = ["make", "-n", "-C", str(ROOT), "experiment", "CONDA_DEFAULT_ENV=liverlab", "CONDA_PREFIX=/opt/conda"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "/opt/conda/bin/python -m liverlab run acgan_aug" in printed
    assert "venv" not in printed
