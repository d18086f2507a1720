import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import wandb

from data_modules.errors import InputError
from liverlab.tracking import RunName, resolve_mode, tracked

WANDB = Path(sys.executable).parent / "wandb"


def read_run(folder: Path) -> list[dict]:
    """Records of an offline run, through W&B's own reader."""
    command = [str(WANDB), "leet", "inspect", "--json", str(next(folder.glob("*.wandb")))]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in printed.splitlines()]


def facts_of(folder: Path) -> dict:
    return next(record["run"] for record in read_run(folder) if record["type"] == "run")


def test_each_training_of_a_process_is_its_own_offline_run(tmp_path):
    for fold in (0, 1):
        name = RunName("acgan_aug", "classic_aug", "classifier", f"r0-f{fold}", "abc")
        with tracked(name, {"lr": 0.1}, mode="offline", folder=tmp_path) as logger:
            logger.log_metrics({"loss": fold + 0.5}, step=3)
    folders = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert [folder.name.split("-", 3)[3] for folder in folders] == [
        "classic_aug-classifier-r0-f0-abc",
        "classic_aug-classifier-r0-f1-abc",
    ]
    run = facts_of(folders[1])
    assert (run["run_group"], run["job_type"], run["project"]) == ("acgan_aug/classic_aug", "classifier", "liverlab")
    assert run["config"]["update"]["lr"] == 0.1
    history = [record["history"]["item"] for record in read_run(folders[1]) if record["type"] == "history"]
    assert [item["loss"] for item in history] == [1.5]


def test_nothing_is_written_without_tracking(tmp_path):
    name = RunName("a", "b", "c", "d", "e")
    with tracked(name, {}, mode="none", folder=tmp_path / "wandb") as logger:
        assert logger is None
    assert not (tmp_path / "wandb").exists()


def test_auto_is_online_only_where_the_user_is_logged_in(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert resolve_mode("auto") == "offline"
    with pytest.raises(InputError, match="tracking=online: nobody is logged in to W&B"):
        resolve_mode("online")
    (tmp_path / "netrc").write_text("machine elsewhere.example login user password key\n")
    assert resolve_mode("auto") == "offline"
    server = urlsplit(wandb.setup().settings.base_url).hostname
    (tmp_path / "netrc").write_text(f"machine {server} login user password key\n")
    assert resolve_mode("auto") == resolve_mode("online") == "online"
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert resolve_mode("auto") == "none"
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("WANDB_API_KEY", "key")
    assert resolve_mode("auto") == "online"
    assert resolve_mode("none") == "none"
