"""The layers of a network as a table: read off the modules while they run on an empty tensor, nothing is listed here.

The tensors are on PyTorch's meta device: shapes without numbers, so a network of the published size costs nothing.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from liverlab.models.networks import LesionCNN
from liverlab.models.registry import GENERATORS, build_generator

# words for types of layers; braces hold attributes of the module. Any other type goes by its own name.
WORDS = {
    "Conv2d": "convolution",
    "ConvTranspose2d": "fractionally-strided convolution",
    "Linear": "dense",
    "BatchNorm2d": "batch norm",
    "MaxPool2d": "max-pool",
    "LeakyReLU": "leaky ReLU {negative_slope}",
    "Dropout": "dropout {p}",
    "HalfDropout": "dropout {p}",
    "Tanh": "tanh",
    "Flatten": "flatten",
    "Embedding": "embedding",
}

Table = dict[str, Any]


def layer_rows(network: nn.Module, *inputs: Tensor) -> list[dict[str, Any]]:
    """One row per layer in the order in which they run.

    Args:
        network: On the device of the inputs.
        inputs: What its `forward` takes.

    Returns:
        layer (in words), kernel and stride (pixels, None where there is none), output (shape of one sample, channels
        first) and parameters (trained numbers) of every layer.
    """
    rows: list[dict[str, Any]] = []

    def note(layer: nn.Module, _: Any, output: Tensor) -> None:
        name = WORDS.get(type(layer).__name__, type(layer).__name__).format_map(vars(layer))
        row = {
            "layer": f"{name}, spectral norm" if hasattr(layer, "weight_orig") else name,
            "kernel": _square(getattr(layer, "kernel_size", None)),
            "stride": _square(getattr(layer, "stride", None)),
            "output": list(output.shape[1:]),
            "parameters": parameters_of(layer),
        }
        rows.append(row)

    leaves = [module for module in network.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(note) for module in leaves if not isinstance(module, nn.Identity)]
    was_training = network.training
    with torch.no_grad():
        network.eval()(*inputs)
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    return rows


def parameters_of(module: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(parameter.numel() for parameter in module.parameters())


def classifier_table(settings: Mapping[str, Any], *, size: int, num_classes: int) -> Table:
    """The CNN of these settings.

    Args:
        settings: The section `classifier`.
        size: Pixels per side of an ROI.
        num_classes: Number of classes.

    Returns:
        network, kind, input (shape of one image), layers (`layer_rows`) and parameters (their sum).
    """
    names = ("channels", "hidden", "dropout")
    with torch.device("meta"):
        network = LesionCNN(num_classes=num_classes, size=size, **{name: settings[name] for name in names})
        return _table("classifier", "cnn", network, torch.empty(1, 1, size, size))


def gan_tables(kind: str, settings: Mapping[str, Any], *, size: int, num_classes: int) -> list[Table]:
    """Generator and discriminator of these settings, as `classifier_table` gives them.

    Args:
        kind: A name of `GENERATORS`.
        settings: The section of this name.
        size: Pixels per side of an ROI.
        num_classes: Number of classes.
    """
    with torch.device("meta"):
        model = build_generator(kind, settings, size=size, num_classes=num_classes, seed=0)
        asked = [] if GENERATORS[kind].one_per_class else [torch.zeros(1, dtype=torch.long)]
        return [
            _table("generator", kind, model.generator, torch.empty(1, model.latent_dim), *asked),
            _table("discriminator", kind, model.discriminator, torch.empty(1, 1, size, size)),
        ]


def _table(role: str, kind: str, network: nn.Module, *inputs: Tensor) -> Table:
    rows, total = layer_rows(network, *inputs), parameters_of(network)
    assert sum(row["parameters"] for row in rows) == total, "a layer ran twice or not at all"
    shape = list(inputs[0].shape[1:])
    return {"network": role, "kind": kind, "input": shape, "layers": rows, "parameters": total}


def _square(size: int | tuple[int, int] | None) -> int | None:
    """The side of a kernel or stride; all of this project's are square."""
    return size[0] if isinstance(size, tuple) else size
