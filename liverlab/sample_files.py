"""Drawn samples as files: PNG, NPZ, DICOM. Each says that it is synthetic."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from callbacks.sample_grid import tile
from data_modules.roi import from_signed
from data_modules.secondary_capture import CaptureSeries, secondary_captures
from liverlab import __version__
from liverlab.finished_stage import NOT_CLINICAL, FinishedStage
from liverlab.stage_names import file_part

SHEET = 8  # lines and columns of a contact sheet, at most


def write_samples(
    folder: Path, stage: FinishedStage, samples: Mapping[str, Tensor], formats: Sequence[str], *, seed: int
) -> None:
    """Write the samples in each of the formats, and `samples.json`, which says where they come from.

    Args:
        folder: Must exist.
        stage: The generator's.
        samples: Images of shape (N, 1, H, W) in [-1, 1] by class.
        formats: Of "png", "npz" and "dicom".
        seed: Of the noise.
    """
    names = stage.trained_on.class_names
    if "npz" in formats:
        labels = torch.cat([torch.full((len(images),), names.index(name)) for name, images in samples.items()])
        images = torch.cat(list(samples.values()))
        np.savez_compressed(folder / "samples.npz", images=images.numpy(), labels=labels.numpy(), class_names=names)
    for name, images in samples.items():
        words = f"Synthetic image of class {name}, drawn from {stage.name} by liverlab {__version__} with seed {seed}. "
        words += f"Not a patient. {NOT_CLINICAL}"
        if "png" in formats:
            _write_png(folder, name, images, words)
        if "dicom" in formats:
            _write_dicom(folder, name, images, words, stage)
    facts = {
        "generator": stage.name,
        "cohort": stage.trained_on.cohort,
        "images": {name: len(images) for name, images in samples.items()},
        "seed": seed,
        "values": "npz: -1 to 1, png: 0 to 255, dicom: 0 to 4095; all the same range",
        "window_hu": stage.window_hu,
        "liverlab": __version__,
        "note": f"Synthetic images, not patients. {NOT_CLINICAL}",
    }
    (folder / "samples.json").write_text(json.dumps(facts, indent=1) + "\n")


def _write_png(folder: Path, name: str, images: Tensor, words: str) -> None:
    told = PngInfo()
    told.add_itxt("Description", words)
    for i, image in enumerate(images, start=1):
        tile(image[None], 1).save(folder / f"{file_part(name)}-{i:04d}.png", pnginfo=told)
    columns = min(SHEET, len(images))
    shown = min(len(images) // columns, SHEET) * columns  # whole lines
    tile(images[:shown], columns).save(folder / f"contact-sheet-{file_part(name)}.png", pnginfo=told)


def _write_dicom(folder: Path, name: str, images: Tensor, words: str, stage: FinishedStage) -> None:
    series = CaptureSeries(
        generator=stage.name,
        software=f"liverlab {__version__}",
        class_name=name,
        number=1 + stage.trained_on.class_names.index(name),
        derivation=words,
        window_hu=stage.window_hu,
    )
    for i, file in enumerate(secondary_captures(from_signed(images[:, 0]).numpy(), series), start=1):
        (folder / f"{file_part(name)}-{i:04d}.dcm").write_bytes(file)
