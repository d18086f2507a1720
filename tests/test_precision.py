"""GANs in half and double precision. On a CPU, with the gradient scaler that Lightning uses on a GPU."""

import pytest
import torch
import torch.nn.functional as F
from pytorch_lightning import Callback, LightningModule
from pytorch_lightning.plugins import MixedPrecision
from small_gans import acgan, dcgan, train

from liverlab.models.dcgan import DCGAN
from liverlab.models.losses import r1_penalty

MODELS = pytest.mark.parametrize("make", [dcgan, acgan])
ALL = {"r1_gamma": 10.0, "gradient_clip": 1.0, "spectral_norm": True, "label_smoothing": 0.1, "generator_steps": 2}


def half(*, scaled=True):
    """float16 whose scale doubles with every step, from 64."""
    scaler = torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=1, enabled=scaled)
    return {"plugins": [MixedPrecision("16-mixed", device="cpu", scaler=scaler)]}


class Cached(MixedPrecision):
    """As Lightning before 2.5.5, the control: autocast keeps the half-precision copies of weights during a step."""

    def autocast_context_manager(self):
        return torch.autocast("cpu", dtype=torch.bfloat16)


class Stepped(Callback):
    """The gradients with which the optimisers step, discriminator's and generator's in turn."""

    def __init__(self):
        self.gradients = []

    def on_train_start(self, trainer, pl_module):
        for optimizer in trainer.optimizers:
            optimizer.register_step_post_hook(self.record)

    def record(self, optimizer, args, kwargs):
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.gradients.append(torch.cat([p.grad.flatten() for p in parameters]))


def stepped(model, **options):
    recorder = Stepped()
    train(model, callbacks=[recorder], **options)
    return recorder.gradients


class Outputs(Callback):
    """What the last training step returned, and an image per class after it."""

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.watched = outputs
        self.images = pl_module.sample(torch.tensor([0, 1, 2]), seed=0)


@MODELS
def test_gradients_that_are_stepped_do_not_know_the_scale(make):
    """Against half precision without a scale, and more loosely (batch norm of few channels) against single."""
    for scaled, unscaled, single in zip(
        stepped(make(), **half()), stepped(make(), **half(scaled=False)), stepped(make()), strict=True
    ):
        assert (scaled - unscaled).norm() < 0.05 * unscaled.norm()
        assert scaled.norm().item() == pytest.approx(single.norm().item(), rel=0.1)


class TwoWeights(LightningModule):
    """Two weights with gradient 1, each with its optimiser; stepped in turn, or together as in many examples."""

    def __init__(self, *, together):
        super().__init__()
        self.automatic_optimization, self.together = False, together
        self.weights = torch.nn.ParameterList([torch.nn.Parameter(torch.zeros(1)) for _ in range(2)])

    def configure_optimizers(self):
        return [torch.optim.SGD([weight], lr=0.1) for weight in self.weights]

    def training_step(self, batch, batch_idx):
        pairs = list(zip(self.optimizers(), self.weights, strict=True))
        for optimizer, weight in pairs:
            optimizer.zero_grad()
            self.manual_backward(weight.sum())
            if not self.together:
                optimizer.step()
        for optimizer, _ in pairs if self.together else ():
            optimizer.step()


def test_control_both_backward_and_then_both_steps_unscale_wrongly():
    assert [g.item() for g in stepped(TwoWeights(together=False), **half())] == [1.0, 1.0]
    assert [g.item() for g in stepped(TwoWeights(together=True), **half())] == [1.0, 0.5]


class ClippedAfterBackward(DCGAN):
    """The documented way: `clip_gradients` between backward and step."""

    def manual_backward(self, loss):
        super().manual_backward(loss)
        for optimizer in self.optimizers():
            self.clip_gradients(optimizer, gradient_clip_val=1e-2, gradient_clip_algorithm="norm")


@MODELS
def test_clipping_bounds_the_gradient_itself(make):
    assert all(g.norm() > 2e-2 for g in stepped(make(), **half()))
    for options in (half(), {}):
        norms = [g.norm().item() for g in stepped(make(gradient_clip=1e-2), **options)]
        assert norms == pytest.approx([1e-2, 1e-2], rel=1e-3)


def test_control_clipping_after_backward_bounds_the_scaled_gradient():
    model = dcgan()
    model.__class__ = ClippedAfterBackward
    norms = [g.norm().item() for g in stepped(model, **half())]
    assert norms == pytest.approx([1e-2 / 64, 1e-2 / 128], rel=1e-2)


@MODELS
@pytest.mark.parametrize("options", [{}, ALL], ids=["plain", "all options"])
def test_in_bfloat16_all_weights_learn_and_losses_are_in_single_precision(make, options):
    model, outputs = make(**options), Outputs()
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    train(model, precision="bf16-mixed", callbacks=[outputs])
    assert all(p.grad.isfinite().all() for p in model.parameters())
    learnt = [name for name, weight in model.named_parameters() if not torch.equal(weight, before[name])]
    assert {name for name in before if "bias" not in name} <= set(learnt)
    assert {value.dtype for value in outputs.watched.values()} == {torch.float32}
    assert all(value.isfinite() for value in outputs.watched.values())


@pytest.mark.parametrize(("plugin", "fresh"), [(MixedPrecision, True), (Cached, False)])
def test_each_step_of_the_generator_sees_the_weights_of_the_one_before(plugin, fresh):
    model, seen = dcgan(generator_steps=2), []

    def compare(layer, inputs, output):
        expected = F.linear(inputs[0].bfloat16(), layer.weight.bfloat16())
        seen.append(torch.equal(output, expected))

    model.generator.project.register_forward_hook(compare)
    train(model, plugins=[plugin("bf16-mixed", device="cpu")])
    assert seen == [True, fresh]


@MODELS
def test_double_precision_trains_and_samples_with_all_options(make):
    outputs = Outputs()
    train(make(**ALL), precision="64-true", callbacks=[outputs])
    assert outputs.watched["d_loss"].dtype == outputs.images.dtype == torch.float64


def test_r1_is_in_single_precision_where_half_overflows():
    """The control is the gradient under autocast: half ends at 65504."""
    network = torch.nn.Linear(16, 1, bias=False)
    torch.nn.init.constant_(network.weight, 1e5)
    images = torch.zeros(4, 16, dtype=torch.half)
    with torch.autocast("cpu", dtype=torch.half):
        penalty = r1_penalty(network, images, 10.0)
        (control,) = torch.autograd.grad(network(images.requires_grad_()).sum(), images)
    assert penalty.dtype == torch.float32
    assert penalty.item() == pytest.approx(10 / 2 * 16 * 1e5**2)
    assert not control.isfinite().any()
