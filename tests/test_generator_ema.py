import pytest
import torch
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import EMAWeightAveraging
from small_gans import acgan, dcgan, train

from callbacks.generator_ema import GeneratorEMA
from liverlab.models.dcgan import DCGAN

MODELS = pytest.mark.parametrize("make", [dcgan, acgan])
LABELS = torch.tensor([0, 1, 2])


class History(Callback):
    """The raw generator after every batch."""

    def __init__(self):
        self.states = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.states.append(copied(pl_module.generator))


class SaveAndDie(Callback):
    """Writes a resumable checkpoint at the end of one epoch, and stops the fit there if asked to."""

    def __init__(self, path, epoch, *, die=True):
        self.path, self.epoch, self.die = path, epoch, die

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch + 1 == self.epoch:
            trainer.save_checkpoint(self.path)
            if self.die:
                raise RuntimeError("the power went")


def copied(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def generator_in(model, path):
    return type(model).load_from_checkpoint(path, weights_only=True).generator.state_dict()


@MODELS
def test_the_average_is_that_of_the_formula_and_counts_batches(make, tmp_path):
    model, history = make(generator_steps=2), History()
    ema = GeneratorEMA(0.75, tmp_path / "average.ckpt")
    train(model, batches=4, callbacks=[ema, history])
    names = dict(model.generator.named_parameters())
    for name, averaged in generator_in(model, ema.path).items():
        expected = history.states[0][name]
        for state in history.states[1:]:
            expected = 0.75 * expected + 0.25 * state[name] if name in names else state[name]
        torch.testing.assert_close(averaged, expected, atol=1e-7, rtol=1e-5)
    assert ema.average.n_averaged == 4
    assert same(model.generator.state_dict(), history.states[-1])  # what was trained stays raw


def test_only_the_generator_is_averaged(tmp_path):
    model = dcgan()
    trainer = train(model, batches=3, callbacks=[GeneratorEMA(0.9, tmp_path / "average.ckpt")])
    trainer.save_checkpoint(tmp_path / "model.ckpt", weights_only=True)
    raw, averaged = (DCGAN.load_from_checkpoint(tmp_path / f"{name}.ckpt") for name in ("model", "average"))
    assert same(raw.discriminator.state_dict(), averaged.discriminator.state_dict())
    assert averaged.batches_seen == 3
    assert not torch.equal(raw.sample(LABELS, seed=0), averaged.sample(LABELS, seed=0))


def test_averaging_does_not_change_the_fit(tmp_path):
    with_average, without = acgan(), acgan()
    train(with_average, batches=2, callbacks=[GeneratorEMA(0.9, tmp_path / "average.ckpt")])
    train(without, batches=2)
    assert same(with_average.state_dict(), without.state_dict())


def test_applied_gives_the_raw_weights_back_also_after_an_exception(tmp_path):
    model, ema = dcgan(), GeneratorEMA(0.5, tmp_path / "average.ckpt")
    train(model, batches=2, callbacks=[ema])
    raw, averaged = copied(model.generator), copied(ema.average.module)
    assert not same(raw, averaged)
    with ema.applied(model):
        assert same(model.generator.state_dict(), averaged)
        assert same(ema.state_dict(), ema.average.state_dict())
    assert same(model.generator.state_dict(), raw)
    with pytest.raises(KeyError), ema.applied(model):
        raise KeyError
    assert same(model.generator.state_dict(), raw)
    assert same(ema.average.module.state_dict(), averaged)


@MODELS
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_resumed_fit_is_exact(make, precision, tmp_path):
    whole, half = make(), make()
    train(whole, batches=4, precision=precision, callbacks=[GeneratorEMA(0.9, tmp_path / "whole.ckpt")])
    saver = SaveAndDie(tmp_path / "state.ckpt", 2)
    with pytest.raises(RuntimeError, match="power"):
        train(half, batches=4, precision=precision, callbacks=[GeneratorEMA(0.9, tmp_path / "half.ckpt"), saver])
    assert not (tmp_path / "half.ckpt").exists()
    ema, again = GeneratorEMA(0.9, tmp_path / "resumed.ckpt"), make()
    train(again, batches=4, precision=precision, callbacks=[ema], resume=saver.path)
    assert same(again.state_dict(), whole.state_dict())
    assert same(generator_in(again, ema.path), generator_in(whole, tmp_path / "whole.ckpt"))
    control = GeneratorEMA(0.9, tmp_path / "control.ckpt")
    control.load_state_dict = lambda state: None  # an average that starts anew
    train(make(), batches=4, precision=precision, callbacks=[control], resume=saver.path)
    assert not same(generator_in(again, control.path), generator_in(whole, tmp_path / "whole.ckpt"))


def test_a_fit_resumed_after_its_last_epoch_still_writes_the_average(tmp_path):
    model, saver = dcgan(), SaveAndDie(tmp_path / "state.ckpt", 2, die=False)
    train(model, batches=2, callbacks=[GeneratorEMA(0.9, tmp_path / "whole.ckpt"), saver])
    train(dcgan(), batches=2, callbacks=[GeneratorEMA(0.9, tmp_path / "resumed.ckpt")], resume=saver.path)
    assert same(generator_in(model, tmp_path / "resumed.ckpt"), generator_in(model, tmp_path / "whole.ckpt"))


def test_the_average_follows_the_precision_of_the_fit(tmp_path):
    ema = GeneratorEMA(0.9, tmp_path / "average.ckpt")
    train(dcgan(), batches=2, precision="64-true", callbacks=[ema])
    assert {p.dtype for p in ema.average.module.parameters()} == {torch.float64}


@pytest.mark.slow
def test_under_spawned_processes_the_average_is_in_the_file(tmp_path):
    """The callback of the calling process never sees a batch."""
    model, ema = dcgan(spectral_norm=True), GeneratorEMA(0.9, tmp_path / "average.ckpt")
    train(model, batches=3, devices=2, strategy="ddp_spawn_find_unused_parameters_true", callbacks=[ema])
    assert ema.average is None
    averaged, raw = generator_in(model, ema.path), model.generator.state_dict()
    assert (averaged["project.weight"] - raw["project.weight"]).abs().max() > 1e-5
    assert averaged["body.0.num_batches_tracked"] == raw["body.0.num_batches_tracked"] == 3


def test_control_lightnings_own_counts_optimiser_steps_and_averages_the_discriminator():
    every_second, every = EMAWeightAveraging(update_every_n_steps=2), EMAWeightAveraging()
    train(dcgan(), batches=4, callbacks=[every_second])
    assert every_second._average_model.n_averaged == 0
    model, history = dcgan(), History()
    train(model, batches=4, callbacks=[every, history])
    assert every._average_model.n_averaged == 4
    assert not same(model.generator.state_dict(), history.states[-1])  # and it takes the raw weights' place
    assert any(name.startswith("module.discriminator") for name in every._average_model.state_dict())
