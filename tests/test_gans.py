"""What DCGAN and ACGAN have in common, and what sets them apart."""

import math

import pytest
import torch
from pytorch_lightning import Trainer
from resumed_fits import differences
from small_gans import acgan, dcgan, same_state, train
from torch.utils.data import DataLoader, TensorDataset

MODELS = pytest.mark.parametrize("make", [dcgan, acgan, lambda **c: acgan(discriminator="dcgan", **c)])


@MODELS
def test_one_batch_steps_both_networks_once(make):
    model = make()
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    trainer = train(model)
    assert trainer.global_step == 2
    assert model.batches_seen == 1
    assert all(not torch.equal(weight, before[name]) for name, weight in model.named_parameters() if "bias" not in name)


def gradients(network):
    return [None if p.grad is None else p.grad.clone() for p in network.parameters()]


@MODELS
def test_a_discriminator_step_leaves_the_generator_alone_and_the_other_way_round(make):
    model = make(generator_steps=2)
    networks = {"generator": model.generator, "discriminator": model.discriminator}
    stepped, reached, last = [], [], {name: gradients(network) for name, network in networks.items()}

    def look(name, other):
        def hook(*_):
            stepped.append(name)
            reached.extend((name, other) for _ in differences(last[other], gradients(networks[other])))
            last[name] = gradients(networks[name])

        return hook

    configure = model.configure_optimizers

    def configured():
        generator, discriminator = configure()
        generator.register_step_post_hook(look("generator", "discriminator"))
        discriminator.register_step_post_hook(look("discriminator", "generator"))
        return [generator, discriminator]

    model.configure_optimizers = configured
    train(model, batches=2)
    assert stepped == ["discriminator", "generator", "generator"] * 2
    assert not reached
    assert all(gradient is not None for name in networks for gradient in last[name])


class Scripted(torch.nn.Module):
    """A discriminator that gives the same logits to every image, another set each time that it is asked."""

    def __init__(self, *logits):
        super().__init__()
        self.logits, self.bias = iter(logits), torch.nn.Parameter(torch.zeros(()))

    def forward(self, images):
        return torch.tensor([next(self.logits)]).expand(len(images), -1) + 0 * images.sum() + self.bias


def test_an_acgans_losses_by_hand():
    # source logit, then three class logits, of real images, of generated ones, and of the generator's turn. The
    # discriminator maximises L_S + L_C, the generator L_C - L_S (in its non-saturating form).
    model = acgan()
    model.discriminator = Scripted((2.0, 0.0, 0.0, 0.0), (-1.0, 0.0, 0.0, 0.0), (-3.0, 0.0, 0.0, 0.0))
    watched = {}
    model.on_train_batch_end = lambda outputs, *_: watched.update(outputs)
    train(model)
    source = math.log1p(math.exp(-2)) + math.log1p(math.exp(-1))  # -log D(real) - log(1 - D(fake))
    assert float(watched["d_loss"]) == pytest.approx(source + 2 * math.log(3))  # and the class of both guessed of three
    # a step of Adam at lr .001 may have moved the bias by as much; the generator's loss rises as D(fake) falls
    assert float(watched["g_loss"]) == pytest.approx(math.log1p(math.exp(3)) + math.log(3), abs=2e-3)


@MODELS
def test_generator_steps_per_discriminator_step(make):
    assert train(make(generator_steps=3)).global_step == 4


@MODELS
def test_samples_repeat_with_the_seed_and_leave_the_model_training(make):
    model = make().train()
    labels = torch.tensor([0, 1, 2, 0])
    first, again, other = (model.sample(labels, seed=s) for s in (1, 1, 2))
    assert first.shape == (4, 1, 64, 64)
    assert first.abs().max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert model.training


def test_the_class_changes_an_acgans_image():
    model = acgan()
    one, two = model.sample(torch.tensor([0]), seed=1), model.sample(torch.tensor([1]), seed=1)
    assert not torch.equal(one, two)


@MODELS
def test_same_seed_same_fit_and_noise_does_not_depend_on_history(make):
    first, second = make(), make()
    train(first, batches=2)
    torch.manual_seed(99)  # whatever happened before must not matter
    train(second, batches=2)
    assert same_state(first, second)
    other = make(seed=4)
    train(other, batches=2)
    assert not same_state(first, other)


@MODELS
def test_a_checkpoint_loads_with_weights_only(make, tmp_path):
    model = make()
    trainer = train(model)
    trainer.save_checkpoint(tmp_path / "model.ckpt", weights_only=True)
    loaded = type(model).load_from_checkpoint(tmp_path / "model.ckpt", weights_only=True)
    labels = torch.tensor([0, 1])
    assert torch.equal(loaded.sample(labels, seed=0), model.sample(labels, seed=0))


def test_the_discriminator_learns_the_classes_of_real_images():
    """Three brightness levels: after some steps the auxiliary head names them (chance is a third)."""
    torch.manual_seed(1)
    labels = torch.arange(48) % 3
    images = (labels.view(-1, 1, 1, 1) - 1.0) * 0.6 + 0.1 * torch.randn(48, 1, 64, 64)
    model = acgan(discriminator="dcgan", discriminator_channels=4)
    trainer = Trainer(
        max_epochs=12, accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, DataLoader(TensorDataset(images, labels), batch_size=16))
    _, logits = model.judge(images)  # with the batch's own statistics: the running ones hold generated images too
    assert (logits.argmax(1) == labels).float().mean() > 0.9
