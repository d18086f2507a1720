"""`liverlab ingest`: the lesions of a manifest, read into a cohort."""

import argparse
import sys
from pathlib import Path

from data_modules.errors import InputError
from liverlab.commands.out_folder import expect_folder, expect_writable, written_as_one

FILES = {"cohort.json", "ingest.html", "ingest.json", "patches.npy"}  # what it writes


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    ingest = verbs.add_parser(
        "ingest",
        help="read the lesions of a manifest into a cohort, and say what was refused",
        epilog="Exit code 1 where cases were refused: the others are kept, and the report says why.",
    )
    ingest.add_argument(
        "manifest", type=Path, help="CSV file: patient_id, lesion_id, class, image, mask | centre; or its folder"
    )
    ingest.add_argument("--out", type=Path, required=True, help="folder of the cohort, e.g. data/my_cohort")
    ingest.add_argument("--classes", nargs="+", help="class names in order; default: as they appear in the manifest")
    ingest.add_argument("--strict", action="store_true", help="stop at the first refused case and write no cohort")
    ingest.add_argument("--jobs", type=int, help="processes at most; default: one per core")
    add_reading(ingest)
    ingest.set_defaults(command=_ingest, stopped="Stopped. Nothing was kept.")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how images are read."""
    parser.add_argument("--allow-gaps", action="store_true", help="resample series with missing slices")
    parser.add_argument(
        "--hu-window",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        help="HU of the values 0 and 255 of 8-bit images, which are refused otherwise",
    )


def _ingest(options: argparse.Namespace) -> int:
    from rich.progress import Progress

    from data_modules.ingest import ingest, manifest_of
    from data_modules.lesion_measure import Reading
    from data_modules.readers.case_error import CaseError
    from liverlab.report.ingest_page import write_ingest_page

    _expect_room(options.out)
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"--jobs {options.jobs}: at least 1 is needed.")
    with Progress(transient=True) as bar:
        task = bar.add_task("lesions", total=None)
        try:
            cohort, report = ingest(
                manifest_of(options.manifest),
                salt_file=options.out.parent / ".salt",
                classes=options.classes,
                reading=Reading(options.allow_gaps, checked_window(options.hu_window)),
                strict=options.strict,
                jobs=options.jobs,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        except CaseError as error:
            print(f"{error}\nStopped at the first refused case (--strict); no cohort was written.", file=sys.stderr)
            return 1
    print(report.text())
    with written_as_one(options.out) as part:
        report.write(part)
        page = write_ingest_page(part, cohort, report)
        cohort.save(part)
    print(f"Cohort {cohort.fingerprint}: {options.out}\nReport: {options.out / page.name}")
    return 1 if report.skipped else 0


def _expect_room(out: Path) -> None:
    """See that a folder can be made, or replaced without losing anything but an earlier ingest."""
    expect_writable(out)
    held = expect_folder(out, "cohort")
    if held and ("ingest.json" not in held or held - FILES):
        raise InputError(f"{out} holds something else than an earlier ingest. Name a new folder.")


def checked_window(window: list[float] | None) -> tuple[float, float] | None:
    """The HU window of `--hu-window`.

    Raises:
        InputError: If it is not ascending.
    """
    if window is None:
        return None
    low, high = window
    if not low < high:
        raise InputError(f"--hu-window {low:g} {high:g}: the first must be the lower, e.g. --hu-window -160 240.")
    return low, high
