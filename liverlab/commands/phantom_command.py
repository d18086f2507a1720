"""`liverlab phantom`: the digital phantom as a folder of DICOM files."""

import argparse
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from data_modules.errors import InputError
from liverlab.commands.out_folder import expect_new

if TYPE_CHECKING:
    from data_modules.phantom.phantom_cohort import PhantomCohort

SETTINGS = ("lesions", "seed", "roi_only", "realistic_sizes", "test_lesions")


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    phantom = verbs.add_parser("phantom", help="write a digital phantom cohort as DICOM (synthetic, not patients)")
    phantom.add_argument("out", type=Path, help="new folder; with --check or --contact-sheet also a finished one")
    phantom.add_argument("--lesions", type=int, help="default: 182")
    phantom.add_argument("--seed", type=int, help="default: 0")
    for flag, text in (
        ("--roi-only", "a small series around each lesion instead of whole abdomens"),
        ("--realistic-sizes", "diameters by class; this leaks the class, see PHANTOM.md"),
    ):
        phantom.add_argument(flag, action="store_true", default=None, help=text)
    phantom.add_argument("--test-lesions", type=int, help="lesions of an independent cohort in OUT/test; default: none")
    phantom.add_argument("--jobs", type=int, help="processes at once; default: one per core")
    phantom.add_argument("--check", action="store_true", help="measure the files against what they should show")
    phantom.add_argument("--contact-sheet", action="store_true", help="draw pictures of the lesions")
    phantom.set_defaults(command=_phantom, stopped="Stopped.")


def _phantom(options: argparse.Namespace) -> int:
    from data_modules.phantom.phantom_cohort import PhantomCohort

    if len(options.out.name.encode()) > 240:  # of the 255 bytes that file systems take
        raise InputError(f"The name {options.out.name[:20]}... is too long for a folder. Take a shorter one.")
    given = {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}
    look = options.check or options.contact_sheet
    if look and options.out.exists():
        _expect_phantom(options.out, given)
    else:
        _write(options, PhantomCohort(**given))
    if options.contact_sheet:
        from data_modules.phantom_check.contact_sheet import write_contact_sheet

        for path in write_contact_sheet(options.out):
            print(f"Contact sheet: {path}")
    if options.check:
        from data_modules.phantom_check.check import check_phantom
        from data_modules.phantom_check.check_lines import check_table

        lines = check_phantom(options.out, jobs=options.jobs)
        print(check_table(lines))
        return int(any(line.ok is False for line in lines))  # None: not measured
    return 0


def _expect_phantom(out: Path, given: dict[str, object]) -> None:
    """See that a folder holds a whole phantom, of the settings that were given."""
    from data_modules.phantom.phantom_cohort import finished_phantom, refusal

    found = finished_phantom(out)
    if found is None:
        raise InputError(f"{out} holds no complete phantom to look at. Name one, or a new folder to write it first.")
    if any(getattr(found, name) != value for name, value in given.items()):
        raise InputError(refusal(out, found, given))


def _expect_room(out: Path, cohort: "PhantomCohort") -> None:
    """See that a folder is new, or empty and one that another can take the place of."""
    from data_modules.phantom.phantom_cohort import finished_phantom, refusal

    if found := finished_phantom(out):
        raise InputError(refusal(out, found, vars(cohort)))
    expect_new(out, "phantom")


def _write(options: argparse.Namespace, cohort: "PhantomCohort") -> None:
    """Write beside OUT and rename when complete; what a stopped run left of the same phantom is gone on from."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from data_modules.phantom.phantom_cohort import MANIFEST, finished_phantom
    from data_modules.phantom.phantom_writer import patients_kept, write_phantom

    _expect_room(options.out, cohort)
    out = options.out.resolve()
    part = out.with_name(f".{out.name}.part")
    if finished_phantom(part):  # stopped between its last file and its renaming; perhaps another version's
        shutil.rmtree(part)
    before = patients_kept(part)
    bar = Progress(TextColumn("patients"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    def show(done: int, total: int) -> None:
        if bar.tasks:
            bar.update(bar.task_ids[0], completed=done)
            return
        if done:
            print(f"Going on from {done} of {total} patients in {part}.")
        elif before:
            print(f"Starting anew: the {before} patients in {part} were of other settings or another version.")
        bar.add_task("", total=total, completed=done)
        shown.enter_context(bar)

    try:
        with ExitStack() as shown:
            settings = {name: getattr(cohort, name) for name in SETTINGS}
            write_phantom(part, **settings, jobs=options.jobs, progress=show)
    except KeyboardInterrupt:
        if bar.tasks:
            kept = f"{patients_kept(part)} of {bar.tasks[0].total:.0f} patients are kept in {part}"
            options.stopped = f"Stopped. {kept}; the same command goes on from there."
        raise
    part.replace(out)
    print(f"Manifest: {options.out / MANIFEST}")
