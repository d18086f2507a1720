"""MCT-LTDiag (doi:10.7910/DVN/S3RW15): multi-phase CT of liver tumours with one diagnosis per case.

Layout: `<ID>/NIFTI/pvp.nii.gz`, `<ID>/mask_pvp.nii.gz`, and `meta_info_patient.tab` with the columns ID and type. The
masks are drawn on the portal venous phase, so that phase is listed.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from data_modules.adapters.label_rules import LabelRule, class_of
from data_modules.adapters.lesion_parts import list_parts
from data_modules.adapters.manifest_writer import LesionEntry, Listing
from data_modules.errors import InputError
from data_modules.readers.case_error import CaseError
from data_modules.readers.image_file import read_grid

TYPES = ("HCC", "ICC", "CRLM", "BCLM", "HH")  # what the table may say, and we may print
TABLE = "meta_info_patient"


def read(folder: Path, files: Path, rules: Sequence[LabelRule]) -> Listing:
    """List one lesion per connected part of the tumour masks.

    Args:
        folder: Folder of the cases and of the table.
        files: Folder for the labelled masks.
        rules: Type -> class.

    Returns:
        Lesions by case.

    Raises:
        InputError: If the table or the cases are not where they should be.
    """
    types = _types(folder)
    cases = sorted(path.parents[1] for path in folder.glob("*/NIFTI/pvp.nii.gz"))
    if not cases:
        text = "No <ID>/NIFTI/pvp.nii.gz below the given folder: one folder per case is needed. "
        raise InputError(text + "The archives <ID>.tar must be unpacked first.")
    listing = Listing()
    for case in cases:
        kind, mask = types.get(case.name, ""), case / "mask_pvp.nii.gz"
        name = class_of(rules, kind)
        if not name:
            what = f"of type {kind}" if kind in TYPES else "whose type is not in the table or not known"
            listing.left_out[f"cases {what}"] += 1
        elif not mask.is_file():
            listing.left_out["cases without mask_pvp.nii.gz"] += 1
        else:
            entry = LesionEntry(case.name, "", name, case / "NIFTI" / "pvp.nii.gz", phase="pvp")
            try:
                list_parts(listing, read_grid(mask).image > 0, files / f"{case.name}.nrrd", entry)
            except CaseError as error:
                listing.left_out[f"cases: {error.text}"] += 1
    return listing


def _types(folder: Path) -> dict[str, str]:
    """Type by ID; the repository hands the table out as .tab and, in its original form, as .csv."""
    path = next((p for p in (folder / f"{TABLE}.tab", folder / f"{TABLE}.csv") if p.is_file()), None)
    if path is None:
        raise InputError(f"No {TABLE}.tab in the given folder: it says which case is of which type.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tab" else ","))
    except (csv.Error, UnicodeDecodeError):
        raise InputError(f"{path.name} is not a readable table in UTF-8.") from None
    if not rows or not {"ID", "type"} <= rows[0].keys():
        raise InputError(f"{path.name} is empty, or lacks the column ID or type.")
    return {(row["ID"] or "").strip(): (row["type"] or "").strip().upper() for row in rows}
