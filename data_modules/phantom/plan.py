"""Who has which lesions: composition, diameters and subtypes of a phantom cohort, before anything is drawn.

The full cohort has the numbers of Frid-Adar et al. 2018 (arXiv:1803.01229): 53 cysts, 64 metastases, 65 hemangiomas of
10 to 102 mm. All classes share one distribution of diameters, stratified by quantile, so that size tells nothing;
realistic sizes are the exception that one has to ask for.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import lognorm

from data_modules.errors import InputError
from data_modules.phantom.subtypes import draw_lobes, draw_subtypes

CLASS_NAMES = ("cyst", "metastasis", "hemangioma")
FULL_COUNTS = (53, 64, 65)
SMALLEST_MM, LARGEST_MM = 10.0, 102.0
SPREAD = 0.55  # SD of the diameters' logarithm
MEDIAN_MM = float(np.exp(3.20))  # 24.5, before the ends are cut off
# Round numbers of ours, in the order that clinical series have: most cysts are small, many hemangiomas are not.
REALISTIC_MEDIANS_MM = {"cyst": 17.0, "metastasis": 24.0, "hemangioma": 32.0}
# Patients of the full cohort that have 1, 2, 3, ... lesions of a class.
PATIENTS_BY_LESIONS = {"cyst": (12, 13, 5), "metastasis": (11, 9, 6, 3, 1), "hemangioma": (24, 12, 3, 2)}
TWO_CLASS_PATIENTS = 7
# Slice thicknesses in mm, as many of each as in twenty patients.
THICKNESSES_MM = (1.0,) * 2 + (2.0,) * 4 + (2.5,) * 3 + (3.0,) * 4 + (5.0,) * 7
ROOM_MM2 = 110.0**2  # sum of squared diameters that one liver section holds


@dataclass(frozen=True)
class LesionPlan:
    """One lesion to draw."""

    lesion_id: str
    class_name: str
    subtype: str
    diameter_mm: float
    lobes: int = 1


@dataclass(frozen=True)
class PatientPlan:
    """One patient to draw; `number` counts from 1 and seeds everything about the patient."""

    number: int
    thickness_mm: float
    lesions: tuple[LesionPlan, ...]
    prefix: str = "P"

    @property
    def patient_id(self) -> str:
        """Folder name and manifest entry, e.g. "P0001"."""
        return f"{self.prefix}{self.number:04d}"


def plan_cohort(
    lesions: int, seed: int, *, realistic_sizes: bool = False, prefix: str = "P"
) -> tuple[PatientPlan, ...]:
    """Plan a cohort; a pure function of its arguments.

    Args:
        lesions: How many.
        seed: Seeds everything.
        realistic_sizes: Draw each class's diameters around a median of its own (cyst 17, metastasis 24, hemangioma
            32 mm) instead of one for all (24.5 mm). This leaks the class twice: through the size itself, and through
            the grain of the noise, which a crop that is scaled to the lesion shows the coarser the smaller the lesion.
        prefix: First letter of the patients' names; draws nothing.

    Raises:
        InputError: If fewer than three lesions are asked for, or the seed is negative.
    """
    if lesions < len(CLASS_NAMES):
        raise InputError(f"A phantom cohort of {lesions} lesions is too small: it needs one per class, so at least 3.")
    if seed < 0:
        raise InputError(f"The phantom's seed is {seed}; it must be 0 or more.")
    rng = np.random.default_rng([seed, 0])
    counts = _class_counts(lesions)
    groups = [[name] * n for name in CLASS_NAMES for n in _group_sizes(name, counts[name], rng)]
    patients = _merge_pairs(groups, round(TWO_CLASS_PATIENTS * lesions / sum(FULL_COUNTS)), rng)
    medians = REALISTIC_MEDIANS_MM if realistic_sizes else dict.fromkeys(CLASS_NAMES, MEDIAN_MM)
    diameters = _assign_diameters(patients, medians, rng)
    subtypes = {name: iter(draw_subtypes(name, diameters[name], rng)) for name in CLASS_NAMES}
    lobes = {name: iter(draw_lobes(name, counts[name], rng)) for name in CLASS_NAMES}
    sizes = {name: iter(diameters[name]) for name in CLASS_NAMES}
    thicknesses = _deal_thicknesses(patients, rng)
    plans = []
    for number, classes in enumerate(patients, start=1):
        rows = [
            LesionPlan(f"{prefix}{number:04d}-L{i}", name, next(subtypes[name]), next(sizes[name]), next(lobes[name]))
            for i, name in enumerate(classes, start=1)
        ]
        plans.append(PatientPlan(number, thicknesses[number - 1], tuple(rows), prefix))
    return tuple(plans)


def _class_counts(lesions: int) -> dict[str, int]:
    """Share out the lesions in the paper's proportions, by largest remainder."""
    exact = np.array(FULL_COUNTS) * lesions / sum(FULL_COUNTS)
    counts = np.maximum(exact.astype(int), 1)
    for i in np.argsort(counts - exact, kind="stable")[: lesions - int(counts.sum())]:
        counts[i] += 1
    return dict(zip(CLASS_NAMES, counts.tolist(), strict=True))


def _group_sizes(name: str, lesions: int, rng: np.random.Generator) -> list[int]:
    """Lesions per patient of one class, as in the full cohort, in at least three patients where the number allows."""
    full = [size for size, patients in enumerate(PATIENTS_BY_LESIONS[name], start=1) for _ in range(patients)]
    sizes: list[int] = []
    while (left := lesions - sum(sizes)) > 0:
        if len(sizes) % len(full) == 0:
            rng.shuffle(full)
        reserve = max(0, 2 - len(sizes))  # one lesion for each of the three patients still to come
        sizes.append(min(full[len(sizes) % len(full)], max(1, left - reserve)))
    return sizes


def _merge_pairs(groups: list[list[str]], pairs: int, rng: np.random.Generator) -> list[list[str]]:
    """Make `pairs` patients of two classes out of small groups, then shuffle the patients."""
    rng.shuffle(groups)
    small = {name: [g for g in groups if g[0] == name and len(g) <= 2] for name in CLASS_NAMES}
    for i in range(pairs):
        first, second = CLASS_NAMES[i % 3], CLASS_NAMES[(i + 1) % 3]
        host, guest = small[first].pop(), small[second].pop()
        host.extend(guest)
        guest.clear()
    return [group for group in groups if group]


def _deal_thicknesses(patients: list[list[str]], rng: np.random.Generator) -> list[float]:
    """A slice thickness in mm per patient, dealt alike to the classes: it shows in the noise and must not tell them."""
    result = [0.0] * len(patients)
    for name in CLASS_NAMES:
        own = sorted((i for i, classes in enumerate(patients) if classes[0] == name), key=lambda i: len(patients[i]))
        deck: list[float] = []
        for i in own:
            deck = deck or rng.permutation(THICKNESSES_MM).tolist()
            result[i] = deck.pop()
    return result


def _assign_diameters(
    patients: list[list[str]], medians_mm: dict[str, float], rng: np.random.Generator
) -> dict[str, list[float]]:
    """Diameters in mm by class, in the order in which the patients' lesions of that class appear.

    Each class gets one diameter from each of n equally likely strata. The largest are placed first, each with a random
    patient who still has room, so that no liver is asked to hold more than it can.
    """
    room = np.full(len(patients), ROOM_MM2)
    result: dict[str, list[float]] = {}
    for name in CLASS_NAMES:
        owners = np.array([i for i, classes in enumerate(patients) for c in classes if c == name])
        sizes = np.zeros(len(owners))
        for diameter in _strata(len(owners), medians_mm[name], rng)[::-1]:
            free = np.flatnonzero(sizes == 0)
            fits = free[room[owners[free]] >= diameter**2]
            chosen = rng.choice(fits) if len(fits) else free[np.argmax(room[owners[free]])]
            sizes[chosen] = diameter
            room[owners[chosen]] -= diameter**2
        result[name] = sizes.tolist()
    _force_ends(result)
    return result


def _strata(n: int, median_mm: float, rng: np.random.Generator) -> list[float]:
    """One diameter from each of n equally likely strata of the truncated lognormal, ascending, in mm."""
    diameters = lognorm(s=SPREAD, scale=median_mm)
    low, high = diameters.cdf([SMALLEST_MM, LARGEST_MM])
    quantiles = low + (high - low) * (np.arange(n) + rng.uniform(size=n)) / n
    return [round(float(d), 2) for d in diameters.ppf(quantiles)]


def _force_ends(diameters: dict[str, list[float]]) -> None:
    """Set the cohort's smallest and largest diameter to the published range."""
    smallest = min(CLASS_NAMES, key=lambda name: min(diameters[name]))
    largest = max(CLASS_NAMES, key=lambda name: max(diameters[name]))
    diameters[smallest][int(np.argmin(diameters[smallest]))] = SMALLEST_MM
    diameters[largest][int(np.argmax(diameters[largest]))] = LARGEST_MM
