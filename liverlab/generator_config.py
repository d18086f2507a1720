"""Settings of the generators and of the watch over their training; every default with its source, as in `config.py`.

"Paper" is Frid-Adar et al. 2018, arXiv:1803.01229; "silent" marks what it does not say.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass
class DCGANConfig:
    """One DCGAN per class: paper, sec. 3.3."""

    latent_dim: int = 100
    latent: Literal["uniform", "normal"] = "uniform"  # in [-1, 1]
    generator_channels: int = 1024
    discriminator_channels: int = 64  # silent; Radford et al. 2016
    lr: float = 2e-4
    discriminator_lr: float | None = None  # null: as lr; two rates: Heusel et al. 2017
    betas: tuple[float, float] = (0.5, 0.999)
    generator_steps: int = 1  # per discriminator step; silent, 2 in a common implementation of the time
    batch_size: int = 64
    epochs: int = 70
    # extensions, off in the paper
    # per batch, e.g. 0.999: the pool is drawn from the average of the generator's weights
    ema_decay: float | None = None
    label_smoothing: float = 0.0  # of real images in the discriminator's loss; Salimans et al. 2016 take 0.1
    spectral_norm: bool = False  # of the discriminator; Miyato et al. 2018
    r1_gamma: float = 0.0  # gradient penalty at real images; Mescheder et al. 2018 take 10
    gradient_clip: float | None = None  # largest norm of a network's gradient


@dataclass
class ACGANConfig:
    """One ACGAN for all classes: paper, sec. 3.4."""

    latent_dim: int = 100
    latent: Literal["uniform", "normal"] = "uniform"
    embedding_dim: int = 3  # form silent; short beside the noise: at 100 every class collapsed to one image (measured)
    generator_channels: int = 1024
    discriminator: Literal["odena", "dcgan"] = "odena"  # dcgan with a class head made the printed results
    discriminator_channels: int = 16  # of the first layer; Odena et al. 2017, table 2 (use 64 with dcgan)
    lr: float = 1e-4
    discriminator_lr: float | None = None  # null: as lr; two rates: Heusel et al. 2017
    betas: tuple[float, float] = (0.5, 0.999)
    generator_steps: int = 1
    batch_size: int = 64
    epochs: int = 50
    # extensions, off in the paper; as for the DCGAN
    ema_decay: float | None = None
    label_smoothing: float = 0.0
    spectral_norm: bool = False
    r1_gamma: float = 0.0
    gradient_clip: float | None = None


@dataclass
class WatchConfig:
    """What is looked for while a generator trains. All thresholds are our own; docs/gan-training.md says why."""

    checks: int = 10  # times in a fit that samples are drawn, shown and measured
    action: Literal["note", "stop", "retry"] = "note"  # what a finding does; a NaN never goes on
    retries: int = 2  # further seeds, under retry
    saturated_epochs: int = 10  # as many in a row with D(real) and D(fake) this far apart
    saturated_gap: float = 0.98  # D(real) - D(fake)
    collapsed_spread: float = 0.1  # mean distance within a class, of the real images'
    ignored_label: float = 0.02  # change with the label at the same noise, of the real images' mean distance
    vanished_gradient: float = 1e-6  # norm of the generator's gradient, mean of an epoch
