"""The generators that an experiment can name. A new one is a line here, a file beside, and a section in `config.py`."""

from typing import Protocol

from torch import Tensor

from liverlab.models.acgan import ACGAN
from liverlab.models.dcgan import DCGAN

GENERATORS: dict[str, type[ACGAN] | type[DCGAN]] = {"acgan": ACGAN, "dcgan": DCGAN}


class Sampler(Protocol):
    """What a trained generator offers."""

    def sample(self, labels: Tensor, *, seed: int) -> Tensor:
        """One image per class index, shape (N, 1, H, W) in [-1, 1]."""
        ...
