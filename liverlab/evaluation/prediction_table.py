"""The rows of `predictions.csv` as aligned arrays: the only thing that evaluation reads about a run's outcome."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from data_modules.errors import InputError

COLUMNS = ("arm", "repeat", "fold", "lesion_id", "patient_id", "label", "predicted")
KEYS = ["repeat", "fold", "lesion_id"]
WRITTEN_PRECISION = 1e-5  # probabilities are written with six decimals


@dataclass(frozen=True, eq=False)
class PredictionTable:
    """Out-of-fold predictions of A arms for the same N rows (repeat x fold x test lesion) and C classes.

    Attributes:
        class_names: Classes in the order of the probability columns.
        arms: Names of the arms, in the order of the file.
        repeats: Repeat of each row, shape (N,).
        folds: Fold of each row, shape (N,).
        lesions: Lesion number of each row, shape (N,); one lesion has one row per repeat.
        patients: Patient number of each row, shape (N,).
        labels: True class index, shape (N,).
        predicted: Predicted class index, shape (A, N).
        probabilities: Shape (A, N, C).
        lesion_ids: Pseudonym of each lesion number; empty for invented tables.
        patient_ids: Pseudonym of each patient number; likewise.
    """

    class_names: tuple[str, ...]
    arms: tuple[str, ...]
    repeats: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]
    lesions: npt.NDArray[np.int64]
    patients: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    lesion_ids: tuple[str, ...] = ()
    patient_ids: tuple[str, ...] = ()

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether each arm classified each row correctly, shape (A, N)."""
        return np.equal(self.predicted, self.labels)

    @property
    def splits(self) -> list[tuple[int, int]]:
        """The (repeat, fold) pairs, in order."""
        return sorted(set(zip(self.repeats.tolist(), self.folds.tolist(), strict=True)))

    def in_split(self, repeat: int, fold: int) -> npt.NDArray[np.bool_]:
        """Which rows belong to this repeat and fold, shape (N,)."""
        return np.equal(self.repeats, repeat) & np.equal(self.folds, fold)


def read_predictions(path: Path) -> PredictionTable:
    """Read and check `predictions.csv`.

    Raises:
        InputError: If the file is missing, lacks a column, contradicts itself, or its arms were not tested on the
            same lesions.
    """
    if not path.is_file():
        raise InputError(f"No predictions in {path.parent}: {path.name} is missing. `liverlab run` writes it.")
    frame = pd.read_csv(path, dtype={"arm": str, "lesion_id": str, "patient_id": str, "label": str, "predicted": str})
    classes = tuple(column[2:] for column in frame.columns if column.startswith("p_"))
    _check_columns(frame, classes, path)
    arms = tuple(dict.fromkeys(frame["arm"]))
    parts = [frame[frame["arm"] == arm].sort_values(KEYS).reset_index(drop=True) for arm in arms]
    first = parts[0]
    for arm, part in zip(arms, parts, strict=True):
        _check_arm(arm, part, first, arms[0], path)
    index = {name: i for i, name in enumerate(classes)}
    lesions, patients = (pd.factorize(first[column]) for column in ("lesion_id", "patient_id"))
    return PredictionTable(
        class_names=classes,
        arms=arms,
        repeats=first["repeat"].to_numpy(np.int64),
        folds=first["fold"].to_numpy(np.int64),
        lesions=lesions[0].astype(np.int64),
        patients=patients[0].astype(np.int64),
        labels=first["label"].map(index).to_numpy(np.int64),
        predicted=np.stack([part["predicted"].map(index).to_numpy(np.int64) for part in parts]),
        probabilities=np.stack([part[[f"p_{name}" for name in classes]].to_numpy(np.float64) for part in parts]),
        lesion_ids=tuple(lesions[1]),
        patient_ids=tuple(patients[1]),
    )


def _check_columns(frame: pd.DataFrame, classes: tuple[str, ...], path: Path) -> None:
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing or len(classes) < 2:
        raise InputError(
            f"{path} lacks {', '.join(missing) or 'probability columns'}; expected {', '.join(COLUMNS)} and one "
            "p_<class> column for each of at least two classes."
        )
    if frame.empty:
        raise InputError(f"{path} holds no row; every arm needs one row per test lesion.")
    if frame.isna().any(axis=None):
        column = frame.columns[frame.isna().any()][0]
        row = int(frame[column].isna().to_numpy().argmax())
        raise InputError(f"{path}, line {row + 2}: {column} is empty.")
    unknown = (set(frame["label"]) | set(frame["predicted"])) - set(classes)
    if unknown:
        raise InputError(f"{path} names the class {min(unknown)!r}, which has no column p_{min(unknown)}.")
    probabilities = frame[[f"p_{name}" for name in classes]].to_numpy(np.float64)
    chosen = probabilities[np.arange(len(frame)), frame["predicted"].map({c: i for i, c in enumerate(classes)})]
    wrong = (probabilities < 0).any(1) | (abs(probabilities.sum(1) - 1) > len(classes) * WRITTEN_PRECISION)
    wrong |= chosen < probabilities.max(1) - WRITTEN_PRECISION
    if wrong.any():
        raise InputError(
            f"{path}, line {int(wrong.argmax()) + 2}: the probabilities must not be negative, must add up to 1, "
            "and the predicted class must have the largest."
        )


def _check_arm(arm: str, part: pd.DataFrame, first: pd.DataFrame, first_arm: str, path: Path) -> None:
    repeated = part.duplicated(["repeat", "lesion_id"])
    if repeated.any():
        lesion, repeat = part.loc[repeated.idxmax(), ["lesion_id", "repeat"]]
        raise InputError(f"{path}: arm {arm!r} tests lesion {lesion!r} more than once in repeat {repeat}.")
    same = [*KEYS, "patient_id", "label"]
    if not part[same].equals(first[same]):
        raise InputError(
            f"{path}: arms {first_arm!r} and {arm!r} were not tested on the same lesions (repeat, fold, patient "
            "and label must agree), so they cannot be compared. Run both on the same splits."
        )
    facts = part[["lesion_id", "patient_id", "label"]].drop_duplicates()
    torn = facts["lesion_id"].duplicated()
    if torn.any():
        raise InputError(f"{path}: lesion {facts.loc[torn.idxmax(), 'lesion_id']!r} has two patients or two labels.")
    sides = part[["repeat", "fold", "patient_id"]].drop_duplicates()
    split = sides.duplicated(["repeat", "patient_id"])
    if split.any():
        repeat, patient = sides.loc[split.idxmax(), ["repeat", "patient_id"]]
        raise InputError(
            f"{path}: patient {patient!r} is tested in two folds of repeat {repeat}, so training saw lesions of "
            "a test patient. Split by patient."
        )
