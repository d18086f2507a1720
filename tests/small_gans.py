"""GANs of the smallest width, and a few batches for them."""

import torch
from pytorch_lightning import Trainer
from torch.utils.data import DataLoader, TensorDataset

from liverlab.models.acgan import ACGAN
from liverlab.models.dcgan import DCGAN

# every extension off, as published
PLAIN = {
    "discriminator_lr": None, "label_smoothing": 0.0, "spectral_norm": False, "r1_gamma": 0.0, "gradient_clip": None,
}  # fmt: skip
SHARED = PLAIN | {
    "size": 64, "latent_dim": 8, "latent": "uniform", "generator_channels": 16, "lr": 1e-3, "betas": (0.5, 0.999),
    "generator_steps": 1, "seed": 3,
}  # fmt: skip


def acgan(**changes):
    torch.manual_seed(0)
    settings = SHARED | {"num_classes": 3, "embedding_dim": 8, "discriminator": "odena", "discriminator_channels": 2}
    return ACGAN(**(settings | changes))


def dcgan(**changes):
    torch.manual_seed(0)
    return DCGAN(**(SHARED | {"discriminator_channels": 4} | changes))


def loader(count=8):
    torch.manual_seed(1)
    return DataLoader(TensorDataset(torch.rand(count, 1, 64, 64) * 2 - 1, torch.arange(count) % 3), batch_size=8)


def train(model, batches=1, resume=None, **options):
    trainer = Trainer(
        max_epochs=batches, accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False,
        enable_model_summary=False, **options,
    )  # fmt: skip
    trainer.fit(model, loader(), ckpt_path=resume, weights_only=True)
    return trainer


def same_state(one, other):
    """Whether two models hold the same names in the same order, and under each the same tensor bit for bit."""
    ours, theirs = one.state_dict(), other.state_dict()
    return list(ours) == list(theirs) and all(torch.equal(ours[name], theirs[name]) for name in ours)
