"""What an ingest kept, what it left out and why, and what looks odd; free of names, identifiers and paths."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from data_modules.cohort import Lesion

SIZE_EDGES_MM = (10, 20, 50)
SURROUND_HU = (60, 150)  # liver at portal phase


@dataclass(frozen=True)
class Skipped:
    """One lesion that was left out: its row in the manifest, a code, and the sentence to print."""

    row: int
    code: str
    message: str


@dataclass(frozen=True)
class IngestReport:
    """Summary of one ingest.

    Attributes:
        kept: Number of lesions in the cohort.
        skipped: The lesions left out, in the manifest's order.
        table: Number of kept lesions by class, source and size.
        warnings: What makes results doubtful.
        notes: What the pixels say about the physics.
    """

    kept: int
    skipped: tuple[Skipped, ...]
    table: dict[tuple[str, str, str], int]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """The report as JSON."""
        table = [{"class": c, "source": s, "size": d, "lesions": n} for (c, s, d), n in self.table.items()]
        return json.dumps(asdict(self) | {"table": table}, indent=1)

    def text(self) -> str:
        """The report for a terminal."""
        lines = [f"{self.kept} lesions kept, {len(self.skipped)} skipped."]
        lines += [f"  {n:4d}  {name}, {size}, source {source}" for (name, source, size), n in self.table.items()]
        lines += [s.message for s in self.skipped]
        return "\n".join([*lines, *self.warnings, *self.notes])

    def write(self, folder: Path) -> None:
        """Write `ingest.json` into a folder, by renaming."""
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / "ingest.json.part"
        temporary.write_text(self.to_json())
        temporary.replace(folder / "ingest.json")


def size_table(lesions: Sequence[Lesion]) -> dict[tuple[str, str, str], int]:
    """Lesions counted by (class, source, size), sorted."""

    def size(diameter_mm: float) -> int:
        return sum(diameter_mm >= edge for edge in SIZE_EDGES_MM)

    ends = [*map(str, SIZE_EDGES_MM)]
    names = [
        f"under {ends[0]} mm",
        *(f"{a} to {b} mm" for a, b in pairwise(ends)),
        f"{ends[-1]} mm or more",
    ]
    counts = Counter((x.class_name, x.source, size(x.diameter_mm)) for x in lesions)
    return {(name, source, names[k]): n for (name, source, k), n in sorted(counts.items())}


def design_warnings(class_names: Sequence[str], lesions: Sequence[Lesion]) -> list[str]:
    """Classes that can be told by something else than their lesions, or not at all."""
    sources = {name: {x.source for x in lesions if x.class_name == name} for name in class_names}
    warnings = []
    for name, own in sources.items():
        others = set().union(*(s for other, s in sources.items() if other != name))
        if not own:
            warnings.append(f"W-DES-02 no lesion of class {name!r} was kept.")
        elif len(own) == 1 and others - own:
            (source,) = own
            rest = "other classes also come from elsewhere" if own & others else "no other class does"
            warnings.append(
                f"W-DES-01 every {name!r} comes from source {source} and {rest}: accuracy cannot be interpreted."
            )
    return warnings


def surround_note(surround_hu: Sequence[float]) -> str:
    """Sentence on the tissue around the lesions, given one median HU per lesion, sorted or not."""
    middle = sorted(surround_hu)[len(surround_hu) // 2]
    low, high = SURROUND_HU
    text = f"tissue around the lesions: median {middle:.0f} HU; liver at portal phase has {low} to {high}."
    return text if low <= middle <= high else f"W-HU-01 {text} Check the phase, or whether the values are HU."
