"""What goes wrong around a GAN's steps in other code: frozen networks, budgets in steps, compiled gradients."""

from contextlib import nullcontext

import pytest
import torch
from small_gans import acgan, dcgan, train

from liverlab.models.dcgan import DCGAN

MODELS = pytest.mark.parametrize("make", [dcgan, acgan])


class ToggledByHand(DCGAN):
    """The control: `toggle_optimizer` and `untoggle_optimizer` without a context."""

    def toggled_optimizer(self, optimizer):
        self.toggle_optimizer(optimizer)
        return nullcontext()


def fail_in(model, phase):
    """Train until the backward pass of one phase of the first batch: 0 is the discriminator's, 1 the generator's."""
    inner, calls = model.manual_backward, []

    def backward(loss):
        calls.append(loss)
        if len(calls) > phase:
            raise ArithmeticError
        inner(loss)

    model.manual_backward = backward
    with pytest.raises(ArithmeticError):
        train(model)
    return [all(p.requires_grad for p in network.parameters()) for network in (model.generator, model.discriminator)]


@MODELS
@pytest.mark.parametrize("phase", [0, 1])
def test_an_exception_in_a_step_leaves_no_network_frozen(make, phase):
    assert fail_in(make(), phase) == [True, True]


def test_control_toggling_by_hand_leaves_the_other_network_frozen():
    model = dcgan()
    model.__class__ = ToggledByHand
    assert fail_in(model, 0) == [False, True]


def test_control_max_steps_counts_both_optimisers_and_batches_seen_counts_batches():
    limited, whole = dcgan(), dcgan()
    train(limited, batches=20, max_steps=10)
    train(whole, batches=10)
    assert limited.batches_seen == 5
    assert whole.batches_seen == 10


@pytest.fixture
def compiled():
    """Compiles both networks of a model; not through inductor, which takes most of a minute."""

    def compiled(model):
        model.generator.compile(backend="aot_eager")
        model.discriminator.compile(backend="aot_eager")
        return model

    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield compiled
    torch._dynamo.reset()


@pytest.mark.slow
def test_compiled_networks_train_alike_with_all_options(compiled):
    options = {"spectral_norm": True, "r1_gamma": 10.0, "gradient_clip": 1.0, "label_smoothing": 0.1}
    plain, fast = acgan(**options), compiled(acgan(**options))
    train(plain, batches=2)
    train(fast, batches=2)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 2
    torch.testing.assert_close(fast.state_dict(), plain.state_dict(), atol=1e-4, rtol=0)  # the names too
    labels = torch.tensor([0, 1, 2])
    torch.testing.assert_close(fast.sample(labels, seed=0), plain.sample(labels, seed=0), atol=1e-4, rtol=0)


@pytest.mark.slow
def test_control_a_compiled_gradient_cannot_be_differentiated(monkeypatch, compiled):
    monkeypatch.setattr(torch.compiler, "set_stance", lambda stance: nullcontext())
    with pytest.raises(RuntimeError, match="double backward"):
        train(compiled(dcgan(r1_gamma=10.0)))
