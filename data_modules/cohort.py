"""The cohort: one row and one wide patch per lesion.

A wide patch is the key slice around the lesion in *lesion units*: 256 x 256 pixels that span 1.7 diameters to each
side of the lesion's centre. Every later crop, rotation, translation and change of margin is one affine sampling of it.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_modules.errors import InputError

PATCH_SIZE = 256
PATCH_HALF_WIDTH = 1.7  # diameters; holds a margin of .25 + .4 per side turned by 45 degrees: 1.15 sqrt(2) = 1.63


@dataclass(frozen=True)
class Lesion:
    """One lesion, as far as it may be known outside the hospital.

    Attributes:
        lesion_id: Pseudonym of the lesion.
        patient_id: Pseudonym of the patient.
        class_name: Diagnosis, one of the cohort's class names.
        diameter_mm: Long diameter on the key slice, or as given by the manifest.
        spacing_mm: Pixel spacing of the key slice.
        thickness_mm: Slice thickness (0 for a single image).
        source: Where the image comes from, e.g. "phantom"; free of identity.
    """

    lesion_id: str
    patient_id: str
    class_name: str
    diameter_mm: float
    spacing_mm: float
    thickness_mm: float
    source: str


@dataclass(frozen=True, eq=False)
class Cohort:
    """All lesions of one study.

    Attributes:
        class_names: The classes; a label is an index into them.
        lesions: One entry per lesion, in the manifest's order.
        patches: Wide patches in HU, int16 of shape (lesions, 256, 256).

    Raises:
        InputError: If a lesion's class is not among the class names or a lesion appears twice.
    """

    class_names: tuple[str, ...]
    lesions: tuple[Lesion, ...]
    patches: npt.NDArray[np.int16]

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        assert self.patches.shape == (len(self.lesions), PATCH_SIZE, PATCH_SIZE), self.patches.shape
        ids = [lesion.lesion_id for lesion in self.lesions]
        if len(set(ids)) < len(ids):
            raise InputError(f"Lesion {next(i for i in ids if ids.count(i) > 1)!r} is listed twice in the cohort.")
        unknown = {lesion.class_name for lesion in self.lesions} - set(self.class_names)
        if unknown:
            raise InputError(f"Unknown class {min(unknown)!r}; the classes are {', '.join(self.class_names)}.")

    def __len__(self) -> int:
        return len(self.lesions)

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class index of each lesion, shape (lesions,)."""
        return np.array([self.class_names.index(lesion.class_name) for lesion in self.lesions], dtype=np.int64)

    @property
    def patients(self) -> npt.NDArray[np.int64]:
        """Patient number of each lesion, counted by first appearance: independent of the pseudonyms' salt."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(x.patient_id, len(numbers)) for x in self.lesions], dtype=np.int64)

    @property
    def patient_ids(self) -> tuple[str, ...]:
        """Patients' pseudonyms by first appearance; `patient_ids[patients[i]]` is the patient of lesion i."""
        return tuple(dict.fromkeys(lesion.patient_id for lesion in self.lesions))

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits over pixels, classes, diameters and grouping; pseudonyms do not enter."""
        digest = hashlib.sha256(np.ascontiguousarray(self.patches).tobytes())
        digest.update(json.dumps(self.class_names).encode())
        for lesion, patient in zip(self.lesions, self.patients, strict=True):
            digest.update(f"{patient},{lesion.class_name},{lesion.diameter_mm:.3f},{lesion.spacing_mm:.4f};".encode())
        return digest.hexdigest()[:12]

    def save(self, folder: Path) -> None:
        """Write `patches.npy` and `cohort.json` into a folder, by renaming, the table last."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "patches.npy.part").open("wb") as file:
            np.save(file, self.patches)
        table = {"class_names": self.class_names, "fingerprint": self.fingerprint}
        text = json.dumps(table | {"lesions": [asdict(lesion) for lesion in self.lesions]}, indent=1)
        temporary = folder / "cohort.json.part"
        temporary.write_text(text)
        (folder / "patches.npy.part").replace(folder / "patches.npy")
        temporary.replace(folder / "cohort.json")

    @classmethod
    def load(cls, folder: Path) -> "Cohort":
        """Read what `save` wrote.

        Raises:
            InputError: If the folder holds no cohort, or a table and patches that do not belong together.
        """
        if not (folder / "cohort.json").is_file():
            raise InputError(f"No cohort in {folder}: cohort.json is missing. `liverlab ingest` writes one.")
        table = json.loads((folder / "cohort.json").read_text())
        lesions = tuple(Lesion(**row) for row in table["lesions"])
        cohort = cls(tuple(table["class_names"]), lesions, np.load(folder / "patches.npy"))
        if cohort.fingerprint != table["fingerprint"]:
            raise InputError(f"The cohort in {folder} is damaged: cohort.json and patches.npy differ. Ingest it again.")
        return cohort
