"""Which devices a fit uses, who starts its processes, and the form of data-parallel training that suits a model."""

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib

from data_modules.errors import InputError
from liverlab.config import TrainerConfig

if TYPE_CHECKING:
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment

NAMES = {"cuda": "GPU", "mps": "GPU", "cpu": "core"}


@dataclass(frozen=True)
class Launch:
    """That srun or torchrun started this command, once per device.

    Attributes:
        by: "srun" or "torchrun".
        name: The same in all processes of a launch; a later launch may have it again.
        rank: Which of all processes this is.
        local_rank: Which of its node's.
        world_size: Number of processes.
        per_node: Number of processes on each node.
    """

    by: str
    name: str
    rank: int
    local_rank: int
    world_size: int
    per_node: int


def find_launch() -> Launch | None:
    """Who started this process, as Lightning sees it; None where nobody but the user did.

    Raises:
        InputError: If SLURM gave the job several tasks, and this is not one of them.
    """
    if not {"TORCHELASTIC_RUN_ID", "SLURM_NTASKS"} & os.environ.keys():
        return None  # the answer without four seconds of imports
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

    if TorchElasticEnvironment.detect():
        numbers = [int(os.environ[key]) for key in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")]
        facts = [os.environ[key] for key in ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT")]
        if numbers[2] == numbers[3]:
            facts.append(socket.gethostname())  # each node that is alone may call itself localhost
        return Launch("torchrun", "-".join(facts), *numbers)
    return _slurm_launch() if SLURMEnvironment.detect() else None


def _slurm_launch() -> Launch:
    tasks, per_node = int(os.environ["SLURM_NTASKS"]), os.environ.get("SLURM_NTASKS_PER_NODE")
    if tasks > 1 and "SLURM_STEP_NUM_TASKS" not in os.environ:
        raise InputError(
            f"This SLURM job has {tasks} tasks, but one process of this command. Write srun before it; "
            f"or, for several cores of one process, ask for --ntasks=1 --cpus-per-task={tasks}."
        )
    if tasks > 1 and per_node is None:
        raise InputError(
            f"SLURM was given --ntasks={tasks} alone. Lightning needs --nodes and --ntasks-per-node instead."
        )
    name = "-".join(os.environ.get(f"SLURM_{key}", "0") for key in ("JOB_ID", "STEP_ID", "RESTART_COUNT"))
    rank, local_rank = (int(os.environ.get(key, 0)) for key in ("SLURM_PROCID", "SLURM_LOCALID"))
    return Launch("srun", name, rank, local_rank, tasks, int(per_node or tasks))


def choose_strategy(config: TrainerConfig, *, manual: bool) -> str:
    """The form of DDP that suits a model and the way of starting, unless the user chose one.

    Two networks that are stepped in turn leave parameters unused in each half step, which plain DDP does not survive
    (Lightning #20328), nor with a static graph (#20866). Spawned processes work from inside a stage; a script launched
    again would run the whole command.

    Args:
        config: Devices and strategy.
        manual: Whether the model steps several optimisers by itself, as a GAN does.

    Raises:
        InputError: If the user's choice cannot work.
    """
    launch = find_launch()
    suited = [form + "_find_unused_parameters_true" for form in (["ddp"] if launch else ["ddp_spawn", "ddp_fork"])]
    if not manual:
        suited = [name.removesuffix("_find_unused_parameters_true") for name in suited] + suited
    if config.strategy == "auto":
        return suited[0] if config.devices * config.num_nodes > 1 else "auto"
    if config.strategy not in suited:
        why = f"does not work {f'under {launch.by}' if launch else 'without torchrun or srun'}"
        if manual and not config.strategy.endswith("_find_unused_parameters_true"):
            why = "cannot train two networks that are stepped in turn"
        works = " or ".join(suited)
        raise InputError(f"trainer.strategy={config.strategy} {why}. Leave the setting out, or use {works}.")
    return config.strategy


def check_machine(config: TrainerConfig) -> None:
    """Refuse devices, processes and numbers that this machine does not have, before anything runs.

    Raises:
        InputError: Naming the setting, what is there, and what works.
    """
    _check_processes(config, find_launch())
    if config.devices == 1 and config.accelerator in ("auto", "cpu") and config.precision == "32-true":
        return  # every machine has that; torch need not be asked
    import torch

    cuda, mps = torch.cuda.device_count(), torch.backends.mps.is_available()
    there = {"mps": int(mps), "cuda": cuda if torch.cuda.is_available() else 0, "cpu": joblib.cpu_count()}
    wanted = {"auto": ("mps", "cuda", "cpu"), "gpu": ("mps", "cuda")}.get(config.accelerator, (config.accelerator,))
    device = next((name for name in wanted if there[name]), None)
    if device is None:
        raise InputError(
            f"trainer.accelerator={config.accelerator}: torch finds none on {socket.gethostname()}. Use cpu or auto."
        )
    if config.devices > there[device]:
        found = f"{there[device]} {NAMES[device]}{'s' * (there[device] > 1)}"
        raise InputError(
            f"trainer.devices={config.devices}: {socket.gethostname()} has {found} for this process. "
            f"Use at most trainer.devices={there[device]}."
        )
    _check_precision(config.precision, device)


def _check_precision(precision: str, device: str) -> None:
    import torch

    if precision == "16-mixed" and device == "cpu":
        text = "a CPU has no such arithmetic. Use bf16-mixed or 32-true."
    elif precision == "bf16-mixed" and device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        text = f"{torch.cuda.get_device_name()} has no bfloat16. Use 16-mixed or 32-true."
    elif precision == "64-true" and device == "mps":
        text = "Apple's GPUs have no 64-bit numbers. Use 32-true, or trainer.accelerator=cpu."
    else:
        return
    raise InputError(f"trainer.precision={precision}: {text}")


def _check_processes(config: TrainerConfig, launch: Launch | None) -> None:
    """Processes started from outside must be one per device; several nodes need them."""
    needed = config.devices * config.num_nodes
    shape = f"--nodes={config.num_nodes} --ntasks-per-node={config.devices}"
    torchrun = f"torchrun --nnodes={config.num_nodes} --nproc-per-node={config.devices}"
    if config.num_nodes > 1 and launch is None:
        raise InputError(
            f"trainer.num_nodes={config.num_nodes}: nothing started this command on the other nodes. In a SLURM job: "
            f"`srun {shape} liverlab run ...`; elsewhere, on every node: "
            f"`{torchrun} --rdzv-backend=c10d --rdzv-endpoint=HOST:29400 -m liverlab run ...`, HOST being one of them."
        )
    if launch and (launch.world_size, launch.per_node) != (needed, config.devices):
        nodes = launch.world_size // launch.per_node
        line = f"srun {shape}" if launch.by == "srun" else torchrun
        raise InputError(
            f"{launch.by} started {launch.world_size} processes of this command on {nodes} node(s), but "
            f"trainer.devices={config.devices} and trainer.num_nodes={config.num_nodes} need {needed} on "
            f"{config.num_nodes}. Start it by `{line} ...`, "
            f"or set trainer.devices={launch.per_node} trainer.num_nodes={nodes}."
        )


def cluster_plugin(config: TrainerConfig) -> "SLURMEnvironment | None":
    """Lightning's SLURM environment without its own requeueing; None elsewhere.

    That saves a state in the middle of an epoch and loads it unasked, past our check whose state it is.
    """
    launch = find_launch()
    if launch is None or launch.by != "srun" or launch.world_size != config.devices * config.num_nodes:
        return None
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment

    return SLURMEnvironment(auto_requeue=False)


def own_device(config: TrainerConfig) -> int | list[int]:
    """Lightning's `devices` for work on a single one: under a launcher that of this process's rank, else any."""
    import torch

    launch = find_launch()
    return [launch.local_rank] if launch and config.accelerator != "cpu" and torch.cuda.is_available() else 1
