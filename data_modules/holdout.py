"""The hold-out design: one test side for all repeats, and in each repeat a training side of other patients.

Every side is a stretch of an order of patients. Patients who hold the same classes form a stratum, and stand in the
order at the share of their stratum's lesions that come before them. A stretch thus holds each stratum in the cohort's
proportions, to within a patient at either end (systematic sampling within strata: Cochran 1977, "Sampling techniques",
ch. 8), and a longer one contains a shorter one.
"""

import numpy as np
import numpy.typing as npt

from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.folds import Split, checked_split, patients_per_class

Ints = npt.NDArray[np.int64]


def make_holdout(cohort: Cohort, *, test_lesions: int, train_lesions: int, repeat: int = 0, seed: int = 0) -> Split:
    """The split of one repeat: a pure function of its arguments.

    Patients stay whole, so a side has the asked number of lesions or, where its last patient has several, a few more.
    The test side depends on the cohort, `seed` and `test_lesions` alone. A larger `train_lesions` contains the smaller
    one of the same repeat. The other patients stand in a circle, on which repeats start as far apart as they can: at 0,
    1/2, 1/4, 3/4, 1/8 and so on (van der Corput's sequence). So 2, 4 or 8 repeats share no training patient where each
    needs somewhat less than that part of the other lesions, and share as evenly as they can where they need more.

    Args:
        cohort: All lesions.
        test_lesions: At least so many to test on.
        train_lesions: At least so many to train on.
        repeat: Number of the repeat, from 0.
        seed: Of both sides.

    Raises:
        InputError: If a class has too few patients, too few lesions are left to train on, or a side lacks a class.
    """
    for name, patients in patients_per_class(cohort, range(len(cohort))).items():
        if patients < 2:
            raise InputError(
                f"Class {name!r} has {patients} patient, too few for a hold-out: a side would lack the class. "
                "Add patients or leave the class out (data.classes)."
            )
    everybody = np.arange(len(cohort.patient_ids))
    tested = _beginning(cohort, _order(cohort, everybody, 0.0, [seed, 0]), test_lesions)
    others = np.setdiff1d(everybody, tested)
    left = int(np.isin(cohort.patients, others).sum())
    if left < train_lesions:
        raise InputError(
            f"A test side of holdout.test_lesions={test_lesions} leaves {left} of the cohort's {len(cohort)} lesions, "
            f"fewer than holdout.train_lesions={train_lesions}. Ask for fewer, or take a larger cohort."
        )
    start = int(f"{repeat:b}"[::-1], 2) / 2 ** repeat.bit_length()  # the bits mirrored at the point
    trained = _beginning(cohort, _order(cohort, others, start, [seed, 1]), train_lesions)
    train, test = (np.flatnonzero(np.isin(cohort.patients, side)) for side in (trained, tested))
    advice = "Ask for more lesions there (holdout.train_lesions, holdout.test_lesions) or use another seed."
    return checked_split(cohort, repeat, 0, train, test, advice=advice)


def _order(cohort: Cohort, patients: Ints, start: float, seeds: list[int]) -> Ints:
    """These patients in a circular order of which every stretch holds all strata in their proportions."""
    sizes = np.bincount(cohort.patients)
    holds = np.zeros((len(sizes), len(cohort.class_names)), bool)
    holds[cohort.patients, cohort.labels] = True
    stratum = holds @ (1 << np.arange(len(cohort.class_names)))  # the set of classes as a number
    place = np.empty(len(sizes))
    for number in np.unique(stratum[patients]):
        rng = np.random.default_rng([*seeds, int(number)])
        members = rng.permutation(patients[stratum[patients] == number])
        # somewhere within the patient's own lesions, so that a stratum of one does not always stand at the same place
        place[members] = (np.cumsum(sizes[members]) - rng.random() * sizes[members]) / sizes[members].sum()
    return patients[np.argsort((place[patients] - start) % 1, kind="stable")]


def _beginning(cohort: Cohort, order: Ints, lesions: int) -> Ints:
    """The fewest patients of the order who have at least so many lesions; all where there are not so many."""
    counts = np.cumsum(np.bincount(cohort.patients)[order])
    return order[: int(np.searchsorted(counts, lesions)) + 1]
