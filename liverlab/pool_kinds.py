"""What can fill a pool: a generator that is trained, or a control that is made of training lesions."""

from liverlab.config import ExperimentConfig

CONTROLS = ("classic_more", "duplicate_real", "placebo")  # see `control_pools.py`


def is_trained(config: ExperimentConfig) -> bool:
    """Whether the arm trains a generator, and so has a section of its settings."""
    return config.generator not in ("none", *CONTROLS)
