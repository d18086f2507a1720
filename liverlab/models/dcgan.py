"""DCGAN of one lesion class: Radford et al. 2016 (arXiv:1511.06434) as used by Frid-Adar et al. 2018, sec. 3.3."""

import torch
from pytorch_lightning import LightningModule
from torch import Tensor
from torch.optim import Optimizer

from liverlab.models.adversarial import adam_pair, clip_gradients
from liverlab.models.losses import fake_loss, r1_penalty, real_loss
from liverlab.models.networks import DCGANDiscriminator, Generator, spectrally_normalised
from liverlab.models.noise import latent_noise, seed_batch


class DCGAN(LightningModule):
    """Generator and discriminator with two optimisers; Lightning's manual optimisation.

    Args:
        size: Pixels per side of an ROI.
        latent_dim: Length of the noise vector.
        latent: "uniform" or "normal" noise.
        generator_channels: Channels of the generator at 4 x 4.
        discriminator_channels: Filters of the discriminator's first layer.
        lr: Learning rate of the generator.
        discriminator_lr: That of the discriminator, None for the same.
        betas: Adam's.
        generator_steps: Generator steps per discriminator step.
        label_smoothing: Real images' target in the discriminator's loss is 1 less this.
        spectral_norm: Whether the discriminator's weights are normalised by their largest singular value.
        r1_gamma: Weight of the gradient penalty at real images; 0 for none.
        gradient_clip: Largest norm of a network's gradient, None for no limit.
        seed: Seed of the noise; that of the weights is set by the caller.
    """

    one_per_class = True  # each class has its own

    def __init__(
        self,
        *,
        size: int,
        latent_dim: int,
        latent: str,
        generator_channels: int,
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
        self.latent_dim, self.latent, self.seed = latent_dim, latent, seed
        self.lr, self.discriminator_lr, self.betas = lr, discriminator_lr or lr, betas
        self.generator_steps, self.label_smoothing = generator_steps, label_smoothing
        self.r1_gamma, self.gradient_clip = r1_gamma, gradient_clip
        self.generator = Generator(input_dim=latent_dim, channels=generator_channels, size=size)
        self.discriminator = DCGANDiscriminator(channels=discriminator_channels, size=size, outputs=1)
        if spectral_norm:
            spectrally_normalised(self.discriminator)
        self.batches_seen: Tensor
        # global_step counts every step of every optimiser (Lightning #17958)
        self.register_buffer("batches_seen", torch.zeros((), dtype=torch.long))

    def forward(self, noise: Tensor) -> Tensor:
        """Images of shape (N, 1, size, size) in [-1, 1] from noise of shape (N, latent_dim)."""
        images: Tensor = self.generator(noise)
        return images

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """One step of the discriminator, then of the generator.

        Returns:
            What to watch: losses, and the mean probability of being real that real and generated images were given.
        """
        images, _ = batch
        optimizers = self.optimizers()
        assert isinstance(optimizers, list)
        optimizer_g, optimizer_d = optimizers
        seed = (self.seed, self.global_rank, int(self.batches_seen))
        seed_batch(*seed)
        fakes = self(self._noise(len(images)))
        with self.toggled_optimizer(optimizer_d):
            on_real = self.discriminator(images)
            # detach: the discriminator's step must not reach the generator
            on_fake = self.discriminator(fakes.detach())
            loss_d = real_loss(on_real, smoothing=self.label_smoothing) + fake_loss(on_fake)
            if self.r1_gamma:
                loss_d = loss_d + r1_penalty(self.discriminator, images, self.r1_gamma)
            optimizer_d.zero_grad()
            self.manual_backward(loss_d)
            optimizer_d.step()
        for step in range(self.generator_steps):
            seed_batch(*seed, phase=1 + step)
            with self.toggled_optimizer(optimizer_g):
                loss_g = real_loss(self.discriminator(fakes if step == 0 else self(self._noise(len(images)))))
                optimizer_g.zero_grad()
                self.manual_backward(loss_g)
                optimizer_g.step()
        self.batches_seen += 1
        watched = {"d_real": on_real.float().sigmoid().mean(), "d_fake": on_fake.float().sigmoid().mean()}
        return {name: value.detach() for name, value in ({"d_loss": loss_d, "g_loss": loss_g} | watched).items()}

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip here: gradients are no longer scaled for half precision (Lightning #18089)."""
        clip_gradients(optimizer, self.gradient_clip)

    @torch.no_grad()
    def sample(self, labels: Tensor, *, seed: int) -> Tensor:
        """One image per label, shape (N, 1, size, size) in [-1, 1]; the label is that of this generator's class."""
        was_training = self.training
        self.eval()
        torch.manual_seed(seed)
        images: Tensor = self(self._noise(len(labels)))
        self.train(was_training)
        return images

    def configure_optimizers(self) -> list[Optimizer]:
        """Adam for generator and discriminator, in this order."""
        return adam_pair(self.generator, self.lr, self.discriminator, self.discriminator_lr, self.betas)

    def _noise(self, count: int) -> Tensor:
        return latent_noise(count, self.latent_dim, self.latent, self.device).to(self.dtype)
