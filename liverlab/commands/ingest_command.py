"""`liverlab ingest`: the lesions of a manifest, read into a cohort."""

import argparse
from pathlib import Path

from data_modules.errors import InputError


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    ingest = verbs.add_parser("ingest", help="read the lesions of a manifest into a cohort, and say what was refused")
    ingest.add_argument("manifest", type=Path, help="CSV file: patient_id, lesion_id, class, image, mask | centre")
    ingest.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    ingest.add_argument("--classes", nargs="+", help="class names in order; default: as they appear in the manifest")
    ingest.set_defaults(command=_ingest, stopped="Stopped. Nothing was kept.")


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
