"""The command line: one verb per thing a user does."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from data_modules.errors import InputError

EXAMPLES = """examples:
  liverlab run acgan_aug                          the comparison that this project is about
  liverlab run acgan_aug profile=smoke            the same machinery in about a minute
  liverlab run acgan_aug acgan.lr=1e-3 folds=[0]  any setting of liverlab/config.py
  liverlab run acgan_aug data.manifest=my/manifest.csv
  liverlab run acgan_aug --dry-run                show the stages and stop
  liverlab ingest my/manifest.csv --out data/my_cohort
  liverlab phantom data/phantom --lesions 12
  liverlab report acgan_aug                       write a finished run's report again
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for the user's mistake, 130 after Ctrl-C."""
    parser = _parser()
    # argparse takes no positional after an option: `run acgan_aug --dry-run folds=[0]`
    options, rest = parser.parse_known_args(arguments)
    if any(text.startswith("-") or not hasattr(options, "settings") for text in rest):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        options.settings += rest
    try:
        return int(options.command(options))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(options.stopped, file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="liverlab",
        description="Does synthetic augmentation improve a lesion classifier over classic augmentation, and how sure "
        "can one be?",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")

    run = verbs.add_parser("run", help="run an experiment and write its report")
    run.add_argument("experiment", help="a file of experiments/, without its ending")
    run.add_argument("settings", nargs="*", metavar="key=value", help="settings of liverlab/config.py")
    run.add_argument("--dry-run", action="store_true", help="show the settings and the stages, then stop")
    run.set_defaults(command=_run, stopped="Stopped. Finished stages stay; the same command goes on from them.")

    ingest = verbs.add_parser("ingest", help="read the lesions of a manifest into a cohort, and say what was refused")
    ingest.add_argument("manifest", type=Path, help="CSV file: patient_id, lesion_id, class, image, mask | centre")
    ingest.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    ingest.add_argument("--classes", nargs="+", help="class names in order; default: as they appear in the manifest")
    ingest.set_defaults(command=_ingest, stopped="Stopped. Nothing was kept.")

    phantom = verbs.add_parser("phantom", help="write a digital phantom cohort as DICOM (synthetic, not patients)")
    phantom.add_argument("out", type=Path, help="new folder")
    phantom.add_argument("--lesions", type=int, default=182, help="default: 182")
    phantom.add_argument("--seed", type=int, default=0, help="default: 0")
    phantom.set_defaults(command=_phantom, stopped="Stopped. Nothing was kept.")

    report = verbs.add_parser("report", help="evaluate a finished run and write its report again")
    report.add_argument("run", help="an experiment, with the settings that it was run with; or a run's folder")
    report.add_argument("settings", nargs="*", metavar="key=value", help="as given to `liverlab run`")
    report.set_defaults(command=_report, stopped="Stopped. Nothing was kept.")
    return parser


def _run(options: argparse.Namespace) -> int:
    from rich.console import Console

    from liverlab.experiment import run_experiment

    run_experiment(options.experiment, options.settings, dry_run=options.dry_run, console=Console())
    return 0


def _ingest(options: argparse.Namespace) -> int:
    from data_modules.ingest import ingest

    if options.out.is_file():
        raise InputError(f"{options.out} is a file. Name a folder.")
    cohort, report = ingest(options.manifest, salt_file=options.out.parent / ".salt", classes=options.classes)
    print(report.text())
    report.write(options.out)
    cohort.save(options.out)
    print(f"Cohort {cohort.fingerprint}: {options.out}")
    return 2 if report.skipped else 0


def _phantom(options: argparse.Namespace) -> int:
    from rich.progress import Progress

    from data_modules.phantom import write_phantom

    part = options.out.with_name(f".{options.out.name}.part")
    if options.out.is_file() or (options.out.exists() and any(options.out.iterdir())):
        raise InputError(f"{options.out} is not empty. Name a new folder.")
    shutil.rmtree(part, ignore_errors=True)
    with Progress() as progress:
        task = progress.add_task("patients", total=None)
        manifest = write_phantom(
            part,
            lesions=options.lesions,
            seed=options.seed,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    part.replace(options.out)
    print(f"Manifest: {options.out / manifest.name}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from liverlab.experiment import evaluate_and_report, run_slug
    from liverlab.settings import load_experiment

    folder = Path(options.run)
    if not folder.is_dir():
        config = load_experiment(options.run, options.settings)
        runs = Path(config.runs_dir) / "experiments"
        folder = runs / run_slug(options.run, options.settings)
        if not folder.is_dir():
            known = ", ".join(sorted(path.name for path in runs.iterdir())) if runs.is_dir() else "none yet"
            raise InputError(f"No run {folder.name!r} in {runs}/. There are: {known}.")
    print(f"Report: {evaluate_and_report(folder)[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
