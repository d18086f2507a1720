"""`torch.compile` for the networks of a model."""

from pytorch_lightning import Callback, LightningModule, Trainer
from torchmetrics import Metric


class CompiledNetworks(Callback):
    """Compiles each network in place, so the names of its weights stay as they are.

    Never the whole LightningModule: switching its networks' gradients on and off breaks then (Lightning #21513). In
    `setup`, since spawned processes receive a model without what was compiled before.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Mark the networks; the work is done at their first batch."""
        for network in pl_module.children():
            if not isinstance(network, Metric):
                network.compile()
