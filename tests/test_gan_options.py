"""The options beyond the paper, each against what it should do to the first steps of a fit."""

import pickle
from dataclasses import asdict

import numpy as np
import pytest
import torch
from pytorch_lightning import Callback
from small_gans import acgan, dcgan, loader, same_state, train
from torch import nn

from liverlab.models.classifier import LesionClassifier
from liverlab.models.networks import DCGANDiscriminator, OdenaDiscriminator, spectrally_normalised
from liverlab.models.noise import latent_noise, seed_batch
from liverlab.models.registry import GENERATORS
from liverlab.settings import load_experiment

MODELS = pytest.mark.parametrize("make", [dcgan, acgan, lambda **c: acgan(discriminator="dcgan", **c)])
ALL = {
    "r1_gamma": 10.0, "gradient_clip": 1.0, "spectral_norm": True, "label_smoothing": 0.1, "generator_steps": 2,
    "discriminator_lr": 4e-3,
}  # fmt: skip


class Outputs(Callback):
    """What the first training step returned."""

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.watched = outputs


def watched(model):
    outputs = Outputs()
    train(model, callbacks=[outputs])
    return outputs.watched


def gradient(network):
    return torch.cat([p.grad.flatten() for p in network.parameters()])


def test_smoothing_adds_a_share_of_the_mean_logit_of_real_images_and_leaves_the_generators_loss():
    """softplus(-l) + s l is the cross-entropy with target 1 - s."""
    (images, _), *_ = loader()
    mean_logit = dcgan().discriminator(images).mean().item()
    # a discriminator that hardly moves judges the same for the generator
    plain, smooth = (watched(dcgan(label_smoothing=s, discriminator_lr=1e-30)) for s in (0.0, 0.1))
    assert (smooth["d_loss"] - plain["d_loss"]).item() == pytest.approx(0.1 * mean_logit, abs=1e-6)
    assert abs(mean_logit) > 1e-3
    assert torch.equal(smooth["g_loss"], plain["g_loss"])


@pytest.mark.parametrize("network", [DCGANDiscriminator, OdenaDiscriminator])
def test_spectrally_normalised_weights_have_largest_singular_value_1(network):
    torch.manual_seed(0)
    discriminator = spectrally_normalised(network(channels=2, size=16, outputs=4))
    for _ in range(100):  # one power iteration each
        discriminator(torch.zeros(1, 1, 16, 16))
    layers = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    norms = [np.linalg.norm(layer.weight.detach().flatten(1).numpy(), 2) for layer in layers]
    np.testing.assert_allclose(norms, 1.0, rtol=5e-3)
    raw = [np.linalg.norm(layer.weight_orig.detach().flatten(1).numpy(), 2) for layer in layers]
    assert min(abs(norm - 1) for norm in raw) > 0.05
    assert all(layer.bias is not None for layer in layers)


def test_batch_norm_would_undo_the_normalisation():
    torch.manual_seed(0)
    plain = DCGANDiscriminator(channels=4, size=64, outputs=1)
    normalised = spectrally_normalised(DCGANDiscriminator(channels=4, size=64, outputs=1))
    images = torch.randn(8, 1, 64, 64)
    before = plain(images)
    plain.body[2].weight.data *= 100  # the second convolution, before batch norm
    torch.testing.assert_close(plain(images), before, atol=1e-2, rtol=0.05)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in normalised.modules())


def test_a_spectrally_normalised_model_can_be_sent_to_another_process():
    model = acgan(spectral_norm=True)
    sent = pickle.loads(pickle.dumps(model))
    assert same_state(model, sent)


@MODELS
def test_two_rates_reach_the_two_optimisers(make):
    rates = [o.param_groups[0]["lr"] for o in train(make(lr=1e-3, discriminator_lr=4e-3)).optimizers]
    assert rates == [1e-3, 4e-3]  # generator's, discriminator's
    assert [o.param_groups[0]["lr"] for o in train(make(lr=1e-3)).optimizers] == [1e-3, 1e-3]


def test_a_second_generator_step_draws_noise_of_its_own_phase():
    model, drawn = dcgan(generator_steps=3), []
    model.generator.register_forward_pre_hook(lambda module, inputs: drawn.append(inputs[0].clone()))
    train(model)
    expected = []
    for phase in (0, 2, 3):  # the first step judges again what the discriminator saw
        seed_batch(model.seed, 0, 0, phase)
        expected.append(latent_noise(8, model.latent_dim, model.latent, torch.device("cpu")))
    assert all(map(torch.equal, drawn, expected))
    assert len(drawn) == 3


@MODELS
@pytest.mark.parametrize("more", [{}, {"spectral_norm": True}, {"gradient_clip": 1e-3}], ids=str)
def test_r1_raises_the_discriminators_loss_and_reaches_its_gradient_alone(make, more):
    plain, penalised = make(discriminator_lr=1e-30, **more), make(discriminator_lr=1e-30, r1_gamma=10.0, **more)
    without, with_penalty = watched(plain), watched(penalised)
    assert with_penalty["d_loss"] > without["d_loss"]
    assert not torch.allclose(gradient(plain.discriminator), gradient(penalised.discriminator), rtol=1e-3, atol=0)
    if more.get("spectral_norm") is None:  # there each look at the weights is a power iteration
        torch.testing.assert_close(with_penalty["g_loss"], without["g_loss"], rtol=1e-6, atol=0)
        torch.testing.assert_close(gradient(plain.generator), gradient(penalised.generator), rtol=1e-3, atol=1e-6)
    if "gradient_clip" in more:
        assert gradient(penalised.discriminator).norm().item() == pytest.approx(1e-3, rel=1e-3)


@MODELS
def test_with_all_options_a_resumed_fit_is_exact_and_its_checkpoint_loads_with_weights_only(make, tmp_path):
    half, resumed, whole = make(**ALL), make(**ALL), make(**ALL)
    train(half, batches=1).save_checkpoint(tmp_path / "state.ckpt")
    train(resumed, batches=2, resume=tmp_path / "state.ckpt")
    trainer = train(whole, batches=2)
    assert same_state(resumed, whole)
    trainer.save_checkpoint(tmp_path / "model.ckpt", weights_only=True)
    loaded = type(whole).load_from_checkpoint(tmp_path / "model.ckpt", weights_only=True)
    assert dict(loaded.hparams) == dict(whole.hparams)
    assert same_state(loaded, whole)
    images = torch.rand(2, 1, 64, 64)
    assert torch.equal(loaded.eval().discriminator(images), whole.eval().discriminator(images))


def plain(value):
    if isinstance(value, list | tuple):
        return all(map(plain, value))
    return value is None or type(value) in (int, float, str, bool)


def test_saved_hyperparameters_are_plain_values():
    config = load_experiment("acgan_aug", ["profile=smoke"])
    models = {}
    for name in GENERATORS:
        hyper = asdict(getattr(config, name))
        del hyper["epochs"], hyper["batch_size"], hyper["ema_decay"]
        extra = {"num_classes": 3} if name == "acgan" else {}
        models[name] = GENERATORS[name](size=64, seed=0, **extra, **hyper)
    settings = asdict(config.classifier)
    taken = {name: settings[name] for name in ("channels", "hidden", "dropout", "lr", "momentum")}
    models["classifier"] = LesionClassifier(num_classes=3, size=64, seed=0, **taken)
    for name, model in models.items():
        assert model.hparams, name
        assert all(plain(value) for value in model.hparams.values()), (name, model.hparams)
