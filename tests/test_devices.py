from liverlab.config import TrainerConfig
from liverlab.devices import choose_strategy

ONE, TWO = TrainerConfig(accelerator="cpu"), TrainerConfig(accelerator="cpu", devices=2)


def test_strategies():
    assert choose_strategy(ONE, manual=True) == "auto"
    assert choose_strategy(TWO, manual=True) == "ddp_spawn_find_unused_parameters_true"
    assert choose_strategy(TWO, manual=False) == "ddp_spawn"
    assert choose_strategy(TrainerConfig(devices=2, strategy="fsdp"), manual=True) == "fsdp"
