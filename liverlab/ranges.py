"""What the types of `config.py` cannot say: which values make sense."""

import math
from typing import Any

from data_modules.errors import InputError
from liverlab.combinations import check_together
from liverlab.config import ExperimentConfig

# Setting -> smallest and largest value; None: no bound.
RANGES: dict[str, tuple[float, float | None]] = {
    "seed": (0, None),
    "n_folds": (2, None),
    "repeats": (1, None),
    "jobs": (1, None),
    "data.phantom_lesions": (3, None),
    "data.phantom_seed": (0, None),
    "roi.margin": (0, 0.7),  # with .4 more and turned by 45 degrees: within the 1.7 diameters of a wide patch
    "classic.size": (0, None),
    "classic.rotations": (0, None),
    "classic.flips": (0, 3),
    "classic.translations": (0, None),
    "classic.scales": (0, None),
    "classifier.dropout": (0, 1),
    "classifier.momentum": (0, 1),
    "classifier.batch_size": (1, None),
    "classifier.epochs": (1, None),
    "classifier.steps": (1, None),
    "bovw.patch_px": (4, 32),
    "bovw.stride_px": (1, None),
    "bovw.components": (1, None),
    "bovw.words": (2, None),
    "bovw.kept_share": (0, 1),
    "bovw.learning_patches": (1, None),
    "synthetic.size": (1, None),
    "synthetic.pool_size": (1, None),
    "control.reseed": (0, None),
    "control.corrupted_labels": (0, 1),
    "quality.draws": (20, None),  # below, the ends of a 95 % interval would be single draws
    "quality.neighbours": (1, None),
    "verdict.rope": (0, 1),
    "verdict.draws": (100, None),
    "verdict.flips": (100, None),
    "trainer.devices": (1, None),
    "trainer.num_nodes": (1, None),
    "trainer.save_every_seconds": (0, None),
    "watch.checks": (1, None),
    "watch.retries": (0, None),
    "watch.saturated_epochs": (1, None),
    "watch.saturated_gap": (0, 1),
    "watch.collapsed_spread": (0, None),
    "watch.ignored_label": (0, None),
    "watch.vanished_gradient": (0, None),
}
# of both GANs
RANGES |= {
    f"{kind}.{name}": (smallest, largest)
    for kind in ("dcgan", "acgan")
    for name, smallest, largest in (
        ("latent_dim", 1, None),
        ("generator_channels", 16, None),
        ("discriminator_channels", 1, None),
        ("generator_steps", 1, None),
        ("batch_size", 2, None),  # batch norm
        ("epochs", 1, None),
        ("ema_decay", 0, None),
        ("label_smoothing", 0, None),
        ("r1_gamma", 0, None),
    )
}
RANGES["acgan.embedding_dim"] = (1, None)
# what is averaged this way never moves at 1; a real image's target of 0 is that of a generated one
BELOW_ONE = tuple(f"{kind}.{name}" for kind in ("dcgan", "acgan") for name in ("ema_decay", "label_smoothing"))
RATES = (
    "classifier.lr",
    *(f"{kind}.{name}" for kind in ("dcgan", "acgan") for name in ("lr", "discriminator_lr", "gradient_clip")),
)
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "64-true")
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")


def check_ranges(config: ExperimentConfig) -> None:
    """Refuse values that could only fail later.

    Raises:
        InputError: Naming the setting, its value, and what would work.
    """
    for key, (smallest, largest) in RANGES.items():
        value = _number(config, key)
        if value is not None and value < smallest:
            raise InputError(f"{key}: {value} is too small; it starts at {smallest}.")
        if value is not None and largest is not None and value > largest:
            raise InputError(f"{key}: {value} is too large; it ends at {largest}.")
    for key in BELOW_ONE:
        value = _number(config, key)
        if value is not None and value >= 1:
            raise InputError(f"{key}: {value} is too large; it must be below 1.")
    for key in RATES:
        value = _number(config, key)
        if value is not None and value <= 0:
            raise InputError(f"{key}: {value} teaches nothing; it must be above 0.")
    for key in ("dcgan.betas", "acgan.betas"):
        if not all(0 <= beta < 1 for beta in _value(config, key)):
            raise InputError(f"{key}: {_value(config, key)}; each must be at least 0 and below 1.")
    for key, known in (("trainer.precision", PRECISIONS), ("trainer.accelerator", ACCELERATORS)):
        if _value(config, key) not in known:
            raise InputError(f"{key}: {_value(config, key)!r} is not known. Use one of {', '.join(known)}.")
    check_together(config)


def _number(config: ExperimentConfig, key: str) -> int | float | None:
    """A setting's value.

    Raises:
        InputError: If it is not finite. NaN, above all, passes every comparison with a bound.
    """
    value: int | float | None = _value(config, key)
    if value is not None and not math.isfinite(value):
        raise InputError(f"{key}: {value} is not a number to work with; it must be finite.")
    return value


def _value(config: ExperimentConfig, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value
