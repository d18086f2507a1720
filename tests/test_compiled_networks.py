import copy
import dataclasses
import functools

import torch
from resumed_fits import EVERY_EPOCH, classifier, fit_gan
from small_gans import acgan

from callbacks.compiled_networks import CompiledNetworks

COMPILED = dataclasses.replace(EVERY_EPOCH, compile=True)


def test_networks_are_compiled_and_metrics_and_the_module_are_not():
    model = classifier()
    names = list(model.state_dict())
    CompiledNetworks().setup(None, model, "fit")
    assert [name for name, module in model.named_modules() if module._compiled_call_impl] == ["network"]
    assert list(model.state_dict()) == names
    assert copy.deepcopy(model).network._compiled_call_impl is None  # so it must be done in each process


def test_a_compiled_gan_trains_and_keeps_its_names(monkeypatch, tmp_path):
    graphs = []

    def backend(graph, inputs):  # instead of a compiler, which takes a minute
        graphs.append(graph)
        return graph.forward

    monkeypatch.setattr(torch.nn.Module, "compile", functools.partialmethod(torch.nn.Module.compile, backend=backend))
    plain = fit_gan(acgan, tmp_path / "plain", epochs=1)
    assert not graphs
    compiled = fit_gan(acgan, tmp_path / "compiled", epochs=1, config=COMPILED)
    assert graphs
    torch.testing.assert_close(compiled.state_dict(), plain.state_dict())
