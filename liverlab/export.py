"""Finished networks as ONNX, each compared with PyTorch before it is kept.

torch.onnx.export by way of torch.export, the exporter that PyTorch maintains; it needs onnxscript.
"""

import importlib
import json
import logging
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from data_modules.errors import InputError
from liverlab import __version__
from liverlab.finished_networks import load_classifier, load_generator
from liverlab.finished_stage import NOT_CLINICAL, FinishedStage
from liverlab.models.noise import latent_noise

TOLERANCE = 1e-5  # largest difference from PyTorch, of the largest output
BATCHES = (2, 1, 7)  # the first is traced, where 1 would be taken for a constant; the others must work as well
NEEDED = ("onnx", "onnxruntime", "onnxscript")
Example = Callable[[int], tuple[Tensor, ...]]  # inputs for a batch of this many


def expect_exporter() -> None:
    """See that the optional packages are there.

    Raises:
        InputError: If one is missing.
    """
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            text = f"`liverlab export` needs the package {name}: pip install -c constraints.txt -e '.[export]'"
            raise InputError(text) from None


def export_classifier(stage: FinishedStage, folder: Path) -> float:
    """Write `classifier.onnx`: probabilities (N, classes) from `images` (N, 1, size, size) in (0, 1).

    The training mean is part of the graph. How an ROI is made of a CT stands in the model's metadata, and to be read in
    `classifier_card.json`.

    Returns:
        The largest difference from PyTorch, see `write_onnx`.
    """
    network, size = load_classifier(stage), stage.roi.size
    facts = _facts(stage) | {"input": "ROIs in (0, 1), before any mean is subtracted", "output": "probabilities"}

    (folder / "classifier_card.json").write_text(json.dumps(facts, indent=1) + "\n")

    def example(count: int) -> tuple[Tensor, ...]:
        return (torch.rand(count, 1, size, size),)

    return write_onnx(network, example, ["images"], "probabilities", folder / "classifier.onnx", facts)


def export_generator(stage: FinishedStage, folder: Path) -> float:
    """Write `generator.onnx`: `images` (N, 1, size, size) in [-1, 1] from `noise` (N, latent_dim).

    A generator of several classes also takes `labels` (N,), int64.

    Returns:
        The largest difference from PyTorch, see `write_onnx`.
    """
    model = load_generator(stage)
    facts = _facts(stage) | {
        "input": f"{model.latent} noise" + (" in [-1, 1]" if model.latent == "uniform" else ""),
        "output": "images in [-1, 1], the ends of the window or of an ROI's own range",
    }
    classes = 0 if model.one_per_class else model.num_classes

    def example(count: int) -> tuple[Tensor, ...]:
        noise = latent_noise(count, model.latent_dim, model.latent, torch.device("cpu"))
        return (noise, torch.arange(count) % classes) if classes else (noise,)

    names = ["noise", "labels"] if classes else ["noise"]
    return write_onnx(model.generator, example, names, "images", folder / "generator.onnx", facts)


def _facts(stage: FinishedStage) -> dict[str, Any]:
    """What goes into the file beside the graph."""
    return {
        "stage": stage.name,
        "liverlab": __version__,
        "class_names": stage.known_classes,
        "roi": stage.settings["roi"],
        "cohort": stage.trained_on.cohort,
        "note": f"Research only. {NOT_CLINICAL}",
    }


def write_onnx(
    network: nn.Module, example: Example, inputs: list[str], output: str, path: Path, facts: Mapping[str, Any]
) -> float:
    """Write a network as ONNX, for batches of any size, and compare it with PyTorch.

    Args:
        network: In eval mode.
        example: Inputs for a batch of a given size; the batch is the first axis of all.
        inputs: Their names.
        output: Name of the one output.
        path: File to write.
        facts: Metadata; what is not a string is written as JSON.

    Returns:
        The largest difference from PyTorch over several batch sizes, as part of the largest output.

    Raises:
        RuntimeError: If it is above 1e-5; the file is then removed.
    """
    batch = torch.export.Dim("batch")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # that torchvision is not there is meant
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts of PyTorch that PyTorch itself uses
        program = torch.onnx.export(
            network,
            example(BATCHES[0]),
            input_names=inputs,
            output_names=[output],
            dynamic_shapes=tuple({0: batch} for _ in inputs),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    for node in program.model.graph:
        node.metadata_props.clear()  # stack traces, with the folders of this machine
    program.model.metadata_props.update(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}
    )
    program.save(str(path))
    difference = _difference(network, example, inputs, path)
    if not difference <= TOLERANCE:
        path.unlink()
        raise RuntimeError(f"{path.name} differs from PyTorch by up to {difference:.2g}, more than {TOLERANCE:g}.")
    return difference


def _difference(network: nn.Module, example: Example, inputs: list[str], path: Path) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    differences = []
    for count in BATCHES:
        values = example(count)
        with torch.no_grad():
            expected = network(*values).numpy()
        (found,) = session.run(None, {name: value.numpy() for name, value in zip(inputs, values, strict=True)})
        # a generator that has hardly been trained gives values near 0, where any graph would be right within 1e-5
        differences.append(np.abs(found - expected).max() / np.abs(expected).max())
    return float(np.max(differences))
