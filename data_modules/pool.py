"""A pool of generated lesions with its provenance: all that the classifier's side ever sees of a generator."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Provenance:
    """Where a pool comes from.

    Attributes:
        generator: Kind of generator, e.g. "acgan".
        cohort: Fingerprint of the cohort that it was fitted on.
        repeat: Repeat of the split.
        fold: Fold of the split.
        patients: Pseudonyms of every patient that the generator saw.
        seed: Seed of the noise.
        source: What its images are to a classifier: "synthetic", or "control" where no generator made them.
    """

    generator: str
    cohort: str
    repeat: int
    fold: int
    patients: tuple[str, ...]
    seed: int
    source: str = "synthetic"

    @classmethod
    def load(cls, folder: Path) -> "Provenance":
        """Read what `SamplePool.save` wrote, without the images."""
        origin = json.loads((folder / "provenance.json").read_text())
        return cls(**(origin | {"patients": tuple(origin["patients"])}))


@dataclass(frozen=True, eq=False)
class SamplePool:
    """Labelled synthetic ROIs.

    Attributes:
        images: Shape (N, 1, H, W) in [-1, 1].
        labels: Class indices, shape (N,).
        provenance: Their origin.
    """

    images: Tensor
    labels: Tensor
    provenance: Provenance

    def first(self, per_class: int) -> "SamplePool":
        """The first `per_class` images of every class: smaller pools are nested in larger ones."""
        kept = [(self.labels == label).nonzero()[:per_class, 0] for label in sorted(set(self.labels.tolist()))]
        assert all(len(positions) == per_class for positions in kept), "the pool holds fewer than were asked for"
        positions = torch.cat(kept)
        return SamplePool(self.images[positions], self.labels[positions], self.provenance)

    def save(self, folder: Path) -> None:
        """Write `pool.npz` (images as float16, precise to 1/2048 of the range) and `provenance.json`."""
        np.savez(folder / "pool.npz", images=self.images.half().numpy(), labels=self.labels.numpy())
        (folder / "provenance.json").write_text(json.dumps(asdict(self.provenance), indent=1))

    @classmethod
    def load(cls, folder: Path) -> "SamplePool":
        """Read what `save` wrote."""
        with np.load(folder / "pool.npz") as arrays:
            images, labels = torch.from_numpy(arrays["images"]).float(), torch.from_numpy(arrays["labels"])
        return cls(images, labels, Provenance.load(folder))
