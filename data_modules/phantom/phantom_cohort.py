"""What a phantom's folder holds, as `phantom.json`: all that is needed to draw any of its patients again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from data_modules.errors import InputError
from data_modules.phantom.plan import PatientPlan, plan_cohort

COHORT_FILE, MANIFEST = "phantom.json", "manifest.csv"


@dataclass(frozen=True)
class PhantomCohort:
    """A cohort to draw; the defaults are those of the paper's size.

    Attributes:
        lesions: Number of lesions; 182 gives the paper's 53 cysts, 64 metastases and 65 hemangiomas.
        seed: Seeds everything.
        roi_only: A small series around each lesion instead of one of the whole abdomen per patient.
        realistic_sizes: Diameters by class; see `plan_cohort` for what this leaks.
        test_lesions: Lesions of a second, independent cohort in the folder `test`; 0 for none.
        prefix: First letter of the patients' names.
    """

    lesions: int = 182
    seed: int = 0
    roi_only: bool = False
    realistic_sizes: bool = False
    test_lesions: int = 0
    prefix: str = "P"

    @property
    def key(self) -> str:
        """Names the cohort among all others; a test cohort beside it changes nothing about it."""
        return json.dumps(asdict(replace(self, test_lesions=0)))

    def patients(self) -> tuple[PatientPlan, ...]:
        """Its patients, planned.

        Raises:
            InputError: If fewer than three lesions are asked for, or the seed is negative.
        """
        return plan_cohort(self.lesions, self.seed, realistic_sizes=self.realistic_sizes, prefix=self.prefix)

    def test(self) -> "PhantomCohort":
        """The independent cohort of `test_lesions` small series, with a seed and names of its own.

        Raises:
            InputError: If there are too few lesions for a cohort.
        """
        if self.test_lesions < 3:
            raise InputError(f"A test cohort of {self.test_lesions} lesions is too small: 0 for none, or at least 3.")
        # SeedSequence mixes the numbers, so that no seed that a user counts up to meets another one's test seed
        seed = int(np.random.SeedSequence([self.seed, 1]).generate_state(1)[0])
        return PhantomCohort(self.test_lesions, seed, True, self.realistic_sizes, prefix="T")

    def folders(self, out: Path) -> "dict[Path, PhantomCohort]":
        """The cohorts by the folder they belong to: this one, and the test cohort if there is one."""
        return {out: self} | ({out / "test": self.test()} if self.test_lesions else {})


def recipe_digest() -> str:
    """Changes with the source of this package, so that two versions of it never share a folder."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def write_cohort_file(folder: Path, cohort: PhantomCohort, recipe: str | None = None) -> None:
    """Write `phantom.json`; with the recipe's digest while patients are still to come."""
    facts = asdict(cohort) | ({"recipe": recipe} if recipe else {})
    temporary = folder / f".{COHORT_FILE}"
    temporary.write_text(json.dumps(facts, indent=1) + "\n")
    temporary.replace(folder / COHORT_FILE)


def read_cohort_file(folder: Path) -> tuple[PhantomCohort, str | None] | None:
    """The cohort of a phantom's folder and the digest, which only an unfinished one has; None for another folder."""
    try:
        facts = json.loads((folder / COHORT_FILE).read_text())
    except (OSError, ValueError):
        return None
    recipe = facts.pop("recipe", None) if isinstance(facts, dict) else None
    if not isinstance(facts, dict) or set(facts) != {field.name for field in fields(PhantomCohort)}:
        return None
    return PhantomCohort(**facts), recipe


def finished_phantom(folder: Path) -> PhantomCohort | None:
    """The cohort of a folder that holds a whole phantom, else None."""
    found = read_cohort_file(folder)
    return found[0] if found and not found[1] and (folder / MANIFEST).is_file() else None


def refusal(folder: Path, found: PhantomCohort, wanted: Mapping[str, object]) -> str:
    """Why nothing is written where a finished phantom is: the settings in which it differs, or that it is complete."""
    differing = [name for name in wanted if wanted[name] != getattr(found, name)]
    if not differing:
        return f"{folder} holds this phantom already, and it is complete."
    settings = ", ".join(f"{name}={getattr(found, name)} instead of {wanted[name]}" for name in differing)
    return f"{folder} holds a phantom already, with {settings}. Name another folder."
