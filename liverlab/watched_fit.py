"""A generator's fit under watch: what happens beside it, and what follows when the watch stops it."""

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback

from callbacks.gan_findings import KINDS, Finding
from callbacks.gan_log import GANLog
from callbacks.gan_watch import GANWatch
from callbacks.generator_ema import GeneratorEMA
from callbacks.sample_grid import SampleGrid
from data_modules.errors import InputError
from data_modules.gan_data import GANDataModule
from data_modules.whole_file import replacing
from liverlab.config import ExperimentConfig
from liverlab.resume import newest_state
from liverlab.stages import STATES
from liverlab.training import CHECKPOINT

EMA_CHECKPOINT = "ema.ckpt"
WATCH = "watch.json"
ATTEMPTS = "attempts.json"
LOGGED_POINTS = 200
OUTPUTS = (CHECKPOINT, EMA_CHECKPOINT, WATCH, STATES, "log", "grids")  # of one attempt


def watching(
    config: ExperimentConfig, data: GANDataModule, folder: Path, *, class_names: Sequence[str], seed: int
) -> tuple[list[Callback], GANWatch]:
    """What happens beside a generator's fit: an average of its weights where that is asked for, log, grids, watch."""
    hyper = getattr(config, config.generator)
    limits = asdict(config.watch)
    checks, action = limits.pop("checks"), limits.pop("action")
    del limits["retries"]
    limits["saturated_gap"] *= 1 - hyper.label_smoothing  # D(real) aims at 1 less the smoothing
    every_n_epochs = max(1, hyper.epochs // checks)
    ema = [GeneratorEMA(hyper.ema_decay, folder / EMA_CHECKPOINT)] if hyper.ema_decay is not None else []
    weights = ema[0].applied if ema else nullcontext
    batches = hyper.epochs * max(1, len(data.labels) // hyper.batch_size)
    log = GANLog(every_n_batches=max(1, batches // LOGGED_POINTS))
    shown = sorted(set(data.labels.tolist()))
    look = {"every_n_epochs": every_n_epochs, "seed": seed, "weights": weights}
    grid = SampleGrid(folder / "grids", labels=shown, columns=8, **look)
    watch = GANWatch(
        log,
        path=folder / WATCH,
        images=data.images,
        labels=data.labels,
        class_names=class_names,
        stop_on=() if action == "note" else KINDS,
        **look,
        **limits,
    )
    return [*ema, log, grid, watch], watch


def findings_of(watch: GANWatch) -> list[Finding]:
    """What a watch has found in the fit that is over.

    From its file, since a fit in spawned processes leaves the one here as it was. Ranks of a launch that write no file
    have it in memory.
    """
    if watch.path.is_file():
        return [Finding(**finding) for finding in json.loads(watch.path.read_text())]
    return watch.findings


def samplers_file(ema_decay: float | None) -> str:
    """The checkpoint that samples are drawn from: of the weights as trained, or of their average where there is one."""
    return CHECKPOINT if ema_decay is None else EMA_CHECKPOINT


def fit_until_sound(folder: Path, seeds: Sequence[int], fit_once: Callable[[int, int], list[Finding]]) -> None:
    """Fit with the first seed; where the watch stops that, set it aside, note it in `attempts.json`, take the next.

    Args:
        folder: Where a fit writes. An earlier process may have been killed at any point of this.
        seeds: One per attempt.
        fit_once: Fits in the folder, given the number of attempts before and the seed; returns what was found.

    Raises:
        InputError: If the watch stopped the last attempt as well.
    """
    path = folder / ATTEMPTS
    given_up: list[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else []
    for seed in seeds[len(given_up) :]:
        (folder / WATCH).unlink(missing_ok=True)  # a killed attempt's; what it found comes back with its state
        findings = fit_once(len(given_up), seed)
        stopped = [finding for finding in findings if finding.stopped]
        if not stopped:
            return
        given_up.append({"seed": seed, "findings": [asdict(finding) for finding in findings]})
        if len(given_up) < len(seeds):
            _set_aside(folder, folder / f"attempt-{len(given_up)}")
            with replacing(path) as part:
                part.write_text(json.dumps(given_up, indent=1))
    tried = f" {len(seeds)} seeds were tried; this is about the last." if len(seeds) > 1 else ""
    state = newest_state(folder)
    kept = f" The last good state is kept: {state}." if state else ""
    raise InputError(f"{stopped[0].sentence}{tried}{kept}")


def _set_aside(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name in OUTPUTS:
        if (folder / name).exists():
            (folder / name).replace(target / name)
