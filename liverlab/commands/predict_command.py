"""`liverlab predict`: what a finished classifier says of lesions in images."""

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from data_modules.errors import InputError
from liverlab.commands.ingest_command import add_reading, checked_window
from liverlab.commands.out_folder import expect_writable

if TYPE_CHECKING:
    from data_modules.manifest import ManifestRow
    from liverlab.finished_stage import FinishedStage

EPILOG = """examples:
  liverlab predict classic-1000-r0-f0 my/manifest.csv --out predictions.csv
  liverlab predict classic-1000-r0-f0 my/series/ --center-mm -61.5 20 -140 --diameter-mm 24

A manifest has the columns that training needs; the class may be "unknown". Exit code 1 where lesions were refused."""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    predict = verbs.add_parser(
        "predict",
        help="what a finished classifier says of lesions; not for clinical use",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    predict.add_argument("classifier", help="folder of a finished classifier, or its name or beginning")
    predict.add_argument("lesion", type=Path, help="a manifest or its folder; or an image: DICOM folder or file")
    predict.add_argument("--center-mm", nargs=3, type=float, metavar=("X", "Y", "Z"), help="of an image's lesion, LPS")
    predict.add_argument("--diameter-mm", type=float, metavar="D", help="of an image's lesion")
    predict.add_argument("--out", type=Path, help="CSV file of the table")
    add_reading(predict)
    predict.set_defaults(command=_predict, stopped="Stopped.")


def _predict(options: argparse.Namespace) -> int:
    from data_modules.lesion_measure import Reading
    from liverlab.finished_stage import NOT_CLINICAL, find_stage

    if options.out:
        expect_writable(options.out)
        if options.out.exists():
            raise InputError(f"--out: {options.out} is there already. Name a new file.")
    reading = Reading(options.allow_gaps, checked_window(options.hu_window))
    stage = find_stage(options.classifier, ["classifier"])
    rows = _rows(options, stage)
    from liverlab.prediction import predict_lesions

    found = predict_lesions(stage, rows, reading)
    print("\n".join(found.refused), end="\n" * bool(found.refused), file=sys.stderr)
    if found.lesions:
        table = found.table()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in table]
        print("\n".join([*lines, *found.doubts, NOT_CLINICAL]))
        if options.out:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            found.write(options.out)
    return 1 if found.refused else 0


def _rows(options: argparse.Namespace, stage: "FinishedStage") -> list["ManifestRow"]:
    """The lesions asked about.

    Raises:
        InputError: If neither a manifest nor an image with centre and diameter is named.
    """
    from data_modules.ingest import is_manifest
    from data_modules.manifest import exists
    from liverlab.prediction import lesion_at, lesions_of

    placed = (options.center_mm is not None) + (options.diameter_mm is not None)
    if is_manifest(options.lesion):
        if placed:
            raise InputError("A manifest says itself where its lesions are: leave --center-mm and --diameter-mm out.")
        return lesions_of(options.lesion, stage)
    if not exists(options.lesion):
        raise InputError("There is no such file or folder. Name a manifest, its folder, or an image.")
    if placed < 2:
        raise InputError("Where is the lesion in the image? Add --center-mm X Y Z and --diameter-mm D.")
    if not all(map(math.isfinite, options.center_mm)) or not 0 < options.diameter_mm < math.inf:
        raise InputError("--center-mm and --diameter-mm must be numbers of millimetres, the diameter above 0.")
    return [lesion_at(options.lesion, tuple(options.center_mm), options.diameter_mm)]
