"""`liverlab report`: a finished run's report written again, or several finished runs side by side in one page."""

import argparse
import re
from pathlib import Path

from data_modules.errors import InputError
from liverlab.commands.out_folder import expect_folder, expect_writable, written_as_one

SETTING = re.compile(r"[\w.]*=")  # the beginning of one; names of runs have a hyphen before any equals sign
OUT = Path("runs/comparison")


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    report = verbs.add_parser("report", help="write a finished run's report again, or lay several runs side by side")
    report.add_argument("run", help="an experiment, with the settings that it was run with; or a run's folder")
    report.add_argument(
        "settings",
        nargs="*",
        metavar="key=value | RUN",
        help="as given to `liverlab run`; or further runs, each a folder or a name in runs/experiments/",
    )
    report.add_argument("--out", type=Path, help=f"of several runs: folder of the page; default: {OUT}")
    report.set_defaults(command=_report, stopped="Stopped. Nothing was kept.")


def _report(options: argparse.Namespace) -> int:
    further = [text for text in options.settings if not SETTING.match(text)]
    if not further:
        return _write_again(options)
    if len(further) < len(options.settings):
        setting = next(text for text in options.settings if SETTING.match(text))
        raise InputError(
            f"{setting!r} is a setting, and settings belong to one experiment. Name each of several runs by its folder "
            "or its name in runs/experiments/."
        )
    return _side_by_side([options.run, *further], options.out or OUT)


def _write_again(options: argparse.Namespace) -> int:
    from liverlab.experiment import evaluate_and_report, run_slug
    from liverlab.settings import load_experiment

    if options.out:
        raise InputError("--out goes with several runs. The report of one is written into its own folder.")
    folder = Path(options.run)
    if not folder.is_dir():
        config = load_experiment(options.run, options.settings)
        folder = _in(Path(config.runs_dir) / "experiments", run_slug(options.run, options.settings))
    print(f"Report: {evaluate_and_report(folder)[1]}")
    return 0


def _side_by_side(names: list[str], out: Path) -> int:
    from liverlab.evaluation.side_by_side import compare_runs
    from liverlab.report.comparison_page import FILES, write_comparison

    expect_writable(out)
    if expect_folder(out, "comparison") - FILES:
        raise InputError(f"{out} holds something else than an earlier comparison. Name a new folder.")
    folders = [Path(name) if Path(name).is_dir() else _in(Path("runs/experiments"), name) for name in names]
    found = compare_runs(folders)
    with written_as_one(out) as part:
        page = write_comparison(part, found)
    print("\n".join([*found["warnings"], f"Report: {out / page.name}"]))
    return 0


def _in(runs: Path, name: str) -> Path:
    """The folder of a run by its name.

    Raises:
        InputError: If there is none.
    """
    if not (runs / name).is_dir():
        known = ", ".join(sorted(path.name for path in runs.iterdir())) if runs.is_dir() else "none yet"
        raise InputError(f"No run {name!r} in {runs}/. There are: {known}.")
    return runs / name
