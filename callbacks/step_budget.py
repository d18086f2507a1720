"""Ends a fit after so many optimiser steps, in a way that can be resumed."""

from pytorch_lightning import Callback, LightningModule, Trainer


class StepBudget(Callback):
    """`Trainer(max_steps=...)`, but told to Lightning when the fit has begun.

    With `max_steps` from the start, Lightning 2.6 takes a restored epoch for an unfinished one even where it was
    complete, and so leaves out batches of the next (measured; Lightning #19617 is one case of it).

    Args:
        steps: Optimiser steps of the whole fit, those before a resume included.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the limit; the restored progress has been read by now."""
        trainer.fit_loop.epoch_loop.max_steps = self.steps
