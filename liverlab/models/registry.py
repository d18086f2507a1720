"""The generators that an experiment can name.

A new one is a line here, a file beside, and a section in `generator_config.py`.
"""

from collections.abc import Mapping
from typing import Any

from liverlab.models.acgan import ACGAN
from liverlab.models.dcgan import DCGAN

# Each a LightningModule with `sample` and `one_per_class`, built from keyword arguments.
GENERATORS: dict[str, type[Any]] = {"acgan": ACGAN, "dcgan": DCGAN}
OF_THE_FIT = ("epochs", "batch_size", "ema_decay")  # the trainer's, the data module's and a callback's


def build_generator(kind: str, settings: Mapping[str, Any], *, size: int, num_classes: int, seed: int) -> Any:
    """An untrained model from its section of the settings.

    Args:
        kind: A name of `GENERATORS`.
        settings: The section of this name; what is of the fit alone is left out.
        size: Pixels per side of an ROI.
        num_classes: Of the cohort; a generator of one class does not ask for it.
        seed: Seed of noise and dropout.
    """
    model = GENERATORS[kind]
    network = {name: value for name, value in settings.items() if name not in OF_THE_FIT}
    conditional: dict[str, Any] = {} if model.one_per_class else {"num_classes": num_classes}
    return model(size=size, seed=seed, **conditional, **network)
