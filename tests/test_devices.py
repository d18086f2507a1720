"""Which strategy suits, and what is refused before anything runs."""

import joblib
import pytest
import torch

from data_modules.errors import InputError
from liverlab.config import TrainerConfig
from liverlab.devices import check_machine, choose_strategy, cluster_plugin, find_launch, own_device

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500", "RANK": "3", "GROUP_RANK": "1",
    "LOCAL_RANK": "1", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2",
}  # fmt: skip
SRUN = {
    "SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": "2", "SLURM_STEP_NUM_TASKS": "4", "SLURM_JOB_ID": "77",
    "SLURM_STEP_ID": "0", "SLURM_PROCID": "3", "SLURM_LOCALID": "1", "SLURM_JOB_NAME": "fit",
}  # fmt: skip


@pytest.fixture
def started_by(monkeypatch):
    def start(variables, *without):
        for name, value in variables.items():
            if name not in without:
                monkeypatch.setenv(name, value)

    return start


@pytest.fixture
def machine(monkeypatch):
    """A machine of two cores, with GPUs if asked for."""

    def build(*, gpus=0, bf16=True, mps=False):
        monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla V100")
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    build()
    return build


def two(**settings):
    return TrainerConfig(devices=2, **settings)


def test_inside_one_process_others_are_spawned():
    assert choose_strategy(TrainerConfig(), manual=True) == "auto"
    assert choose_strategy(two(), manual=True) == "ddp_spawn_find_unused_parameters_true"
    assert choose_strategy(two(), manual=False) == "ddp_spawn"
    fork = two(strategy="ddp_fork_find_unused_parameters_true")
    assert choose_strategy(fork, manual=True) == choose_strategy(fork, manual=False) == fork.strategy


@pytest.mark.parametrize("variables", [TORCHRUN, SRUN])
def test_under_a_launcher_the_processes_are_there(variables, started_by):
    started_by(variables)
    assert choose_strategy(two(num_nodes=2), manual=True) == "ddp_find_unused_parameters_true"
    assert choose_strategy(TrainerConfig(num_nodes=4), manual=False) == "ddp"
    with pytest.raises(InputError, match=r"under (torchrun|srun)\. Leave .* ddp_find_unused_parameters_true\.$"):
        choose_strategy(two(strategy="ddp_spawn_find_unused_parameters_true"), manual=True)


@pytest.mark.parametrize(
    "name", ["ddp", "ddp_spawn", "ddp_fork", "ddp_find_unused_parameters_false", "fsdp", "deepspeed"]
)
def test_what_a_gan_does_not_survive_is_refused(name):
    with pytest.raises(
        InputError, match=rf"^trainer\.strategy={name} cannot train two networks .*, or use ddp_spawn_find"
    ):
        choose_strategy(two(strategy=name), manual=True)


def test_a_classifier_may_have_plain_ddp_but_not_launch_the_command_again():
    assert choose_strategy(two(strategy="ddp_fork"), manual=False) == "ddp_fork"
    with pytest.raises(InputError, match=r"ddp does not work without torchrun or srun\. Leave"):
        choose_strategy(two(strategy="ddp"), manual=False)


def test_launches_are_known_by_what_they_set(started_by):
    assert find_launch() is None
    started_by(SRUN)
    launch = find_launch()
    assert (launch.by, launch.name) == ("srun", "77-0-0")
    started_by(TORCHRUN)  # torchrun inside a SLURM job goes first, as in Lightning
    launch = find_launch()
    assert (launch.by, launch.name) == ("torchrun", "none-127.0.0.1-29500")
    assert (launch.rank, launch.local_rank, launch.world_size, launch.per_node) == (3, 1, 4, 2)


def test_lightning_does_not_requeue_by_itself(started_by):
    assert cluster_plugin(TrainerConfig()) is None
    started_by(SRUN)
    assert cluster_plugin(two(num_nodes=2)).auto_requeue is False
    assert cluster_plugin(TrainerConfig()) is None  # a fit on one device is none of the launch's


def test_an_interactive_slurm_job_is_no_launch(started_by):
    started_by(SRUN | {"SLURM_JOB_NAME": "bash"})
    assert find_launch() is None


@pytest.mark.parametrize(
    ("variables", "without", "sentence"),
    [
        (SRUN, "SLURM_STEP_NUM_TASKS", r"has 4 tasks, but one process of this command\. Write srun before it; or"),
        (SRUN, "SLURM_NTASKS_PER_NODE", r"was given --ntasks=4 alone\. Lightning needs --nodes and --ntasks"),
    ],
)  # fmt: skip
def test_slurm_jobs_that_would_hang(variables, without, sentence, started_by):
    started_by(variables, without)
    with pytest.raises(InputError, match=sentence):
        check_machine(two(num_nodes=2))


def test_several_nodes_need_a_launcher(machine):
    with pytest.raises(
        InputError, match=r"on the other nodes.*`srun --nodes=2 --ntasks-per-node=1 .*--nnodes=2 --nproc"
    ):
        check_machine(TrainerConfig(num_nodes=2))


@pytest.mark.parametrize("variables", [TORCHRUN, SRUN])
def test_a_launchers_processes_must_be_the_settings_devices(variables, started_by, machine):
    started_by(variables)
    check_machine(two(num_nodes=2))
    for wrong in (two(), TrainerConfig(num_nodes=4), two(num_nodes=4)):
        with pytest.raises(
            InputError,
            match=r"started 4 processes of this command on 2 node\(s\).*set trainer.devices=2 trainer.num_nodes=2\.",
        ):
            check_machine(wrong)


@pytest.mark.parametrize(
    ("there", "settings", "sentence"),
    [
        ({}, {"devices": 3}, r"trainer\.devices=3: .* has 2 cores .* at most trainer\.devices=2\."),
        ({"gpus": 1}, {"devices": 2}, r"devices=2: .* has 1 GPU for this process\. Use at most trainer\.devices=1"),
        ({}, {"accelerator": "cuda"}, r"trainer\.accelerator=cuda: torch finds none on .*\. Use cpu or auto\."),
        ({}, {"accelerator": "gpu"}, "trainer.accelerator=gpu"),
        ({"gpus": 1}, {"accelerator": "mps"}, "trainer.accelerator=mps"),
        ({}, {"precision": "16-mixed"}, "a CPU has no such arithmetic. Use bf16-mixed or 32-true"),
        ({"gpus": 1, "bf16": False}, {"precision": "bf16-mixed"}, "V100 has no bfloat16. Use 16-mixed or 32-true"),
        ({"mps": True}, {"precision": "64-true"}, "have no 64-bit numbers. Use 32-true, or trainer.accelerator=cpu"),
    ],
)  # fmt: skip
def test_what_the_machine_lacks_is_refused(there, settings, sentence, machine):
    machine(**there)
    with pytest.raises(InputError, match=sentence):
        check_machine(TrainerConfig(**settings))


@pytest.mark.parametrize(
    ("there", "settings"),
    [
        ({}, {}),
        ({}, {"devices": 2, "precision": "bf16-mixed"}),
        ({"gpus": 4}, {"devices": 4, "precision": "bf16-mixed", "accelerator": "gpu"}),
        ({"gpus": 1}, {"devices": 2, "accelerator": "cpu"}),
        ({"gpus": 1}, {"precision": "64-true"}),
        ({"mps": True}, {"precision": "16-mixed"}),
    ],
)
def test_what_the_machine_has_is_not(there, settings, machine):
    machine(**there)
    check_machine(TrainerConfig(**settings))


def test_work_on_one_device_uses_the_ranks_own(started_by, machine):
    machine(gpus=4)
    assert own_device(TrainerConfig()) == 1
    started_by(TORCHRUN)
    assert own_device(TrainerConfig()) == [1]
    assert own_device(TrainerConfig(accelerator="cpu")) == 1
