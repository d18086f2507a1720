"""How well trivial features tell a cohort's classes: brightness must help somewhat, size and noise grain must not.

A network sees noise grain because small lesions are enlarged and large ones shrunk; were sizes to differ by class, it
could read the class off the background.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from data_modules.classic import render_originals
from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.roi import Roi

Floats = npt.NDArray[np.float64]
WINDOW_HU = (-1024.0, 3071.0)  # nothing is cut off
ROI = Roi(size=64, margin=0.25, intensity="window", window_hu=WINDOW_HU)  # as published


def best_accuracy(cohort: Cohort, features: Floats, splits: Sequence[Split]) -> float:
    """Cross-validated accuracy of the better of logistic regression and quadratic discriminant analysis.

    Args:
        cohort: Gives the classes.
        features: One row per lesion, shape (lesions, features).
        splits: Which lesions train and which are tested, see `data_modules.folds`.

    Returns:
        Share of test lesions that are classified correctly, over all splits.
    """
    models = (LogisticRegression(solver="newton-cholesky"), QuadraticDiscriminantAnalysis(reg_param=0.01))
    features = StandardScaler().fit_transform(features)  # sees no labels
    correct = np.zeros(len(models))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # collinear features are no concern here
        for split in splits:
            train, test = list(split.train), list(split.test)
            for i, model in enumerate(models):
                fitted = model.fit(features[train], cohort.labels[train])
                correct[i] += (fitted.predict(features[test]) == cohort.labels[test]).sum()
    return float(correct.max() / sum(len(split.test) for split in splits))


def grain(cohort: Cohort) -> Floats:
    """Noise grain of the tissue around each lesion, on the ROI that a network reads.

    Returns:
        Shape (lesions, 3): autocorrelation of neighbours in x and in y, and the standard deviation in HU, of what a
        Gaussian of 2 pixels leaves.
    """
    unit = render_originals(cohort, range(len(cohort)), ROI)[:, 0].numpy().astype(np.float64)
    rois = WINDOW_HU[0] + unit * (WINDOW_HU[1] - WINDOW_HU[0])
    at = ((np.arange(ROI.size) + 0.5) / ROI.size * 2 - 1) * (0.5 + ROI.margin)  # in diameters
    outside = np.hypot(at[:, None], at) > 0.55
    return np.stack([_grain(roi, outside) for roi in rois])


def _grain(roi: Floats, outside: npt.NDArray[np.bool_]) -> Floats:
    tissue = outside & (np.abs(roi - np.median(roi[outside])) < 60)  # not fat, bone, gas or large vessels
    rest = roi - ndimage.gaussian_filter(roi, 2)
    x = tissue[:, 1:] & tissue[:, :-1]
    y = tissue[1:] & tissue[:-1]
    return np.array(
        [
            np.corrcoef(rest[:, 1:][x], rest[:, :-1][x])[0, 1],
            np.corrcoef(rest[1:][y], rest[:-1][y])[0, 1],
            rest[tissue].std(),
        ]
    )
