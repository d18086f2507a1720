"""The only place that builds a Trainer and its loggers."""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer
from pytorch_lightning.loggers import Logger

from callbacks.buffer_sync import BufferSync
from callbacks.compiled_networks import CompiledNetworks
from callbacks.fit_progress import FitProgress
from callbacks.resume_point import ResumePoint
from callbacks.step_budget import StepBudget
from callbacks.unfinished_metrics import UnfinishedMetrics
from liverlab.config import TrainerConfig
from liverlab.devices import choose_strategy, cluster_plugin, own_device
from liverlab.fit_log import FitLog, LogKeeper
from liverlab.resume import check_state, identity_of, newest_state
from liverlab.stages import STATES

CHECKPOINT = "model.ckpt"
CURVE_POINTS = 20


def fit(
    model: LightningModule,
    data: LightningDataModule,
    config: TrainerConfig,
    *,
    folder: Path,
    epochs: int | None = None,
    steps: int | None = None,
    callbacks: Sequence[Callback] = (),
    logger: Logger | None = None,
    report: Callable[[int, int], None] | None = None,
    identity: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Train a model; write `log/metrics.csv` and `model.ckpt` into the folder.

    A fit that was killed goes on from the newest state under `states/` of its folder, bit for bit as if it had been
    left alone. The states stay until the stage is finished.

    Args:
        model: What to train.
        data: Its data. A validation loader is read at 20 points of the fit.
        config: Devices and precision.
        folder: Where the outputs go.
        epochs: Length of the fit in epochs, or
        steps: in optimiser steps (for models with one optimiser).
        callbacks: What else happens during the fit.
        logger: A tracker beside the local files.
        report: Told the batches done and those of the whole fit.
        identity: What must be the same for a state to be resumed from, beside the model: classes, cohort, patients.

    Raises:
        InputError: If the folder holds a state of another fit, or a damaged one.
    """
    _quiet()
    identity = identity_of(model, {**identity, "steps": steps})
    state = newest_state(folder)
    if state:
        check_state(state, model, identity)
    data.prepare_data()
    data.setup("fit")
    batches = len(data.train_dataloader())
    # an injected pool adds batches after this count: the bar then ends early, nothing else
    total = steps or (epochs or 0) * batches
    several = config.devices * config.num_nodes > 1
    log = FitLog(folder)
    ours: list[Callback] = [BufferSync(), UnfinishedMetrics(), LogKeeper(log)]
    ours += [StepBudget(steps)] if steps else []
    ours += [CompiledNetworks()] if config.compile else []
    ours += [FitProgress(report, total)] if report else []
    ours += [ResumePoint(folder / STATES, identity, every_seconds=config.save_every_seconds)]
    trainer = Trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        num_nodes=config.num_nodes,
        strategy=choose_strategy(config, manual=not model.automatic_optimization),
        precision=config.precision,  # type: ignore[arg-type]  # Lightning checks the value
        max_epochs=epochs if steps is None else -1,
        val_check_interval=max(1, total // CURVE_POINTS),
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        logger=[log, *([logger] if logger else [])],
        # CUDA can share the statistics of a whole batch; elsewhere rank 0's are sent to all
        # (then it cannot be differentiated twice, as R1 does: pytorch #61222)
        sync_batchnorm=several
        and torch.cuda.is_available()
        and config.accelerator != "cpu"
        and not model.hparams.get("r1_gamma"),
        callbacks=[*callbacks, *ours],
        plugins=cluster_plugin(config),
        use_distributed_sampler=False,  # our loaders know rank and world size
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    if config.precision == "64-true":
        model.double()  # Lightning restores a state before it converts, so single precision would round the weights
    trainer.fit(model, datamodule=data, ckpt_path=state, weights_only=True)
    if trainer.interrupted:
        raise KeyboardInterrupt  # Lightning swallows it, and a stage that was cut short must not count as finished
    trainer.save_checkpoint(folder / CHECKPOINT, weights_only=True)


def predict(model: LightningModule, data: LightningDataModule, config: TrainerConfig) -> torch.Tensor:
    """Output of `predict_step` over the predict loader, on one device: several would pad with duplicates.

    Returns:
        For a classifier, probabilities of shape (test lesions, classes).
    """
    _quiet()
    trainer = Trainer(
        accelerator=config.accelerator,
        devices=own_device(config),
        precision=config.precision,  # type: ignore[arg-type]  # Lightning checks the value
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
    )
    batches = trainer.predict(model, datamodule=data)
    assert batches is not None
    return torch.cat(batches)  # type: ignore[arg-type]  # one tensor per batch


def _quiet() -> None:
    """Lightning's tips about workers and accelerators are not for our in-memory loaders."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings(
        "ignore", ".*when logging on epoch level in distributed setting.*"
    )  # metrics sum over ranks
    warnings.filterwarnings("ignore", ".*smaller than the logging interval.*")
    warnings.filterwarnings("ignore", ".*Previous log files in this directory will be deleted.*")
    warnings.filterwarnings("ignore", ".*GPU available but not used.*")
    warnings.filterwarnings("ignore", ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*")
