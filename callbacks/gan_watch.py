"""Watches a GAN while it trains: measures samples, looks for what goes wrong, ends the fit where that is asked for."""

import json
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from callbacks.gan_findings import Finding, find_all, find_non_finite
from callbacks.gan_log import GAN, GANLog, batches_seen, log_row
from callbacks.sample_grid import Weights, draw, is_due
from callbacks.sample_measures import Reference
from data_modules.whole_file import replacing

# on the phantom KID of real against real images then has a standard deviation of 1e-4, of the first good generators
# 1e-3; with 128 a check takes twice as long and sees little more
PER_CLASS = 64


class GANWatch(Callback):
    """Measures samples every few epochs, and at each epoch's end applies the rules of `gan_findings`.

    A finding is made once per fit, kind and label. Those of `stop_on` end the fit on all devices alike, before the
    epoch's state is saved; a loss that is no number does so always, at the end of `means`'s interval.
    Must come after `means` among the callbacks, and before what saves states.

    Args:
        means: Gives the means of intervals and epochs.
        path: Where the findings go, e.g. "watch.json": a list, empty where nothing was found.
        images: Real images of the training side, shape (N, 1, H, W) in [-1, 1]; 64 of each class are used.
        labels: Theirs, shape (N,).
        class_names: Name of each label, for the sentences.
        every_n_epochs: How often samples are measured; always after the last epoch.
        seed: Seed of the samples' noise, the same at every check.
        stop_on: Kinds of findings that end the fit.
        saturated_epochs: This and the following are the thresholds of `find_all`.
        saturated_gap: As above.
        collapsed_spread: As above.
        ignored_label: As above.
        vanished_gradient: As above.
        weights: Context in which samples are drawn, given the model; e.g. one that puts averaged weights in place.

    Attributes:
        findings: So far, on every device.
    """

    def __init__(
        self,
        means: GANLog,
        *,
        path: Path,
        images: Tensor,
        labels: Tensor,
        class_names: Sequence[str],
        every_n_epochs: int,
        seed: int,
        stop_on: Collection[str],
        saturated_epochs: int,
        saturated_gap: float,
        collapsed_spread: float,
        ignored_label: float,
        vanished_gradient: float,
        weights: Weights = nullcontext,
    ) -> None:
        self.means, self.path, self.every_n_epochs, self.seed = means, path, every_n_epochs, seed
        self.stop_on, self.weights = {*stop_on, "non_finite"}, weights
        self.reference = Reference(images, labels, per_class=PER_CLASS)
        self.find = partial(
            find_all,
            class_names=class_names,
            saturated_epochs=saturated_epochs,
            saturated_gap=saturated_gap,
            collapsed_spread=collapsed_spread,
            ignored_label=ignored_label,
            vanished_gradient=vanished_gradient,
        )
        self.epochs: list[dict[str, float]] = []
        self.checks: list[dict[str, float]] = []
        self.findings: list[Finding] = []

    @property
    def stopped(self) -> bool:
        """Whether a finding ended the fit."""
        return any(finding.stopped for finding in self.findings)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Check the order of the callbacks."""
        order: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # set by Trainer's connectors
        assert order.index(self.means) < order.index(self)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the generator's weights by their sums."""
        self.sums = weight_sums(pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A loss that is no number ends the fit at once; looked for where its mean is known anyway."""
        if self.means.closing:
            row = self.means.interval | _now(trainer, pl_module)
            self._add(trainer, list(find_non_finite(row)) if trainer.is_global_zero else [])

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the epoch's means, measure samples if it is time, and look for what went wrong."""
        if self.stopped:  # in the middle of this epoch
            return
        found = []
        if trainer.is_global_zero:
            assert trainer.max_epochs is not None
            sums = weight_sums(pl_module)
            weights = {"weights": float(sums.sum()), "frozen": torch.equal(sums, self.sums)}
            self.epochs.append(self.means.epoch | _now(trainer, pl_module) | weights)
            if is_due(trainer, self.every_n_epochs):
                self._check(trainer, pl_module)
            found = self.find(self.epochs, self.checks, max_epochs=trainer.max_epochs)
        self._add(trainer, found)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the findings, also where there are none."""
        self._write(trainer)

    def state_dict(self) -> dict[str, Any]:
        """History and findings as plain values."""
        return {"epochs": self.epochs, "checks": self.checks, "findings": [asdict(found) for found in self.findings]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved history."""
        self.epochs, self.checks = list(state_dict["epochs"]), list(state_dict["checks"])
        self.findings = [Finding(**found) for found in state_dict["findings"]]

    def _check(self, trainer: Trainer, pl_module: LightningModule) -> None:
        count = self.reference.count
        samples = {
            label: draw(pl_module, [label] * count, seed=self.seed, weights=self.weights)
            for label in self.reference.labels
        }
        measured = self.reference.measure(samples)
        self.checks.append(measured | _now(trainer, pl_module))
        log_row(trainer, pl_module, measured)

    def _add(self, trainer: Trainer, found: list[Finding]) -> None:
        """Keep what is new, the same on all devices, and end the fit where it asks for that."""
        known = {(finding.kind, finding.label) for finding in self.findings}
        new = [
            replace(finding, stopped=finding.kind in self.stop_on)
            for finding in found
            if (finding.kind, finding.label) not in known
        ]
        new = trainer.strategy.broadcast(new)
        if new:
            self.findings += new
            self._write(trainer)
            trainer.should_stop = trainer.should_stop or self.stopped

    def _write(self, trainer: Trainer) -> None:
        if trainer.is_global_zero:
            text = json.dumps([asdict(finding) for finding in self.findings], indent=1, allow_nan=False)
            with replacing(self.path) as part:
                part.write_text(text)


def weight_sums(pl_module: LightningModule) -> Tensor:
    """Sum of each of the generator's parameters: unchanged where no weight changed."""
    model: GAN = pl_module  # type: ignore[assignment]  # checked structurally by whoever adds the callback
    return torch.stack([parameter.detach().sum() for parameter in model.generator.parameters()])


def _now(trainer: Trainer, pl_module: LightningModule) -> dict[str, float]:
    return {"epoch": trainer.current_epoch + 1, "batches_seen": batches_seen(pl_module)}
