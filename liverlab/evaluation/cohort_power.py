"""Before any training: which difference in accuracy a cohort can show, and how many lesions a difference needs.

McNemar's test of two arms on the same lesions (Connor 1987, Biometrics 43:207), two-sided at 5 %, with 80 % power.
Lesions of one patient tell less than lesions of several: their number is divided by the design effect (Kish 1965,
Survey Sampling; for McNemar's test Eliasziw and Donner 1991, Statistics in Medicine 10:1981).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from data_modules.errors import InputError
from liverlab.evaluation.power import Z_ALPHA, Z_POWER, detectable_by_mcnemar

DISCORDANCES = (0.10, 0.20, 0.30)  # of two arms on 182 lesions of the phantom at equal steps: .04 to .25 (measured)
LIKELY = (0.20, 0.30)  # that the sentence names; an arm that changes much changes many lesions
DIFFERENCES = (0.02, 0.03, 0.05)
# of gained, lost or neither between lesions of one patient; ours, on the careful side of what was measured on the
# phantom at equal steps: -.1 to .15
CORRELATION = 0.10


@dataclass(frozen=True)
class Row:
    """What holds at one discordance.

    Attributes:
        discordance: Share of lesions that exactly one of the two arms classifies correctly.
        detectable: Smallest difference found in four of five cases; None: not even where one arm wins all of them.
        lesions: Lesions needed by difference, with as many per patient; None where it exceeds the discordance.
    """

    discordance: float
    detectable: float | None
    lesions: dict[float, int | None]


@dataclass(frozen=True)
class CohortPower:
    """What a cohort can show.

    Attributes:
        lesions: Number of lesions.
        patients: Number of patients.
        per_class: Lesions by class; empty where classes were not given.
        cluster: Lesions of a patient, averaged over lesions.
        correlation: Between lesions of one patient.
        design_effect: 1 + (cluster - 1) x correlation.
        rows: One per discordance.
    """

    lesions: int
    patients: int
    per_class: dict[str, int]
    cluster: float
    correlation: float
    design_effect: float
    rows: tuple[Row, ...]


def cohort_power(lesions: Sequence[tuple[str, str]], *, folds: int, correlation: float = CORRELATION) -> CohortPower:
    """What a cohort can show, from the patient and the class of each lesion.

    Raises:
        InputError: If it cannot be split: a class has fewer patients than there are folds.
    """
    if folds < 2:
        raise InputError(f"--folds {folds}: two or more are needed, one to test and the others to train on.")
    patients: dict[str, set[str]] = defaultdict(set)
    for patient, name in lesions:
        patients[name].add(patient)
    for name, own in patients.items():
        if len(own) == 1:
            raise InputError(
                f"All lesions of the class {name!r} are of one patient: of training and test side one would lack the "
                "class. Leave it out, or find further patients."
            )
        if len(own) < folds:
            raise InputError(
                f"Class {name!r} has {len(own)} patients, too few for {folds} folds: a fold would lack the class. Set "
                f"--folds to at most {len(own)}, or leave the class out."
            )
    sizes = Counter(patient for patient, _ in lesions).values()
    cluster = sum(size**2 for size in sizes) / len(lesions)
    per_class = dict(Counter(name for _, name in lesions))
    return _power(len(lesions), len(sizes), per_class, cluster, correlation)


def imagined_power(lesions: int, patients: int, *, correlation: float = CORRELATION) -> CohortPower:
    """What so many lesions of so many patients would show.

    Every patient has one lesion, the further ones fall on patients at random (Poisson), of mean m - 1 and so of m +
    (m - 1)/m lesions averaged over lesions; 2.24 for 182 of 101 patients, where the phantom has 2.3.

    Raises:
        InputError: If there are more patients than lesions, or fewer than two patients.
    """
    if not 2 <= patients <= lesions:
        raise InputError(
            f"--lesions {lesions} --patients {patients}: two or more patients are needed, each with a lesion."
        )
    mean = lesions / patients
    return _power(lesions, patients, {}, mean + (mean - 1) / mean, correlation)


def _power(lesions: int, patients: int, per_class: dict[str, int], cluster: float, correlation: float) -> CohortPower:
    if not 0 <= correlation <= 1:
        raise InputError(f"--correlation {correlation:g}: a correlation within patients is 0 to 1.")
    effect = 1 + (cluster - 1) * correlation
    rows = tuple(
        Row(
            discordance,
            detectable_by_mcnemar(discordance, int(lesions / effect)),
            {difference: lesions_for(difference, discordance, effect) for difference in DIFFERENCES},
        )
        for discordance in DISCORDANCES
    )
    return CohortPower(lesions, patients, per_class, cluster, correlation, effect, rows)


def lesions_for(difference: float, discordance: float, design_effect: float = 1.0) -> int | None:
    """Lesions that find a difference with 80 % power: Connor's n = (z_a sqrt(psi) + z_b sqrt(psi - d^2))^2 / d^2.

    Args:
        difference: d, of accuracy.
        discordance: psi.
        design_effect: How many lesions tell as much as an independent one.

    Returns:
        None where the difference exceeds the discordance, which cannot be.
    """
    if difference > discordance:
        return None
    root = Z_ALPHA * math.sqrt(discordance) + Z_POWER * math.sqrt(discordance - difference**2)
    return math.ceil(design_effect * (root / difference) ** 2)
