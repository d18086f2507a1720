"""The command line: one verb per thing a user does."""

import argparse
import errno
import sys
from collections.abc import Sequence

from data_modules.errors import InputError
from liverlab.commands import (
    export_command,
    ingest_command,
    inspect_command,
    manifest_command,
    phantom_command,
    power_command,
    predict_command,
    report_command,
    sample_command,
)

EXAMPLES = """examples:
  liverlab run acgan_aug                          the comparison that this project is about
  liverlab run acgan_aug profile=smoke            the same machinery in about a minute
  liverlab run acgan_aug acgan.lr=1e-3 folds=[0]  any setting of liverlab/config.py
  liverlab run acgan_aug data.manifest=my/manifest.csv
  liverlab run acgan_aug --dry-run                show the stages and stop
  liverlab ingest my/manifest.csv --out data/my_cohort
  liverlab inspect my/manifest.csv --row 12       what the readers saw of one case
  liverlab manifest dicom-seg export/ --out manifest.csv --label 'Tumor.*=metastasis'
  liverlab power --cohort data/my_cohort          what difference it can show, before any training
  liverlab phantom data/phantom --lesions 12
  liverlab phantom data/phantom --check --contact-sheet
  liverlab sample acgan-r0-f0 --class cyst --n 1000 --out data/cysts --format dicom
  liverlab export classic-1000-r0-f0 --out onnx    a finished classifier or generator as ONNX
  liverlab predict classic-1000-r0-f0 my/manifest.csv
  liverlab report acgan_aug                       write a finished run's report again
  liverlab report dcgan_aug acgan_aug             finished runs side by side in one page
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0; 1 for refused cases or a full disk; 2 for the user's mistake; 130 after Ctrl-C.
    """
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
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print("The disk is full. Free some space and give the same command again.", file=sys.stderr)
        return 1
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

    ingest_command.add(verbs)
    inspect_command.add(verbs)
    manifest_command.add(verbs)
    phantom_command.add(verbs)
    power_command.add(verbs)

    sample_command.add(verbs)
    export_command.add(verbs)
    predict_command.add(verbs)

    report_command.add(verbs)
    return parser


def _run(options: argparse.Namespace) -> int:
    from rich.console import Console

    from liverlab.experiment import run_experiment

    run_experiment(options.experiment, options.settings, dry_run=options.dry_run, console=Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
