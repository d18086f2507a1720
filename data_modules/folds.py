"""Patient-grouped, class-stratified, repeated folds. But for `holdout.py`, nothing else may split a cohort."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from data_modules.cohort import Cohort
from data_modules.errors import InputError

FEWER = "Use fewer folds (n_folds) or another seed."


@dataclass(frozen=True)
class Split:
    """One fold of one repeat.

    Attributes:
        repeat: Number of the repeat, from 0.
        fold: Number of the fold, from 0.
        train: Positions of the training lesions in the cohort, ascending.
        test: Positions of the test lesions, ascending.
    """

    repeat: int
    fold: int
    train: tuple[int, ...]
    test: tuple[int, ...]


def make_splits(cohort: Cohort, *, folds: int, repeat: int = 0, seed: int = 0) -> list[Split]:
    """The splits of one repeat, ordered by fold: a pure function of its arguments.

    Folds are balanced by class and no patient is on both sides (Frid-Adar et al. 2018, sec. 3.1).

    Raises:
        InputError: If there are too few patients, or a class would be missing on one side of a split.
    """
    if folds < 2:
        raise InputError(f"{folds} fold cannot be split into a training and a test side; n_folds starts at 2.")
    for name, patients in patients_per_class(cohort, range(len(cohort))).items():
        if patients < folds:
            raise InputError(
                f"Class {name!r} has {patients} patients, too few for {folds} folds: a fold would lack the class. "
                f"Set n_folds to at most {max(2, patients)} or leave the class out."
            )
    # a sequence, not a sum: seed 1's first repeat must not be seed 0's second
    state = int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0])
    kfold = StratifiedGroupKFold(folds, shuffle=True, random_state=state)
    pairs = kfold.split(np.zeros(len(cohort)), cohort.labels, groups=cohort.patients)
    return [checked_split(cohort, repeat, fold, train, test, advice=FEWER) for fold, (train, test) in enumerate(pairs)]


def inner_split(cohort: Cohort, split: Split, *, folds: int, seed: int = 0) -> Split:
    """The training side of a split, split once more: what is selected on its held-out part never saw a test lesion.

    A pure function of its arguments, of which `split.test` is not looked at. Nested selection: Varma and Simon 2006,
    doi 10.1186/1471-2105-7-91.

    Args:
        cohort: All lesions.
        split: The outer split.
        folds: About one of so many training patients is held out; more of them where a class has fewer patients.
        seed: The seed of the outer splits.

    Returns:
        Repeat and fold of the outer split; `train` and `test` are parts of its training side, patients kept together.

    Raises:
        InputError: If a class would be missing on one side.
    """
    for name, patients in patients_per_class(cohort, split.train).items():
        if patients < 2:
            raise InputError(
                f"Repeat {split.repeat}, fold {split.fold}: class {name!r} has {patients} patient on the training "
                "side, so none can be held out to select on. Leave the class out, or set one size (synthetic.size) "
                "instead of several (synthetic.choose_from)."
            )
        folds = min(folds, patients)
    train = np.array(split.train)
    # the last number keeps it from the outer splits' states: a seed sequence does not see a fold of 0 at its end
    state = int(np.random.SeedSequence([seed, split.repeat, split.fold, 1]).generate_state(1)[0])
    kfold = StratifiedGroupKFold(folds, shuffle=True, random_state=state)
    kept, held_out = next(kfold.split(train, cohort.labels[train], groups=cohort.patients[train]))
    return checked_split(cohort, split.repeat, split.fold, train[kept], train[held_out], advice=FEWER, within="inner ")


def patients_per_class(cohort: Cohort, among: Sequence[int]) -> dict[str, int]:
    """By class, how many patients have a lesion of it among these lesions."""
    patients, labels = cohort.patients[list(among)], cohort.labels[list(among)]
    return {name: len(set(patients[labels == label])) for label, name in enumerate(cohort.class_names)}


def checked_split(
    cohort: Cohort,
    repeat: int,
    fold: int,
    train: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
    *,
    advice: str,
    within: str = "",
) -> Split:
    """A split of these lesions that keeps patients apart and has every class on both sides.

    Raises:
        InputError: If a side lacks a class, with advice.
    """
    assert not set(cohort.patients[train]) & set(cohort.patients[test]), "a patient is on both sides"
    for side, indices in (("training", train), ("test", test)):
        missing = set(range(len(cohort.class_names))) - set(cohort.labels[indices])
        if missing:
            name = cohort.class_names[min(missing)]
            raise InputError(f"Repeat {repeat}, fold {fold}: the {within}{side} side lacks class {name!r}. {advice}")
    return Split(repeat, fold, tuple(map(int, np.sort(train))), tuple(map(int, np.sort(test))))
