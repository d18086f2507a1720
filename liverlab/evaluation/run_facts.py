"""What is said of one finished run when it stands beside others."""

from collections.abc import Callable
from typing import Any

from liverlab.evaluation.finished_run import FinishedRun

UNKNOWN = "not known"
MEASURES = ("accuracy", "specificity", "macro_sensitivity")


def describe_run(one: FinishedRun) -> dict[str, Any]:
    """Facts, declared comparisons, noise floor and arms of a run, proportions in [0, 1]; all but facts need metrics."""
    metrics, run = one.metrics or {}, one.run
    declared = [c for c in metrics.get("comparisons", [metrics.get("comparison")]) if c]  # once there was one at most
    kept = ("arm", "baseline", "estimate", "interval", "sign_flip_p", "p_holm", "verdict")
    return {
        "name": one.name,
        "arm": one.compared_arm,
        "phantom": run["cohort"]["phantom"],
        "facts": {name: fact(one) for name, fact in FACTS.items()},
        "rope": metrics["settings"]["rope"] if metrics else None,
        "declared": [{key: comparison.get(key) for key in kept} for comparison in declared],
        "noise_floor": metrics.get("noise_floor"),
        "arms": {
            name: {key: arm[key] for key in ("correct", "rows", "auroc", *MEASURES)}
            | {"steps": run["arms"][name]["steps"], "leak_on_purpose": name in leaks_of(one)}
            for name, arm in metrics.get("arms", {}).items()
        },
        "absent": list(one.absent),
    }


def leaks_of(one: FinishedRun) -> list[str]:
    """The arms whose generator saw the test lesions on purpose."""
    # arms from before there were leaks have no such entry
    return [name for name, arm in one.run["arms"].items() if arm.get("leak_on_purpose")]


def data_of(one: FinishedRun) -> str:
    """Which lesions, by their fingerprint."""
    cohort = one.run["cohort"]
    kind = "phantom" if cohort["phantom"] else ", ".join(cohort["sources"])
    return f"{kind}, fingerprint {cohort['fingerprint']}"


def _lesions(one: FinishedRun) -> str:
    cohort = one.run["cohort"]
    classes = ", ".join(f"{count} {name}" for name, count in cohort["per_class"].items())
    return f"{cohort['lesions']:,} of {cohort['patients']:,} patients ({classes})"


def _design(one: FinishedRun) -> str:
    protocol = one.run["protocol"]
    holdout, repeats = protocol.get("holdout"), f"× {protocol['repeats']} repeat{'s' * (protocol['repeats'] != 1)}"
    if holdout:
        return f"hold-out of {holdout['test_lesions']:,}, {holdout['train_lesions']} to train on {repeats}"
    ran = len(one.run["splits"])
    part = f", {ran} splits run" if ran != protocol["folds"] * protocol["repeats"] else ""
    return f"{protocol['folds']} folds {repeats}{part}"


def _budget(one: FinishedRun) -> str:
    """How long the compared arms trained: epochs where the run counts these, and steps; some arms take none."""
    arms = [one.run["arms"][name] for name in (one.run["baseline"], one.compared_arm) if name]
    found = []
    for unit in dict.fromkeys((one.run["budget"], "steps")):
        if lengths := sorted({arm[unit] for arm in arms if arm[unit]}):
            found.append(" and ".join(f"{length:,.10g}" for length in lengths) + f" {unit}")
    return ", ".join(found) or "not by steps"


def _rule(one: FinishedRun) -> str:
    if one.metrics is None:
        return UNKNOWN
    rule = one.metrics.get("rule")
    return f"{rule['hash']}, version {rule['version']}" if rule else "older than recorded rules"


def _seeds(one: FinishedRun) -> str:
    evaluation = f", evaluation {one.metrics['settings']['seed']}" if one.metrics else ""
    return f"protocol {one.run['protocol']['seed']}{evaluation}"


FACTS: dict[str, Callable[[FinishedRun], str]] = {
    "Experiment": lambda one: str(one.run["experiment"]),
    "Set for the run": lambda one: ", ".join(one.run.get("overrides", ())) or "nothing",
    "Data": data_of,
    "Lesions": _lesions,
    "Protocol": lambda one: str(one.run["protocol"].get("name", UNKNOWN)),
    "Design": _design,
    "Tested lesions, folds": lambda one: one.tested or UNKNOWN,
    "Profile": lambda one: str(one.run["profile"]),
    "Budget": _budget,
    "Compared arm": lambda one: one.metrics["selection"]["label"] if one.metrics else UNKNOWN,
    "Leak on purpose": lambda one: ", ".join(leaks_of(one)) or "none",
    "Seeds": _seeds,
    "Verdict rule": _rule,
    "Versions": lambda one: ", ".join(f"{name} {number}" for name, number in sorted(one.run["versions"].items())),
    "Hardware": lambda one: str(one.run["hardware"]),
    "Created": lambda one: str(one.run["created"]),
}
