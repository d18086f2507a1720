"""The manifest: one CSV row per lesion says where its image and mask are, and its class.

Identifiers and paths in it stay in memory; messages name a row by its line in the file (the header is line 1).
"""

import csv
import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_modules.errors import InputError

REQUIRED = ("patient_id", "lesion_id", "class", "image")
CENTRE = ("center_x_mm", "center_y_mm", "center_z_mm", "diameter_mm")
COLUMNS = (*REQUIRED, "mask", "mask_label", *CENTRE, "phase", "source", "spacing_mm")
SOURCE = re.compile(r"[A-Za-z0-9_.-]{1,24}")  # a short word: the only free text that is kept


@dataclass(frozen=True)
class ManifestRow:
    """One lesion as the user lists it; never written anywhere.

    Attributes:
        row: Line in the file, the header being line 1.
        patient_id: The user's identifier of the patient.
        lesion_id: The user's identifier of the lesion, unique within the patient.
        class_name: Diagnosis.
        image: CT series, folder or file.
        mask: Mask file; None where centre and diameter are given instead.
        mask_label: Which label of the mask; None for the only one.
        center_mm: LPS position (x, y, z) of the lesion; None where there is a mask, which wins.
        diameter_mm: Long diameter; None where there is a mask.
        phase: Contrast phase, "" if not stated.
        source: Short word for where the case comes from.
        spacing_mm: Pixel spacing of a picture (PNG, JPG); None for images that state their own.
    """

    row: int
    patient_id: str
    lesion_id: str
    class_name: str
    image: Path
    mask: Path | None
    mask_label: str | None
    center_mm: tuple[float, float, float] | None
    diameter_mm: float | None
    phase: str
    source: str
    spacing_mm: float | None = None


def read_manifest(path: Path, classes: Sequence[str] | None = None) -> list[ManifestRow]:
    """Read and check a manifest.

    Args:
        path: The CSV file; paths in it are relative to its folder.
        classes: Class names that may occur; None for those that do.

    Returns:
        One entry per lesion, in the file's order.

    Raises:
        InputError: If the file is missing, empty or not a CSV, lacks a column or a value, names an unknown class, lists
            a lesion twice, points to a file that does not exist, gives one image to two patients or two pixel spacings,
            or holds fewer than 2 or more than 20 classes.
    """
    rows = [_row(path, line, values) for line, values in _table(path)]
    if not rows:
        raise InputError(f"{path.name} lists no lesions: one row per lesion is needed below the header.")
    seen: dict[tuple[str, str], int] = {}
    images: dict[Path, ManifestRow] = {}
    for row in rows:
        first = seen.setdefault((row.patient_id, row.lesion_id), row.row)
        if first != row.row:
            raise InputError(
                f"{path.name} row {row.row}: the lesion of row {first} is listed again. Remove one of the two."
            )
        _check_class(path, row, classes)
        _check_files(path, row)
        _check_image(path, row, images.setdefault(row.image.resolve(), row))
    if not 2 <= len(class_names(rows, classes)) <= 20:
        names = ", ".join(class_names(rows, classes)[:20])
        raise InputError(f"{path.name}: 2 to 20 classes are needed, found {len(class_names(rows, classes))}: {names}.")
    return rows


def class_names(rows: Iterable[ManifestRow], classes: Sequence[str] | None = None) -> tuple[str, ...]:
    """The given class names, or those of the rows in order of first appearance."""
    return tuple(classes or dict.fromkeys(row.class_name for row in rows))


def _table(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Line numbers and rows, with the columns checked."""
    if not exists(path) or not path.is_file():
        raise InputError(f"No manifest {path.name}: there is no such file. `liverlab phantom` writes an example.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            columns = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            table = [(reader.line_num, values) for values in reader]
    except (csv.Error, UnicodeDecodeError, OSError):
        raise InputError(f"{path.name} is not a readable CSV file: save it as comma-separated text in UTF-8.") from None
    _check_columns(path, columns)
    for line, values in table:
        if None in values or None in values.values():
            raise InputError(f"{path.name} row {line}: {len(columns)} values are needed, one per column of the header.")
    return [(line, {name: value.strip() for name, value in values.items()}) for line, values in table]


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    if not columns:
        raise InputError(f"{path.name} is empty: a header with {', '.join(REQUIRED)} and mask is needed.")
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        raise InputError(f"{path.name} separates its columns by semicolons or tabs: save it with commas.")
    lacking = [name for name in REQUIRED if name not in columns]
    if lacking:
        # a file without a header has a patient's values here: only names that are known are repeated
        known = ", ".join(name for name in COLUMNS if name in columns) or "none that is known"
        raise InputError(f"{path.name} lacks the column {lacking[0]} in its first line; it has {known}.")
    if "mask" not in columns and not set(CENTRE) <= set(columns):
        raise InputError(f"{path.name} lacks the column mask, or all of {', '.join(CENTRE)} instead.")


def _row(path: Path, line: int, values: dict[str, str]) -> ManifestRow:
    where = f"{path.name} row {line}"
    for name in REQUIRED:
        if not values[name]:
            raise InputError(f"{where}: {name} is empty.")
    source = values.get("source") or "unknown"
    if not SOURCE.fullmatch(source):
        raise InputError(
            f"{where}: source must be one short word of letters, digits, '.', '_' and '-', since it is kept."
        )
    mask = values.get("mask")
    numbers = None if mask else [_number(f"{where}: without a mask,", name, values.get(name, "")) for name in CENTRE]
    spacing = _number(f"{where}:", "spacing_mm", values["spacing_mm"]) if values.get("spacing_mm") else None
    for name, number in (("diameter_mm", numbers[3] if numbers else None), ("spacing_mm", spacing)):
        if number is not None and number <= 0:
            raise InputError(f"{where}: {name} must be above 0.")
    return ManifestRow(
        row=line,
        patient_id=values["patient_id"],
        lesion_id=values["lesion_id"],
        class_name=values["class"],
        image=path.parent / values["image"],
        mask=path.parent / mask if mask else None,
        mask_label=values.get("mask_label") or None,
        center_mm=(numbers[0], numbers[1], numbers[2]) if numbers else None,
        diameter_mm=numbers[3] if numbers else None,
        phase=values.get("phase", ""),
        source=source,
        spacing_mm=spacing,
    )


def _number(where: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where} {name} must be a number of millimetres.")
    return number


def _check_class(path: Path, row: ManifestRow, classes: Sequence[str] | None) -> None:
    if classes is not None and row.class_name not in classes:
        near = difflib.get_close_matches(row.class_name, classes, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        text = f"{path.name} row {row.row}: unknown class {row.class_name!r}; the classes are {', '.join(classes)}."
        raise InputError(text + hint)


def _check_files(path: Path, row: ManifestRow) -> None:
    for column, file in (("image", row.image), ("mask", row.mask)):
        if file is not None and not exists(file):
            text = f"{path.name} row {row.row}: the path in column {column} does not exist. "
            raise InputError(text + "Paths are relative to the manifest's folder.")


def _check_image(path: Path, row: ManifestRow, first: ManifestRow) -> None:
    """See that a row and the first row of its image agree: one CT of two patients could be trained and tested on."""
    if row.patient_id != first.patient_id:
        raise InputError(
            f"{path.name} row {row.row}: the image of row {first.row} is listed for another patient. "
            "Give both rows one patient_id, or each its own image."
        )
    if row.spacing_mm != first.spacing_mm:
        raise InputError(
            f"{path.name} row {row.row}: the image of row {first.row} is listed with another spacing_mm. "
            "Give both rows the same."
        )


def exists(path: Path) -> bool:
    """Whether there is such a file or folder that may be reached."""
    try:
        return path.exists()
    except OSError:  # too long a name, or a folder above it that may not be entered
        return False
