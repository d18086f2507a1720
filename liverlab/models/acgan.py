"""ACGAN, one generator for all classes: Odena et al. 2017 (arXiv:1610.09585), Frid-Adar et al. 2018, sec. 3.4."""

import torch
from pytorch_lightning import LightningModule
from torch import Tensor
from torch.optim import Optimizer

from liverlab.models.adversarial import adam_pair, clip_gradients
from liverlab.models.losses import class_loss, fake_loss, r1_penalty, real_loss
from liverlab.models.networks import (
    ConditionalGenerator,
    DCGANDiscriminator,
    OdenaDiscriminator,
    spectrally_normalised,
)
from liverlab.models.noise import latent_noise, seed_batch

DISCRIMINATORS = {"odena": OdenaDiscriminator, "dcgan": DCGANDiscriminator}


class ACGAN(LightningModule):
    """Class-conditional generator; the discriminator answers "real?" and "which class?".

    Args:
        num_classes: Number of classes.
        size: Pixels per side of an ROI.
        latent_dim: Length of the noise vector.
        latent: "uniform" or "normal" noise.
        embedding_dim: Length of the learned class embedding, concatenated to the noise.
        generator_channels: Channels of the generator at 4 x 4.
        discriminator: "odena" or "dcgan" (the latter made the published results).
        discriminator_channels: Filters of the discriminator's first layer.
        lr: Learning rate of the generator.
        discriminator_lr: That of the discriminator, None for the same.
        betas: Adam's.
        generator_steps: Generator steps per discriminator step.
        label_smoothing: Real images' source target in the discriminator's loss is 1 less this.
        spectral_norm: Whether the discriminator's weights are normalised by their largest singular value.
        r1_gamma: Weight of the gradient penalty of the source logit at real images; 0 for none.
        gradient_clip: Largest norm of a network's gradient, None for no limit.
        seed: Seed of noise and dropout; that of the weights is set by the caller.
    """

    one_per_class = False  # one serves all classes

    def __init__(
        self,
        *,
        num_classes: int,
        size: int,
        latent_dim: int,
        latent: str,
        embedding_dim: int,
        generator_channels: int,
        discriminator: str,
        discriminator_channels: int,
        lr: float,
        discriminator_lr: float | None,
        betas: tuple[float, float],
        generator_steps: int,
        label_smoothing: float,
        spectral_norm: bool,
        r1_gamma: float,
        gradient_clip: float | None,
        seed: int,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = False
        self.num_classes, self.latent_dim, self.latent, self.seed = num_classes, latent_dim, latent, seed
        self.lr, self.discriminator_lr, self.betas = lr, discriminator_lr or lr, betas
        self.generator_steps, self.label_smoothing = generator_steps, label_smoothing
        self.r1_gamma, self.gradient_clip = r1_gamma, gradient_clip
        self.generator = ConditionalGenerator(
            num_classes=num_classes,
            latent_dim=latent_dim,
            embedding_dim=embedding_dim,
            channels=generator_channels,
            size=size,
        )
        network = DISCRIMINATORS[discriminator]
        self.discriminator = network(channels=discriminator_channels, size=size, outputs=1 + num_classes)
        if spectral_norm:
            spectrally_normalised(self.discriminator)
        self.batches_seen: Tensor
        # global_step counts every step of every optimiser (Lightning #17958)
        self.register_buffer("batches_seen", torch.zeros((), dtype=torch.long))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Images of shape (N, 1, size, size) in [-1, 1] from noise (N, latent_dim) and class indices (N,)."""
        images: Tensor = self.generator(noise, labels)
        return images

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Source logits of shape (N,) and class logits of shape (N, num_classes)."""
        logits = self.discriminator(images)
        return logits[:, 0], logits[:, 1:]

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """The discriminator maximises L_S + L_C, then the generator L_C - L_S; L_C over real and generated images.

        Returns:
            What to watch: losses, the mean probability of being real that real and generated images were given, and
            the share of each whose class the auxiliary head named.
        """
        images, labels = batch
        optimizers = self.optimizers()
        assert isinstance(optimizers, list)
        optimizer_g, optimizer_d = optimizers
        seed = (self.seed, self.global_rank, int(self.batches_seen))
        seed_batch(*seed)
        fakes, asked = self._generate(len(images))
        with self.toggled_optimizer(optimizer_d):
            real_source, real_class = self.judge(images)
            # detach: the discriminator's step must not reach the generator
            fake_source, fake_class = self.judge(fakes.detach())
            source = real_loss(real_source, smoothing=self.label_smoothing) + fake_loss(fake_source)
            loss_d = source + class_loss(real_class, labels) + class_loss(fake_class, asked)
            if self.r1_gamma:
                loss_d = loss_d + r1_penalty(lambda x: self.judge(x)[0], images, self.r1_gamma)
            optimizer_d.zero_grad()
            self.manual_backward(loss_d)
            optimizer_d.step()
        for step in range(self.generator_steps):
            seed_batch(*seed, phase=1 + step)
            with self.toggled_optimizer(optimizer_g):
                if step:
                    fakes, asked = self._generate(len(images))
                judged_source, judged_class = self.judge(fakes)
                loss_g = real_loss(judged_source) + class_loss(judged_class, asked)
                optimizer_g.zero_grad()
                self.manual_backward(loss_g)
                optimizer_g.step()
        self.batches_seen += 1
        watched = {
            "d_loss": loss_d,
            "g_loss": loss_g,
            "d_real": real_source.float().sigmoid().mean(),
            "d_fake": fake_source.float().sigmoid().mean(),
            "class_accuracy_real": (real_class.argmax(1) == labels).float().mean(),
            "class_accuracy_fake": (judged_class.argmax(1) == asked).float().mean(),
        }
        return {name: value.detach() for name, value in watched.items()}

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip here: gradients are no longer scaled for half precision (Lightning #18089)."""
        clip_gradients(optimizer, self.gradient_clip)

    @torch.no_grad()
    def sample(self, labels: Tensor, *, seed: int) -> Tensor:
        """One image per class index, shape (N, 1, size, size) in [-1, 1]; the same seed gives the same images."""
        was_training = self.training
        self.eval()
        torch.manual_seed(seed)
        images: Tensor = self(self._noise(len(labels)), labels.to(self.device))
        self.train(was_training)
        return images

    def configure_optimizers(self) -> list[Optimizer]:
        """Adam for generator and discriminator, in this order."""
        return adam_pair(self.generator, self.lr, self.discriminator, self.discriminator_lr, self.betas)

    def _generate(self, count: int) -> tuple[Tensor, Tensor]:
        asked = torch.randint(self.num_classes, (count,), device=self.device)
        return self(self._noise(count), asked), asked

    def _noise(self, count: int) -> Tensor:
        return latent_noise(count, self.latent_dim, self.latent, self.device).to(self.dtype)
