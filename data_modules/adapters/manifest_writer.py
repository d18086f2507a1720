"""What an adapter found, and how it becomes a manifest: the same columns for all, so that manifests can be joined."""

import csv
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from data_modules.manifest import CENTRE, REQUIRED
from data_modules.whole_file import replacing

COLUMNS = (*REQUIRED, "mask", "mask_label", *CENTRE, "phase", "source")


@dataclass(frozen=True)
class LesionEntry:
    """One lesion to list; the attributes are those of `data_modules.manifest.ManifestRow`."""

    patient_id: str
    lesion_id: str
    class_name: str
    image: Path
    mask: Path | None = None
    mask_label: str = ""
    center_mm: tuple[float, float, float] | None = None
    diameter_mm: float | None = None
    phase: str = ""


@dataclass
class Listing:
    """What an adapter found.

    Attributes:
        entries: Lesions in the order of the manifest.
        left_out: What is not listed and why, with its number; free of names, identifiers and paths.
    """

    entries: list[LesionEntry] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def text(self) -> str:
        """Summary for a terminal."""
        classes = Counter(entry.class_name for entry in self.entries)
        counts = ", ".join(f"{number} {name}" for name, number in classes.items())
        patients = len({entry.patient_id for entry in self.entries})
        lines = [f"{len(self.entries)} lesions of {patients} patients{': ' if counts else ''}{counts}."]
        return "\n".join(lines + [f"  {number:5d}  left out: {why}" for why, number in self.left_out.items() if number])


def write_manifest(path: Path, entries: Iterable[LesionEntry], source: str) -> None:
    """Write a manifest, by renaming.

    Args:
        path: The CSV file; the paths in it are relative to its folder.
        entries: Its rows.
        source: Short word for where the cases come from.
    """

    def relative(file: Path | None) -> str:
        return Path(os.path.relpath(file, path.parent)).as_posix() if file else ""

    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in entries:
            row = [one.patient_id, one.lesion_id, one.class_name, relative(one.image), relative(one.mask)]
            centre = [round(x, 3) for x in (*one.center_mm, one.diameter_mm or 0)] if one.center_mm else [""] * 4
            writer.writerow([*row, one.mask_label, *centre, one.phase, source])
