"""One experiment: plan the arm and its baseline, run what is missing, evaluate, report."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import joblib
from omegaconf import OmegaConf
from rich.console import Console

from data_modules.errors import InputError
from liverlab.arms import arms_of, changes_of, describe_arms
from liverlab.config import ExperimentConfig
from liverlab.devices import Launch, check_machine, choose_strategy, find_launch
from liverlab.evaluation.rule import Rule, freeze
from liverlab.launch import expected_seconds, follow_stages, lead_stages, run_stages
from liverlab.pool_kinds import is_trained
from liverlab.ranks import meeting, told_once
from liverlab.settings import ProfileChange, flatten, load_experiment, protocol_name
from liverlab.stages import Stage, in_order

PATHS = {"data.manifest": "manifest", "quality.torchscript": "torchscript"}  # the user's, and what stands for them
TRAINER_WITHOUT_EFFECT = ("strategy", "accelerator", "save_every_seconds")
WITHOUT_EFFECT = ("runs_dir=", "jobs=", "tracking=", *(f"trainer.{name}=" for name in TRAINER_WITHOUT_EFFECT))


def run_experiment(name: str, overrides: Sequence[str], *, dry_run: bool, console: Console) -> Path | None:
    """Run an experiment, or with `dry_run` only show what would run.

    Args:
        name: A file of `experiments/`.
        overrides: Settings as `key=value`.
        dry_run: Stop after the plan.
        console: Where to write.

    Returns:
        The report's path, None after a dry run.

    Raises:
        InputError: If a setting or the user's data are wrong.
    """
    launch = find_launch()
    with told_once(launch):
        config = load_experiment(name, overrides)
        arm_configs = arms_of(name, overrides)
        check_machine(config.trainer)
        choose_strategy(config.trainer, manual=any(map(is_trained, arm_configs)))
        if launch and launch.rank > 0:
            if not dry_run:
                _follow(name, arm_configs, launch)
            return None
    about = describe_arms(config, arm_configs)
    runs = Path(config.runs_dir)
    folder = runs / "experiments" / run_slug(name, overrides)
    resolved = OmegaConf.to_yaml(OmegaConf.structured(without_paths(config)))
    changes = changes_of(name, overrides)
    _print_header(config, about, changes, resolved, console)
    from liverlab.pipeline import plan_arm  # takes seconds: torch and Lightning
    from liverlab.quality_plan import plan_quality
    from liverlab.tracking import log_result, resolve_mode

    arms = {arm.name: plan_arm(arm, experiment=name) for arm in arm_configs}
    quality = plan_quality(arm_configs, arms, about)
    _print_plan(_in_order(arms, quality), runs, console, every_stage=dry_run)
    if dry_run:
        return None
    resolve_mode(config.tracking)  # a missing login stops the run here, not in a stage
    _begin(folder, resolved, Rule(**asdict(config.verdict)))
    from liverlab.results import gather

    def report_of(measured: Mapping[str, Sequence[Stage]]) -> tuple[dict[str, Any], Path]:
        gather(folder, runs, arms, measured, config, changes, telling(overrides), about)
        return evaluate_and_report(folder)

    if launch and launch.world_size > 1:
        with meeting(runs, launch) as ranks:
            lead_stages(_in_order(arms), runs, ranks, console)
    else:
        run_stages(_in_order(arms), runs, jobs=stages_at_once(config), console=console)
    try:
        run_stages(_in_order(quality), runs, jobs=stages_at_once(config), console=console)
    except Exception:
        report_of({})  # the verdict is there without it
        raise
    metrics, report = report_of(quality)
    keys = {arm: in_order(planned)[-1].key for arm, planned in arms.items()}
    log_result(metrics, keys, config, runs / "wandb")
    from liverlab.report.summary import verdict_lines

    console.print(verdict_lines(metrics), highlight=False, markup=False, soft_wrap=True)
    console.print(f"\nReport: {report}", highlight=False, markup=False, soft_wrap=True)
    return report


def _in_order(*groups: Mapping[str, Sequence[Stage]]) -> list[Stage]:
    return in_order([stage for group in groups for planned in group.values() for stage in planned])


def _follow(name: str, arms: Sequence[ExperimentConfig], launch: Launch) -> None:
    """What a process of a launch does that is not rank 0: it plans the same, and joins rank 0's fits."""
    from liverlab.pipeline import plan_arm

    stages = [stage for arm in arms for stage in plan_arm(replace(arm, tracking="none"), experiment=name)]
    runs = Path(arms[0].runs_dir)
    with meeting(runs, launch) as ranks:
        follow_stages(stages, runs, ranks)


def evaluate_and_report(folder: Path) -> tuple[dict[str, Any], Path]:
    """Write `metrics.json` and `report.html` of a finished run, by the rule that its config fixed before results.

    Raises:
        InputError: If the folder is not one of a finished run.
    """
    from liverlab.evaluation.evaluate import evaluate
    from liverlab.report.page import write_report

    if not (folder / "config.yaml").is_file():
        raise InputError(f"{folder} holds no finished run: config.yaml is missing. `liverlab run` makes one.")
    config = OmegaConf.load(folder / "config.yaml")
    rule = config.verdict
    metrics = evaluate(folder, rope=rule.rope, draws=rule.draws, flips=rule.flips, seed=config.seed)
    return metrics, write_report(folder)


def run_slug(name: str, overrides: Sequence[str]) -> str:
    """Folder name of a run: the experiment, and what was set on the command line that can change the result."""
    name, settings = name.replace("/", "-"), "-".join(telling(overrides))
    if not settings:
        return name
    text = re.sub(r"[^A-Za-z0-9=._]+", "-", settings.replace("[", "").replace("]", "")).strip("-")
    if len(text) > 60:
        text = f"{text[:50]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return f"{name}-{text}"


def telling(overrides: Sequence[str]) -> list[str]:
    """The overrides that can change the result, without the user's paths."""
    kept = sorted(text for text in overrides if not text.startswith(WITHOUT_EFFECT))
    return [_without_path(text) for text in kept]


def _without_path(override: str) -> str:
    key, _, value = override.partition("=")
    if key not in PATHS:
        return override
    return f"{key}={PATHS[key]}-{hashlib.sha256(value.encode()).hexdigest()[:6]}"


def without_paths(config: ExperimentConfig) -> ExperimentConfig:
    """The config as it may be shown and handed on: folder names of a hospital can name patients."""
    data = replace(config.data, manifest=config.data.manifest and "manifest.csv")
    quality = replace(config.quality, torchscript=config.quality.torchscript and "torchscript.pt")
    return replace(config, data=data, quality=quality, runs_dir=Path(config.runs_dir).name)


def _begin(folder: Path, resolved: str, rule: Rule) -> None:
    """Write the config and the verdict's rule first; what an earlier run with other settings left is taken away."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    if config.is_file() and config.read_text() != resolved:
        for old in folder.iterdir():
            if old.is_file():
                old.unlink()
    config.write_text(resolved)
    freeze(folder, rule)


def stages_at_once(config: ExperimentConfig) -> int:
    """The setting, or one per core without an accelerator and one with."""
    if config.jobs is not None:
        return config.jobs
    import torch

    on_cpu = config.trainer.accelerator == "cpu" or not torch.accelerator.is_available()
    return joblib.cpu_count() if on_cpu and config.trainer.devices == 1 else 1


def _print_header(
    config: ExperimentConfig, about: dict[str, Any], changes: Sequence[ProfileChange], resolved: str, console: Console
) -> None:
    arms = f", {len(about['descriptions'])} arms" if about["baseline"] else ""
    phantom = f"digital phantom of {config.data.phantom_lesions} lesions (not patients)"
    data = "the user's manifest" if config.data.manifest else phantom
    lines = [f"liverlab: {config.name}{arms}. Profile {config.profile}. {_design(config)}. Data: {data}."]
    if about["baseline"]:
        lines.append(f"Declared: {about['arm']} against {about['baseline']} (the primary comparison)")
        lines[-1] += "".join(f"; {arm} against {baseline}" for arm, baseline in about["also_compare"]) + "."
    if about["by_epochs"]:
        lines.append(f"Once more by epochs, described only: {', '.join(about['by_epochs'])}.")
    if changes:
        lines.append("The profile changed:")
    lines += [f"  {c.setting}: {c.used} (published: {c.published})" for c in changes]
    lines += ["Settings:", *(f"  {key}: {value}" for key, value in flatten(OmegaConf.create(resolved)).items())]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


def _design(config: ExperimentConfig) -> str:
    repeats = "once" if config.repeats == 1 else f"{config.repeats} times"
    if config.holdout:
        sides = f"{config.holdout.test_lesions:,} lesions held out, trained on {config.holdout.train_lesions}"
        return f"Protocol {protocol_name(config)}: {sides}, {repeats}"
    return f"Protocol {protocol_name(config)}: {config.n_folds} folds, {repeats}"


def _print_plan(stages: Sequence[Stage], runs: Path, console: Console, *, every_stage: bool) -> None:
    """The stages, which are done, and how long the rest took last time."""
    expected = expected_seconds(stages, runs)
    todo = [stage for stage in stages if not stage.finished(runs)]
    lines = [f"{len(stages)} stages, {len(stages) - len(todo)} of them finished."]
    for stage in stages if every_stage else ():
        seconds = expected[stage.key]
        known = "not timed yet" if seconds is None else f"{seconds:.0f} s last time"
        lines.append(f"  {stage.kind} {stage.name}-{stage.key}: {'finished' if stage not in todo else known}")
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
