"""One experiment: plan the arm and its baseline, run what is missing, evaluate, report."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from omegaconf import OmegaConf
from rich.console import Console

from liverlab.config import ExperimentConfig
from liverlab.launch import expected_seconds, run_stages
from liverlab.settings import flatten, load_experiment, profile_changes
from liverlab.stages import Stage, in_order

# What makes an arm; everything else is the same for both sides of a comparison.
ARM = ("name", "description", "augmentation", "generator", "classic", "synthetic", "dcgan", "acgan")
WITHOUT_EFFECT = ("runs_dir=", "jobs=", "tracking=", "trainer.devices=", "trainer.accelerator=")
ARM_OVERRIDES = ("augmentation=", "generator=", "compare_with=", "description=")


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
    config = load_experiment(name, overrides)
    arm_configs = [baseline_of(config, overrides), config] if config.compare_with else [config]
    runs = Path(config.runs_dir)
    folder = runs / "experiments" / run_slug(name, overrides)
    _print_header(config, overrides, folder, console)
    from liverlab.pipeline import plan_arm  # takes seconds: torch and Lightning

    arms = {arm.name: plan_arm(arm, experiment=name) for arm in arm_configs}
    stages = in_order([stage for planned in arms.values() for stage in planned])
    _print_plan(stages, runs, console, every_stage=dry_run)
    if dry_run:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.structured(config)))
    run_stages(stages, runs, jobs=stages_at_once(config), console=console)
    from liverlab.evaluation.evaluate import evaluate
    from liverlab.report.page import write_report
    from liverlab.report.summary import verdict_lines
    from liverlab.results import gather
    from liverlab.tracking import log_result

    gather(folder, runs, arms, config, profile_changes(name, overrides))
    rule = config.verdict
    metrics = evaluate(folder, rope=rule.rope, draws=rule.draws, flips=rule.flips, seed=config.seed)
    report = write_report(folder)
    log_result(metrics, config, runs / "wandb")
    console.print(verdict_lines(metrics), highlight=False, markup=False, soft_wrap=True)
    console.print(f"\nReport: {report}", highlight=False, markup=False, soft_wrap=True)
    return report


def baseline_of(config: ExperimentConfig, overrides: Sequence[str]) -> ExperimentConfig:
    """The arm to compare with, under the experiment's own splits, seeds, data and training budget."""
    assert config.compare_with
    shared = [text for text in overrides if not text.startswith(ARM_OVERRIDES)]
    other = load_experiment(config.compare_with, shared)
    return replace(config, **{field.name: getattr(other, field.name) for field in fields(config) if field.name in ARM})


def run_slug(name: str, overrides: Sequence[str]) -> str:
    """Folder name of a run: the experiment, and what was set on the command line that can change the result."""
    telling = sorted(text for text in overrides if not text.startswith(WITHOUT_EFFECT))
    if not telling:
        return name
    text = re.sub(r"[^A-Za-z0-9=._]+", "-", "-".join(telling).replace("[", "").replace("]", "")).strip("-")
    if len(text) > 60:
        text = f"{text[:50]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return f"{name}-{text}"


def stages_at_once(config: ExperimentConfig) -> int:
    """The setting, or one per core without an accelerator and one with."""
    if config.jobs is not None:
        return config.jobs
    import torch

    on_cpu = config.trainer.accelerator == "cpu" or not torch.accelerator.is_available()
    return len(os.sched_getaffinity(0)) if on_cpu and config.trainer.devices == 1 else 1


def _print_header(config: ExperimentConfig, overrides: Sequence[str], folder: Path, console: Console) -> None:
    against = f", compared with {config.compare_with}" if config.compare_with else ""
    data = config.data.manifest or f"digital phantom of {config.data.phantom_lesions} lesions (not patients)"
    lines = [f"liverlab: {config.name}{against}. Profile {config.profile}. Data: {data}."]
    changes = profile_changes(config.name, overrides)
    lines += [f"  {c.setting}: {c.used} (published: {c.published})" for c in changes]
    if changes:
        lines.insert(1, "The profile changed:")
    lines += ["Settings:", *(f"  {key}: {value}" for key, value in flatten(OmegaConf.structured(config)).items())]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


def _print_plan(stages: Sequence[Stage], runs: Path, console: Console, *, every_stage: bool) -> None:
    """The stages, which are done, and how long the rest took last time."""
    expected = expected_seconds(stages, runs)
    todo = [stage for stage in stages if not stage.finished(runs)]
    lines = [f"{len(stages)} stages, {len(stages) - len(todo)} of them finished."]
    for stage in stages if every_stage else ():
        seconds = expected[stage.kind]
        known = "not timed yet" if seconds is None else f"{seconds:.0f} s last time"
        lines.append(f"  {stage.kind} {stage.name}-{stage.key}: {'finished' if stage not in todo else known}")
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
