"""Can the class be told without looking at the lesion?

A logistic regression on a few numbers, cross-validated with patients kept together. Where the scanner, the source or
the referral differs between classes, these numbers predict the class, and a network finds that as well (Zech et al.
2018, "Variable generalization performance of a deep learning model to detect pneumonia", PLOS Medicine).
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.stats.proportion import proportion_confint

from data_modules.cohort import Lesion

MAX_FOLDS = 5


@dataclass(frozen=True)
class Giveaway:
    """How well the class is predicted by something other than the lesion's look.

    Attributes:
        by: What it is predicted by.
        lesions: How many lesions took part.
        patients: How many patients they belong to.
        accuracy: Share of lesions whose class was predicted, each by a model that saw other patients.
        interval: 95 % Wilson interval with patients for trials, since lesions of a patient are alike.
        majority_class: The most frequent class.
        majority_share: Its share: what always answering it would reach.
    """

    by: str
    lesions: int
    patients: int
    accuracy: float
    interval: tuple[float, float]
    majority_class: str
    majority_share: float

    @property
    def predicts(self) -> bool:
        """Whether the interval lies above the share of the most frequent class."""
        return self.interval[0] > self.majority_share


def giveaways(lesions: Sequence[Lesion], rings: Sequence[tuple[float, ...]]) -> tuple[Giveaway, ...]:
    """Predict the class by the tissue around, by the diameter, and by the pixel spacing and slice thickness.

    Args:
        lesions: The lesions.
        rings: For each lesion the numbers of `surround.ring_hu`; empty where there were none.

    Returns:
        One entry for each of the three; without those for which a class has lesions of one patient only, or which
        leave a training part without a second class.
    """
    features: dict[str, list[tuple[float, ...]]] = {
        "the tissue around the lesion": list(rings),
        "the diameter": [(float(np.log(x.diameter_mm)),) for x in lesions],
        "pixel spacing and slice thickness": [(x.spacing_mm, x.thickness_mm) for x in lesions],
    }
    return tuple(found for by, rows in features.items() if (found := _predict(by, lesions, rows)))


def _predict(by: str, lesions: Sequence[Lesion], rows: Sequence[tuple[float, ...]]) -> Giveaway | None:
    known = [(lesion, row) for lesion, row in zip(lesions, rows, strict=True) if row]
    labels = np.array([lesion.class_name for lesion, _ in known])
    patients = np.array([lesion.patient_id for lesion, _ in known])
    per_class = Counter(name for name, _ in set(zip(labels.tolist(), patients.tolist(), strict=True)))
    folds = min([MAX_FOLDS, *per_class.values()])
    if len(per_class) < 2 or folds < 2:
        return None
    predicted = _predictions(np.array([row for _, row in known]), labels, patients, folds)
    if predicted is None:
        return None
    right = float((predicted == labels).mean())
    count = len(set(patients.tolist()))
    low, high = proportion_confint(right * count, count, method="wilson")
    name, most = Counter(labels.tolist()).most_common(1)[0]
    return Giveaway(by, len(known), count, right, (float(low), float(high)), name, most / len(known))


def _predictions(
    features: npt.NDArray[np.float64], labels: npt.NDArray[np.str_], patients: npt.NDArray[np.str_], folds: int
) -> npt.NDArray[np.str_] | None:
    """Predictions by models that saw other patients; None where one of them would see a single class."""
    model = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class with fewer lesions than folds is counted above, by patients
        splits = list(StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(features, labels, patients))
        if any(len(set(labels[training])) < 2 for training, _ in splits):
            return None  # a few patients, of whom one has both classes
        predicted: npt.NDArray[np.str_] = cross_val_predict(model, features, labels, cv=splits)
    return predicted
