"""What an ingest kept, what it left out and why, and what looks odd; free of names, identifiers and paths."""

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_modules.background_probe import Giveaway
from data_modules.cohort import Lesion
from data_modules.lesion_measure import MeasuredLesion
from data_modules.physics import AIR_BELOW_HU, SURROUND_HU
from data_modules.whole_file import replacing

SIZE_EDGES_MM = (10, 20, 50)
MIN_JUDGED = 5


@dataclass(frozen=True)
class Skipped:
    """One lesion that was left out: its row in the manifest, a code, and the sentence to print."""

    row: int
    code: str
    message: str


@dataclass(frozen=True)
class Case:
    """One kept lesion: its row in the manifest, its pseudonym, what was measured, and the codes of what looks odd."""

    row: int
    lesion_id: str
    key_slice: int
    slices: int
    mean_hu: float
    median_hu: float
    surround_hu: float | None
    doubts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class IngestReport:
    """Summary of one ingest.

    Attributes:
        kept: Number of lesions in the cohort.
        skipped: The lesions left out, in the manifest's order.
        table: Number of kept lesions by class, source and size.
        warnings: What makes results doubtful.
        notes: What the pixels say about the physics.
        giveaways: How well the class is predicted without looking at the lesion.
        cases: The kept lesions, in the cohort's order.
        insides: Their masks on the grid of the wide patches, shape (lesions, 256, 256); for the page, not written.
    """

    kept: int
    skipped: tuple[Skipped, ...]
    table: dict[tuple[str, str, str], int]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    giveaways: tuple[Giveaway, ...] = ()
    cases: tuple[Case, ...] = ()
    insides: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 256, 256), dtype=bool))

    def to_json(self) -> str:
        """The report as JSON."""
        facts = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "insides"}
        facts["table"] = [{"class": c, "source": s, "size": d, "lesions": n} for (c, s, d), n in self.table.items()]
        for name in ("skipped", "giveaways", "cases"):
            facts[name] = [asdict(entry) for entry in facts[name]]
        return json.dumps(facts, indent=1)

    def text(self) -> str:
        """The report for a terminal."""
        lines = [f"{self.kept} lesions kept, {len(self.skipped)} skipped."]
        lines += [f"  {n:4d}  {name}, {size}, source {source}" for (name, source, size), n in self.table.items()]
        lines += [s.message for s in self.skipped]
        return "\n".join([*lines, *self.warnings, *self.notes])

    def write(self, folder: Path) -> None:
        """Write `ingest.json` into a folder, by renaming."""
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / "ingest.json") as part:
            part.write_text(self.to_json())


def size_names() -> list[str]:
    """The sizes of `size_table`, ascending."""
    ends = [*map(str, SIZE_EDGES_MM)]
    return [f"under {ends[0]} mm", *(f"{a} to {b} mm" for a, b in pairwise(ends)), f"{ends[-1]} mm or more"]


def size_table(lesions: Sequence[Lesion]) -> dict[tuple[str, str, str], int]:
    """Lesions counted by (class, source, size), sorted."""

    def size(diameter_mm: float) -> int:
        return sum(diameter_mm >= edge for edge in SIZE_EDGES_MM)

    names = size_names()
    counts = Counter((x.class_name, x.source, size(x.diameter_mm)) for x in lesions)
    return {(name, source, names[k]): n for (name, source, k), n in sorted(counts.items())}


def design_warnings(
    class_names: Sequence[str], lesions: Sequence[Lesion], giveaways: Sequence[Giveaway] = ()
) -> list[str]:
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
    return warnings + [_giveaway_warning(found) for found in giveaways if found.predicts]


def _giveaway_warning(found: Giveaway) -> str:
    low, high = found.interval
    return (
        f"W-DES-03 the class is predicted by {found.by} alone: accuracy {found.accuracy:.0%} (95 % interval {low:.0%} "
        f"to {high:.0%}), where always answering {found.majority_class!r} reaches {found.majority_share:.0%}. "
        "A classifier may learn this instead of the lesion."
    )


def cohort_notes(measured: Sequence[MeasuredLesion]) -> tuple[str, ...]:
    """What the lesions say together: air, tissue around them, and on which side of the body they lie."""
    if not measured:
        return ()
    notes = []
    if not any(doubt.code == "W-HU-02" for one in measured for doubt in one.doubts):
        notes.append(f"air below {AIR_BELOW_HU} HU on every key slice.")
    surround = [one.ring[0] for one in measured if one.ring]
    if surround:
        low, high = SURROUND_HU
        middle = statistics.median(surround)
        notes.append(f"tissue around the lesions: median {middle:.0f} HU; liver at portal phase has {low} to {high}.")
    return (*notes, *side_note([one.left_mm for one in measured]))


def side_note(left_mm: Sequence[float | None]) -> list[str]:
    """Whether most lesions lie on the patient's right, as in a liver; nothing for fewer than 5 that can be judged."""
    sides = [side for side in left_mm if side is not None]
    if len(sides) < MIN_JUDGED:
        return []
    right = sum(side < 0 for side in sides)
    text = f"{right} of {len(sides)} lesions lie on the patient's right of the body's midline"
    if right > len(sides) / 2:
        return [f"{text}, as liver lesions should."]
    return [f"W-GEO-14 {text}; of liver lesions most do. Left and right may be exchanged."]
