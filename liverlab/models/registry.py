"""The generators that an experiment can name. A new one is a line here, a file beside, and a section in `config.py`."""

from typing import Any

from liverlab.models.acgan import ACGAN
from liverlab.models.dcgan import DCGAN

# Each a LightningModule with `sample` and `one_per_class`, built from keyword arguments.
GENERATORS: dict[str, type[Any]] = {"acgan": ACGAN, "dcgan": DCGAN}
