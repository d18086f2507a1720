"""What goes to Weights & Biases, and how runs are named and grouped. Local files remain the truth.

One run per (arm, repeat, fold, stage), with a deterministic id. Offline by default: no account, no prompt, no network.
"""

import netrc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytorch_lightning.loggers import WandbLogger

from data_modules.errors import InputError
from liverlab.config import ExperimentConfig

PROJECT = "liverlab"


@dataclass(frozen=True)
class RunName:
    """What a tracked run is about.

    Attributes:
        experiment: The experiment that was asked for.
        arm: The arm that the stage belongs to.
        stage: Kind of stage, W&B's job type.
        unit: Repeat, fold and the like, e.g. "r0-f1".
        key: The stage's key; makes the id unique to its settings.
    """

    experiment: str
    arm: str
    stage: str
    unit: str
    key: str

    @property
    def id(self) -> str:
        """Deterministic: the same stage is the same run."""
        return f"{self.arm}-{self.stage}-{self.unit}-{self.key}"


def resolve_mode(tracking: str) -> str:
    """The mode meant by `tracking`: "auto" is online where the user is logged in, else offline; nothing ever asks.

    W&B's own variable WANDB_MODE is heeded.

    Raises:
        InputError: If "online" is asked for and nobody is logged in.
    """
    if tracking == "auto":
        asked = os.environ.get("WANDB_MODE", "online" if _logged_in() else "offline")
        return {"disabled": "none"}.get(asked, asked)
    if tracking == "online" and not _logged_in():
        raise InputError("tracking=online: nobody is logged in to W&B. Run `wandb login`, or use tracking=offline.")
    return tracking


def _logged_in() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        hosts = netrc.netrc(os.environ.get("NETRC")).hosts
    except (OSError, netrc.NetrcParseError):
        return False
    import wandb  # takes .5 s; knows which server is the user's

    return urlsplit(wandb.setup().settings.base_url).hostname in hosts


@contextmanager
def tracked(name: RunName, config: Mapping[str, Any], *, mode: str, folder: Path) -> Iterator[WandbLogger | None]:
    """A logger for one training, or None where nothing is tracked; the run is finished on leaving.

    Args:
        name: What the run is about.
        config: Settings of the stage, logged as the run's config.
        mode: "none", "offline" or "online".
        folder: Where W&B keeps all its files, caches included.
    """
    if mode == "none":
        yield None
        return
    for variable in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR"):  # not WANDB_CONFIG_DIR: it names the server
        os.environ[variable] = str(folder)
    os.environ.setdefault("WANDB_SILENT", "true")
    folder.mkdir(parents=True, exist_ok=True)
    import wandb  # takes .5 s

    settings = wandb.Settings(
        console="off", host="liverlab", disable_git=True, x_disable_meta=True, x_disable_machine_info=True, silent=True
    )
    start = partial(
        wandb.init,
        project=PROJECT,
        id=name.id,
        name=f"{name.arm} {name.stage} {name.unit}",
        group=f"{name.experiment}/{name.arm}",
        job_type=name.stage,
        config=dict(config),
        dir=folder,
        reinit="create_new",  # else several trainings of one process end up in one run
        settings=settings,
    )
    try:
        run = start(mode="online", resume="allow") if mode == "online" else start(mode="offline")
    except wandb.errors.Error as error:
        if mode != "online":
            raise
        print(f"W&B could not be reached ({error}); this run is kept offline.", file=sys.stderr)
        run = start(mode="offline")
    try:
        yield WandbLogger(experiment=run)
    finally:
        run.finish()


def log_result(metrics: Mapping[str, Any], keys: Mapping[str, str], config: ExperimentConfig, folder: Path) -> None:
    """One run per arm with its pooled metrics, so that a dashboard compares arms without reading folds.

    Args:
        metrics: Content of `metrics.json`.
        keys: For each arm, a key over its stages.
        config: The experiment's.
        folder: Where W&B keeps its files.
    """
    for arm, values in metrics["arms"].items():
        name = RunName(config.name, arm, "evaluation", "all", keys[arm])
        facts = {"arm": arm, "seed": config.seed, "n_folds": config.n_folds, "repeats": config.repeats}
        with tracked(name, facts, mode=resolve_mode(config.tracking), folder=folder) as logger:
            if logger:
                scores = ("accuracy", "sensitivity", "specificity", "auroc")
                logger.log_metrics({f"pooled/{key}": values[key]["estimate"] for key in scores if key in values})
