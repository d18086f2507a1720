"""The formats that `liverlab manifest` knows. A new one: a line here, a file beside, a section in docs/data.md."""

import difflib
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_modules.adapters import dicom_seg_folder, ircadb, lld_mmri, mct_ltdiag, mswal
from data_modules.adapters.label_rules import LabelRule, parse_rules
from data_modules.adapters.manifest_writer import Listing, write_manifest
from data_modules.errors import InputError
from data_modules.manifest import SOURCE

TUMOR_NOTE = (
    "The data set does not say whether a liver tumour is a metastasis: class 'tumor', unless --label names another."
)
GIANTS_NOTE = (
    "Hemangiomas of MCT-LTDiag were operated on: giants, median 105 mm, against 33 mm of the metastases. "
    "Size alone tells the class, and a classifier's accuracy on it says little."
)
MRI_NOTE = (
    "MRI has no Hounsfield units: run with roi.intensity=minmax, and do not mix it with CT. What `liverlab ingest` "
    "says of air and HU does not apply."
)


@dataclass(frozen=True)
class DatasetFormat:
    """One way in which data lie in a folder.

    Attributes:
        read: Called with (folder, folder for converted files, rules).
        source: Word for the column source, unless the user gives one.
        labels: Rules that apply after the user's.
        note: What the user must know.
    """

    read: Callable[[Path, Path, Sequence[LabelRule]], Listing]
    source: str
    labels: tuple[str, ...] = ()
    note: str = ""


FORMATS = {
    "dicom-seg": DatasetFormat(dicom_seg_folder.read, "dicom-seg"),
    "ircadb": DatasetFormat(
        ircadb.read, "3D-IRCADb-01", ("liver(cyst|kyste?).*=cyst", "livertumor.*=tumor"), TUMOR_NOTE
    ),
    "lld-mmri": DatasetFormat(
        lld_mmri.read,
        "LLD-MMRI",
        ("Hepatic_hemangioma=hemangioma", "Hepatic_metastasis=metastasis", "Hepatic_cyst=cyst"),
        MRI_NOTE,
    ),
    "mct-ltdiag": DatasetFormat(mct_ltdiag.read, "MCT-LTDiag", ("HH=hemangioma", "CRLM|BCLM=metastasis"), GIANTS_NOTE),
    "mswal": DatasetFormat(mswal.read, "MSWAL", ("3=tumor", "6=cyst"), TUMOR_NOTE),
}


def make_manifest(name: str, folder: Path, out: Path, labels: Sequence[str] = (), source: str = "") -> str:
    """List the lesions below a folder in a manifest.

    Args:
        name: One of the `FORMATS`.
        folder: The data.
        out: CSV file to write; beside `manifest.csv`, `manifest_files/` gets what had to be converted.
        labels: Rules PATTERN=CLASS; the first that fits counts, and the format's own come last.
        source: Short word for where the cases come from; "" for the format's own.

    Returns:
        A summary to print: what is listed, what was left out and why, free of names, identifiers and paths.

    Raises:
        InputError: If the folder does not hold what the format needs, or nothing is left; nothing is overwritten, and
            nothing stays of a listing that failed.
    """
    if name not in FORMATS:
        near = difflib.get_close_matches(name, FORMATS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"Unknown format {name!r}; there are {', '.join(FORMATS)}.{hint}")
    form = FORMATS[name]
    rules = parse_rules((*labels, *form.labels))
    if not SOURCE.fullmatch(source or form.source):
        raise InputError("--source must be one short word of letters, digits, '.', '_' and '-', since it is kept.")
    if out.exists():
        raise InputError(f"{out.name} exists already. Name a new file.")
    files = out.absolute().with_name(f"{out.stem}_files")
    if files.exists():
        raise InputError(
            f"{files.name} exists already, and a manifest under another name may need it. Name a new file, or delete "
            "that folder."
        )
    if not folder.is_dir():
        raise InputError("The folder to read does not exist, or is a file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values of the header
            listing = form.read(folder.absolute(), files, rules)
        if not listing.entries:
            raise InputError(f"No lesion found, nothing written. {listing.text()}")
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        write_manifest(out.absolute(), listing.entries, source or form.source)
    except BaseException:
        shutil.rmtree(files, ignore_errors=True)
        raise
    lines = [listing.text(), form.note]
    if len({entry.class_name for entry in listing.entries}) == 1:
        lines.append("One class only: join this manifest with another before `liverlab ingest`, see docs/data.md.")
    return "\n".join(line for line in lines if line)
