"""What a network saw: noted beside its weights, so that its folder can be used without the cohort's."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_modules.cohort import Cohort
from data_modules.lesion_data import LesionDataModule
from data_modules.lineage import patients_of
from liverlab.predictions import patients_tested

FILE = "trained_on.json"
LINEAGE = "lineage.json"  # of a classifier's training images, in short
MEAN = "training_mean.npy"  # what is subtracted from a classifier's images, (1, 1, size, size) in (0, 1)


@dataclass(frozen=True)
class TrainedOn:
    """The training side of one network, in numbers alone.

    Attributes:
        class_names: The cohort's classes; a label is an index into them.
        cohort: Its fingerprint.
        patients: Number of patients whose lesions were seen.
        lesions: Number of lesions seen, by class.
    """

    class_names: tuple[str, ...]
    cohort: str
    patients: int
    lesions: dict[str, int]

    @classmethod
    def of(cls, cohort: Cohort, lesions: Sequence[int]) -> "TrainedOn":
        """Count some lesions of a cohort."""
        seen = Counter(cohort.lesions[i].class_name for i in lesions)
        counts = {name: seen[name] for name in cohort.class_names if seen[name]}
        patients = len(patients_of(cohort, tuple(lesions)))
        return cls(cohort.class_names, cohort.fingerprint, patients, counts)

    def save(self, folder: Path) -> None:
        """Write `trained_on.json`."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, folder: Path) -> "TrainedOn":
        """Read what `save` wrote."""
        facts = json.loads((folder / FILE).read_text())
        return cls(**(facts | {"class_names": tuple(facts["class_names"])}))


def write_lineage(folder: Path, data: LesionDataModule) -> None:
    """Write `lineage.json`: images by source, and the patients of the images, of each pool and of the mean image."""
    write_record(folder, data.lineage.summary() | {"mean_of": sorted(data.mean_of)})


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write `lineage.json`, of which the audit reads `patients` and `mean_of`: whose lesions were seen."""
    (folder / LINEAGE).write_text(json.dumps(record, indent=1))


def read_lineage(folder: Path) -> dict[str, Any] | None:
    """What `write_lineage` wrote; None for a classifier from before there was such a record."""
    path = folder / LINEAGE
    return json.loads(path.read_text()) if path.is_file() else None


def expect_clean_mean(folder: Path) -> None:
    """See that no patient whom a classifier was tested on is in its mean image."""
    lineage = read_lineage(folder)
    clean = lineage is None or not set(lineage["mean_of"]) & patients_tested(folder)
    assert clean, f"{folder.name}: a test patient is in the mean image"
