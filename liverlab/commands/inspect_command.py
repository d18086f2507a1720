"""`liverlab inspect`: what the readers saw of one case, and a picture of each of its lesions.

Rows of a manifest are named by their number, and by their pseudonym where the salt of an ingest is at hand.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data_modules.errors import InputError
from liverlab.commands.ingest_command import add_reading, checked_window
from liverlab.commands.out_folder import expect_writable

if TYPE_CHECKING:
    from data_modules.lesion_measure import MeasuredLesion, Reading
    from data_modules.manifest import ManifestRow


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    inspect = verbs.add_parser(
        "inspect", help="show what the readers saw of one case: series, geometry, checks, lesions"
    )
    inspect.add_argument("target", type=Path, help="a manifest or its folder; or an image: DICOM folder or file")
    inspect.add_argument("case", nargs="?", help="a lesion of the manifest, by lesion_id or pseudonym")
    inspect.add_argument("--row", type=int, help="a row of the manifest; the header is row 1")
    inspect.add_argument("--out", type=Path, default=Path("inspect"), help="folder of the pictures; default: inspect")
    inspect.add_argument("--salt", type=Path, default=Path("data/.salt"), help="the ingest's salt; default: data/.salt")
    add_reading(inspect)
    inspect.set_defaults(command=_inspect, stopped="Stopped.")


def _inspect(options: argparse.Namespace) -> int:
    import warnings

    from data_modules.ingest import is_manifest
    from data_modules.lesion_measure import Reading
    from data_modules.manifest import exists
    from data_modules.readers.case_error import CaseError

    reading = Reading(options.allow_gaps, checked_window(options.hu_window))
    listed = is_manifest(options.target)
    if not listed and not exists(options.target):
        raise InputError("There is no such file or folder. Name a manifest, its folder, or an image.")
    if listed:
        expect_writable(options.out / "row.png")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's warnings quote values of the header
        try:
            return _inspect_rows(options, reading) if listed else _inspect_image(options.target, reading)
        except CaseError as error:
            print(error)
            return 1


def _inspect_image(path: Path, reading: "Reading") -> int:
    from data_modules.inspection import describe_image, describe_volume
    from data_modules.readers.image_file import open_image

    image = open_image(path, allow_gaps=reading.allow_gaps)
    print("\n".join(describe_image(image)))
    print("\n".join(describe_volume(image.volume(), reading)))
    return 0


def _inspect_rows(options: argparse.Namespace, reading: "Reading") -> int:
    from data_modules.ingest import manifest_of
    from data_modules.inspection import describe_image, describe_volume, listed_values
    from data_modules.lesion_measure import MeasuredLesion, measure_lesions, open_row
    from data_modules.manifest import read_manifest
    from data_modules.readers.segmentation import open_mask

    manifest = manifest_of(options.target)
    rows = read_manifest(manifest)
    row = _chosen(rows, options)
    image = open_row(row, reading)
    print("\n".join(describe_image(image)))
    referenced = open_mask(row.mask).referenced if row.mask else frozenset()
    print("\n".join(describe_volume(image.volume(referenced), reading)))
    same_image = [other for other in rows if other.image == row.image]
    refused = 0
    for other, result in zip(same_image, measure_lesions(same_image, reading), strict=True):
        name = _name(other, options.salt)
        if isinstance(result, MeasuredLesion):
            listed = listed_values(manifest, other.row)
            picture = _draw(options.out / f"row-{other.row}.png", result)
            print("\n".join([name, *_lesion_lines(result, listed), f"  picture    {picture}"]))
        else:
            refused += 1
            print(f"{name}\n  {result}")
    return 1 if refused else 0


def _chosen(rows: Sequence["ManifestRow"], options: argparse.Namespace) -> "ManifestRow":
    """The row asked for.

    Raises:
        InputError: If there is none or several, or none was asked for.
    """
    if options.row is None and options.case is None:
        raise InputError("Which case? Add --row N, or a lesion_id.")
    if options.row is not None:
        found = [row for row in rows if row.row == options.row]
    else:
        pseudonyms = _pseudonyms(rows, options.salt)
        found = [row for row in rows if options.case in (row.lesion_id, pseudonyms.get(row.row))]
    if len(found) != 1:
        where = f"the rows {', '.join(str(row.row) for row in found)} have it" if found else "no row has it"
        what = f"row {options.row}" if options.row is not None else "that lesion_id or pseudonym"
        raise InputError(f"{what}: {where}. The manifest's rows are {rows[0].row} to {rows[-1].row}; add --row N.")
    return found[0]


def _pseudonyms(rows: Sequence["ManifestRow"], salt: Path) -> dict[int, str]:
    """Pseudonyms by row; none without a salt, which only an ingest makes."""
    from data_modules.privacy import Pseudonyms

    if not salt.is_file():
        return {}
    known = Pseudonyms(salt)
    return {row.row: known.lesion(row.patient_id, row.lesion_id) for row in rows}


def _name(row: "ManifestRow", salt: Path) -> str:
    pseudonym = _pseudonyms([row], salt).get(row.row)
    return f"lesion of row {row.row}" + (f" ({pseudonym})" if pseudonym else "") + f", class {row.class_name}"


def _lesion_lines(lesion: "MeasuredLesion", listed: dict[str, float]) -> list[str]:
    from data_modules.physics import sentences

    told = f", listed {listed['diameter_mm']:.1f} mm" if "diameter_mm" in listed else ""
    ring = f"{lesion.ring[0]:.0f} HU" if lesion.ring else "not in the image"
    side = "" if lesion.left_mm is None else f", {abs(lesion.left_mm):.0f} mm to the patient's "
    side += "" if lesion.left_mm is None else f"{'left' if lesion.left_mm > 0 else 'right'} of the midline"
    lines = [
        f"  key slice  {lesion.key + 1} of {lesion.slices}",
        f"  diameter   {lesion.diameter_mm:.1f} mm{told}",
        f"  centre     {', '.join(f'{x:.1f}' for x in lesion.centre_mm)} mm (LPS){side}",
        f"  inside     mean {lesion.mean_hu:.0f}, median {lesion.median_hu:.0f} HU",
        f"  around     {ring}, 3 to 12 mm from the edge",
    ]
    return lines + [f"  {text}" for text in sentences([(0, doubt) for doubt in lesion.doubts])]


def _draw(path: Path, lesion: "MeasuredLesion") -> Path:
    from matplotlib.image import imsave

    from data_modules.lesion_tile import lesion_tile

    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, lesion_tile(lesion.patch, lesion.inside, enlarge=2))
    return path
