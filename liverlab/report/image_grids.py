"""Image grids of the report: real lesions beside every pool of the run, and classic augmentation of one lesion."""

from pathlib import Path
from typing import Any

import numpy as np

from liverlab.report.figures import tiles

OLDER = [{"name": "synthetic", "kind": "Synthetic", "arm": None}]  # a run from before it showed more than one pool


def sample_grids(folder: Path, run: dict[str, Any], class_names: list[str]) -> dict[str, Any] | None:
    """What `sample_grids.html` shows: a grid per class of the real lesions, and one of every pool.

    Args:
        folder: The run's; without `samples.npz` there is nothing to show.
        run: Content of `run.json`.
        class_names: Names of the labels.

    Returns:
        classes (class and its grids: title, count, image as data URI) and left_out (pools without a grid).
    """
    path = folder / "samples.npz"
    if not path.is_file():
        return None
    pools = run.get("samples") or OLDER
    titles = {"real": "Real"} | {pool["name"]: _title(pool) for pool in pools if pool["name"]}
    with np.load(path) as file:
        images = {name: (file[name], file[f"{name}_labels"]) for name in titles}
    classes = [
        {
            "class": class_name,
            "grids": [
                {"title": titles[name], "count": int((labels == c).sum()), "image": tiles(x[labels == c])}
                for name, (x, labels) in images.items()
                if c in labels
            ],
        }
        for c, class_name in enumerate(class_names)
    ]
    return {"classes": classes, "left_out": [_title(pool) for pool in pools if not pool["name"]]}


def _title(pool: dict[str, Any]) -> str:
    return f"{pool['kind']}, added in {pool['arm']}" if pool["arm"] else pool["kind"]


def augmentation_tiles(folder: Path, run: dict[str, Any]) -> dict[str, Any] | None:
    """What `augmentation.html` shows: `augmentation` of run.json, and as `tiles` pairs of caption and data URI.

    Args:
        folder: The run's, with `augmentation.npz` where there is something to show.
        run: Content of `run.json`.
    """
    found: dict[str, Any] | None = run.get("augmentation")
    if not found:
        return None
    with np.load(folder / "augmentation.npz") as file:
        images = [tiles(image[None]) for image in file["images"]]
    return found | {"tiles": list(zip(found["captions"], images, strict=True))}
