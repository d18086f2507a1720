"""Which devices a fit uses, and the form of data-parallel training that suits it."""

from liverlab.config import TrainerConfig


def choose_strategy(config: TrainerConfig, *, manual: bool) -> str:
    """The form of DDP that suits a model, unless the user chose one.

    Two networks that are stepped in turn leave parameters unused in each half step, which plain DDP does not survive
    (Lightning #20328). Spawned processes work from inside a stage; a script launched again would run the whole command.

    Args:
        config: Devices and strategy.
        manual: Whether the model steps several optimisers by itself, as a GAN does.
    """
    if config.strategy != "auto" or config.devices == 1:
        return config.strategy
    return "ddp_spawn_find_unused_parameters_true" if manual else "ddp_spawn"
