"""`liverlab phantom`: the digital phantom as a folder of DICOM files."""

import argparse
import shutil
from pathlib import Path

from data_modules.errors import InputError


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    phantom = verbs.add_parser("phantom", help="write a digital phantom cohort as DICOM (synthetic, not patients)")
    phantom.add_argument("out", type=Path, help="new folder")
    phantom.add_argument("--lesions", type=int, default=182, help="default: 182")
    phantom.add_argument("--seed", type=int, default=0, help="default: 0")
    phantom.set_defaults(command=_phantom, stopped="Stopped. Nothing was kept.")


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
