"""The lesion classifier of Frid-Adar et al. 2018, sec. 2."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from pytorch_lightning import LightningModule
from torch import Tensor
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy

from liverlab.models.networks import LesionCNN
from liverlab.models.noise import seed_batch


class LesionClassifier(LightningModule):
    """CNN trained by SGD with Nesterov momentum on cross-entropy.

    Args:
        num_classes: Number of classes.
        size: Pixels per side of an ROI.
        channels: Filters of the convolutions.
        hidden: Width of the dense layer.
        dropout: Dropout before the last layer.
        lr: Learning rate.
        momentum: Nesterov momentum.
        seed: Seed of dropout; that of the weights is set by the caller.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        size: int,
        channels: Sequence[int],
        hidden: int,
        dropout: float,
        lr: float,
        momentum: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.lr, self.momentum, self.seed = lr, momentum, seed
        self.network = LesionCNN(num_classes=num_classes, size=size, channels=channels, hidden=hidden, dropout=dropout)
        # halves a step on a CPU (measured); torch's type hints do not know the argument
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.train_loss = MeanMetric()
        self.train_accuracy = MulticlassAccuracy(num_classes, average="micro")
        self.test_accuracy = MulticlassAccuracy(num_classes, average="micro")

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (N, num_classes) from images of shape (N, 1, size, size)."""
        logits: Tensor = self.network(images)
        return logits

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Cross-entropy of one batch."""
        images, labels = batch
        seed_batch(self.seed, self.global_rank, self.global_step)
        logits = self(images)
        loss = F.cross_entropy(logits, labels)
        self.train_loss.update(loss.detach())
        self.train_accuracy.update(logits.detach(), labels)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Watch the test side; nothing is selected by it."""
        images, labels = batch
        self.test_accuracy.update(self(images), labels)

    def on_validation_epoch_end(self) -> None:
        """One point of the learning curve: training since the last point, test now."""
        point = {
            "train_loss": self.train_loss,
            "train_accuracy": self.train_accuracy,
            "test_accuracy": self.test_accuracy,
        }
        self.log_dict({name: metric.compute() for name, metric in point.items()}, sync_dist=False)
        for metric in point.values():
            metric.reset()

    def predict_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Class probabilities of shape (N, num_classes)."""
        probabilities: Tensor = self(batch[0]).softmax(dim=1)
        return probabilities

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """SGD with Nesterov momentum, sec. 2.3."""
        return torch.optim.SGD(self.parameters(), lr=self.lr, momentum=self.momentum, nesterov=self.momentum > 0)
