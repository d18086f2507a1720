"""Several finished runs side by side: what each found, where they differ, and what forbids reading them together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from data_modules.errors import InputError
from liverlab.evaluation.finished_run import FinishedRun, read_finished
from liverlab.evaluation.rule import Rule
from liverlab.evaluation.run_facts import FACTS, UNKNOWN, data_of, describe_run, leaks_of
from liverlab.evaluation.run_pairs import pairs_across
from liverlab.report import summary
from liverlab.settings import flatten

NOT_SETTINGS = ("name", "description", "jobs", "tracking", "runs_dir")  # of the config, but not of the result


def compare_runs(folders: Sequence[Path], *, draws: int = Rule.draws, seed: int = 0) -> dict[str, Any]:
    """Lay finished runs side by side.

    Args:
        folders: Of the runs, two or more.
        draws: Bootstrap draws for the pairs across runs.
        seed: Of the bootstrap.

    Returns:
        `runs` (facts, declared comparisons, arms and cautions of each), `alike` (in a clause) and `warnings` in words,
        `settings` that differ (by name, a value for each run) and `pairs` of arms of different runs.

    Raises:
        InputError: If a folder holds no finished run, or two are the same run.
    """
    runs = [read_finished(folder) for folder in folders]
    for j, one in enumerate(runs):
        for i in range(j):
            if folders[i].samefile(folders[j]) or runs[i].run == one.run:
                raise InputError(f"{folders[i]} and {folders[j]} are the same run. Name each run once.")
    return {
        "runs": [
            {"number": i} | describe_run(one) | {"cautions": cautions(one)} for i, one in enumerate(runs, start=1)
        ],
        "alike": alike(runs),
        "warnings": warnings(runs),
        "settings": differing_settings(runs),
        "draws": draws,
        "seed": seed,
        "pairs": pairs_across(runs, draws=draws, seed=seed),
    }


# what no two runs need to share, each with what follows where they do not
DIFFER = {
    "Data": "Other lesions ({groups}): accuracies belong to different tasks, and no arms are compared across them.",
    "Design": "Other designs ({groups}): training sides differ in size or number, and accuracy with them.",
    "Profile": "Other profiles ({groups}): a profile changes widths, amounts and epochs, so it can make a difference.",
    "Budget": "Other training budgets ({groups}): a difference may be one of training time.",
    "Verdict rule": "Other verdict rules ({groups}): verdicts do not mean the same.",
    "Versions": "Other versions ({groups}): a difference may be one of the software.",
}


def warnings(runs: Sequence[FinishedRun]) -> list[str]:
    """Why the runs must not be read side by side without more thought, in words; the gravest first."""
    found = [*_differences(runs), *_splits_unknown(runs)]
    for i, one in enumerate(runs, start=1):
        if one.metrics and one.metrics["selection"]["rule"] == "test":
            found.append(f"Run {i}: {one.compared_arm} was {one.metrics['selection']['label']}.")
        if leaks := leaks_of(one):
            found.append(f"Run {i}: {' and '.join(leaks)} leaks on purpose (its generator saw the test lesions).")
    return found


def alike(runs: Sequence[FinishedRun]) -> str:
    """What the runs share, as a clause: a leak or a selection within a run is no difference between runs."""
    if _differences(runs):
        return "which differ in more than their arms"
    if _splits_unknown(runs):
        return "whose splits are not all known"
    return "without a difference in data, splits, profile, budget or versions"


def cautions(one: FinishedRun) -> list[str]:
    """What its own report says against its verdict, but that a phantom is no patient, which the page says of all."""
    if one.metrics is None:
        return []
    try:
        return [text for text in summary.cautions(one.metrics) if text != summary.PHANTOM]
    except KeyError:  # of what an earlier version did not write
        return ["Its metrics are of an earlier version: see the cautions of its own report."]


def _differences(runs: Sequence[FinishedRun]) -> list[str]:
    found = [_mixed(runs)] if len({one.run["cohort"]["phantom"] for one in runs}) > 1 else []
    for name, sentence in DIFFER.items():
        values = [FACTS[name](one) for one in runs]
        if name == "Versions":
            values = _unlike(runs)
        if len(set(values) - {UNKNOWN}) > 1:
            found.append(sentence.format(groups=_groups(values)))
        if name == "Data":
            found += _other_splits(runs)
    return found


def _splits_unknown(runs: Sequence[FinishedRun]) -> list[str]:
    return [
        f"Run {i}: splits not known, since its predictions are missing or not those that it wrote."
        for i, one in enumerate(runs, start=1)
        if not one.tested
    ]


def _mixed(runs: Sequence[FinishedRun]) -> str:
    groups = _groups(["computer-made" if one.run["cohort"]["phantom"] else "of patients" for one in runs])
    return f"Lesions are not all of one kind ({groups}): nothing carries over from a phantom to patients."


def _other_splits(runs: Sequence[FinishedRun]) -> list[str]:
    """Of runs on the same lesions, those that test them in other folds."""
    sides: dict[str, dict[str, list[int]]] = {}
    for i, one in enumerate(runs, start=1):
        if one.tested:
            sides.setdefault(data_of(one), {}).setdefault(one.tested, []).append(i)
    against = [" against ".join(", ".join(map(str, ids)) for ids in same.values()) for same in sides.values()]
    return [
        f"Other splits of the same lesions (runs {text}): no arms are compared across them."
        for text in against
        if "against" in text
    ]


def _unlike(runs: Sequence[FinishedRun]) -> list[str]:
    """Of each run the versions that not all share."""
    versions = [one.run["versions"] for one in runs]
    names = sorted(name for name in set().union(*versions) if len({one.get(name) for one in versions}) > 1)
    return [", ".join(f"{name} {one.get(name, 'unknown')}" for name in names) for one in versions]


def _groups(values: Sequence[str]) -> str:
    """Which runs have which value: "runs 1, 3: laptop; run 2: paper"."""
    places: dict[str, list[str]] = {}
    for i, value in enumerate(values, start=1):
        places.setdefault(value, []).append(str(i))
    places.pop(UNKNOWN, None)
    return "; ".join(f"run{'s' * (len(ids) > 1)} {', '.join(ids)}: {value}" for value, ids in places.items())


def differing_settings(runs: Sequence[FinishedRun]) -> dict[str, list[str]]:
    """Settings of the resolved configs that not all runs share, as text by run; "–" where a run had no such setting."""
    configs = [flatten(OmegaConf.create(one.run.get("config_yaml", ""))) for one in runs]
    names = dict.fromkeys(name for config in configs for name in config if name not in NOT_SETTINGS)
    found = {name: [str(config.get(name, "–")) for config in configs] for name in names}
    return {name: values for name, values in found.items() if len(set(values)) > 1}
