"""What goes to Weights & Biases, and how runs are named and grouped. Local files remain the truth.

One run per (arm, repeat, fold, stage), with a deterministic id. Offline by default: no account, no prompt, no network.
"""

import netrc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import WandbLogger

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
    """The mode meant by `tracking`: "auto" is online where the user is logged in, else offline; nothing ever asks."""
    return tracking if tracking != "auto" else "online" if _logged_in() else "offline"


def _logged_in() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        hosts = netrc.netrc(os.environ.get("NETRC")).hosts
    except (OSError, netrc.NetrcParseError):
        return False
    return any("wandb" in host for host in hosts)


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
    for variable in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        os.environ[variable] = str(folder)
    os.environ.setdefault("WANDB_SILENT", "true")
    folder.mkdir(parents=True, exist_ok=True)
    import wandb  # takes .5 s

    settings = wandb.Settings(
        console="off", host="liverlab", disable_git=True, x_disable_meta=True, x_disable_machine_info=True, silent=True
    )
    run = wandb.init(
        project=PROJECT,
        id=name.id,
        name=f"{name.arm} {name.stage} {name.unit}",
        group=f"{name.experiment}/{name.arm}",
        job_type=name.stage,
        config=dict(config),
        mode="online" if mode == "online" else "offline",
        dir=folder,
        resume="allow" if mode == "online" else None,
        reinit="create_new",  # else several trainings of one process end up in one run
        settings=settings,
    )
    try:
        yield WandbLogger(experiment=run)
    finally:
        run.finish()


def log_result(metrics: Mapping[str, Any], config: ExperimentConfig, folder: Path) -> None:
    """One run per arm with its pooled metrics, so that a dashboard compares arms without reading folds.

    Args:
        metrics: Content of `metrics.json`.
        config: The experiment's.
        folder: Where W&B keeps its files.
    """
    for arm, values in metrics["arms"].items():
        name = RunName(config.name, arm, "evaluation", "all", config.profile)
        with tracked(name, {}, mode=resolve_mode(config.tracking), folder=folder) as logger:
            if logger:
                scores = ("accuracy", "sensitivity", "specificity", "auroc")
                logger.log_metrics({f"pooled/{key}": values[key]["estimate"] for key in scores if key in values})
