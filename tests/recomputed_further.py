"""Ranking, calibration, predictive values and gained lesions, computed from predictions.csv a second time.

As `recomputed`, with plain sums over pairs of rows where the project sorts and cumulates, and SciPy's minimiser where
it walks a grid of temperatures. Estimates are checked against scikit-learn on the way.
"""

import warnings
from collections import Counter

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    matthews_corrcoef,
    precision_score,
    roc_auc_score,
)
from statsmodels.stats.proportion import proportion_confint


def with_interval(values, low=0.0, high=1.0, *, patients=None):
    """Estimate and interval, a tenth wider, of the sample and its draws; Wilson's for a proportion of 0 or 1."""
    estimate, draws = values[0], values[1:]
    if patients and estimate in (0, 1):
        return [estimate, *proportion_confint(estimate * patients, patients, method="wilson")]
    ends = np.nanpercentile(estimate + 1.1 * (draws - estimate), [2.5, 97.5])
    return [estimate, *np.clip(ends, low, high)]


class Further:
    """One arm of a `Recomputed` run."""

    def __init__(self, again, arm, seed):
        self.again, self.seed = again, seed
        rows = again.rows[arm]
        self.p = np.array([[float(row[f"p_{c}"]) for c in again.classes] for row in rows])
        self.predicted, self.labels = np.array([row["predicted"] for row in rows]), np.array(again.labels)
        self.true = np.array([again.classes.index(label) for label in again.labels])
        self.patient = np.array(again.patient_of)
        sample = np.ones((1, len(again.patients)))
        self.w = np.concatenate([sample, again.weights])[:, again.patient_of]  # (1 + draws, rows)
        self.confidence, self.right = self.p.max(1), self.predicted == self.labels

    def mean(self, values):
        return self.w @ values / self.w.sum(1)

    def behind(self, rows):
        return len(set(self.patient[rows]))

    def ranking(self):
        """Areas of each class and their mean, then the mean average precision, each with its interval."""
        splits = np.array([key[:2] for key in self.again.keys])
        areas, precisions = [], []
        for split in np.unique(splits, axis=0):
            rows = (splits == split).all(1)
            for found, one, reference in (
                (areas, area, roc_auc_score),
                (precisions, precision, average_precision_score),
            ):
                each = []
                for i, c in enumerate(self.again.classes):
                    positive, scores = self.labels[rows] == c, self.p[rows, i]
                    each.append(one(positive, scores, self.w[:, rows]))
                    for draw in (0, 1):
                        known = reference(positive, scores, sample_weight=self.w[draw, rows])
                        assert np.isclose(each[-1][draw], known, equal_nan=True)
                with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # a draw may hold no class
                    found.append([*each, np.nanmean(each, axis=0)])
        by_class = np.nanmean(areas, axis=0)
        return [with_interval(values) for values in by_class], with_interval(np.nanmean(precisions, axis=0)[-1])

    def calls(self):
        """PPV and NPV of each class, then the means of PPV, NPV and F1, and MCC."""
        found, f1 = {"ppv": [], "npv": []}, []
        for c in self.again.classes:
            called, mine = self.predicted == c, self.labels == c
            hits = self.w @ (called & mine)
            found["ppv"].append(hits / (self.w @ called))
            found["npv"].append(self.w @ (~called & ~mine) / (self.w @ ~called))
            f1.append(2 * hits / (self.w @ called + self.w @ mine))
        by_class = [
            with_interval(values, patients=self.behind((self.predicted == c) == (measure == "ppv")))
            for measure, each in found.items()
            for c, values in zip(self.again.classes, each, strict=True)
        ]
        means = [np.mean(each, axis=0) for each in (*found.values(), f1)]
        assert np.isclose(means[0][0], precision_score(self.labels, self.predicted, average="macro"))
        assert np.isclose(means[2][0], f1_score(self.labels, self.predicted, average="macro"))
        mcc = np.array([matthews_corrcoef(self.labels, self.predicted, sample_weight=w) for w in self.w])
        everyone = len(self.again.patients)
        return by_class, [*(with_interval(m, patients=everyone) for m in means), with_interval(mcc, -1)]

    def losses(self):
        """Brier score and log-loss."""
        own = self.p[np.arange(len(self.p)), self.true]
        found = [((self.p - np.eye(self.p.shape[1])[self.true]) ** 2).sum(1), -np.log(np.maximum(own, 5e-7))]
        assert np.isclose(found[0].mean(), brier_score_loss(self.true, self.p, labels=range(self.p.shape[1])))
        assert np.isclose(found[1].mean(), log_loss(self.true, self.p), atol=1e-5)
        return [with_interval(self.mean(values), high=np.inf) for values in found]

    def excess(self):
        return with_interval(self.mean(self.confidence - self.right), -1)

    def temperature(self):
        return with_interval(np.array([self.fitted(w) for w in self.w]), high=np.inf)

    def fitted(self, w):
        ends, digits = np.log([0.05, 20]), {"xatol": 1e-6}
        return np.exp(minimize_scalar(lambda t: w @ self.cooled(np.exp(t)), bounds=ends, options=digits).x)

    def cooled(self, temperature):
        """Log-loss of each row after division of the logits."""
        logits = np.log(np.maximum(self.p, 5e-7)) / temperature
        return -log_softmax(logits, axis=1)[np.arange(len(self.p)), self.true]

    def loss_after(self):
        """Fitted on four fifths of the patients, applied to the rest."""
        group = self.patient % 5
        return sum(self.cooled(self.fitted((group != g) * 1.0))[group == g].sum() for g in range(5)) / len(self.p)

    def ece(self, right):
        total = 0
        for b in range(10):
            mine = np.minimum((10 * self.confidence).astype(int), 9) == b
            total += abs((right[mine] - self.confidence[mine]).sum())
        return total / len(self.p)

    def ece_if_calibrated(self):
        lesions = list(dict.fromkeys(key[2] for key in self.again.keys))
        drawn = np.random.default_rng(self.seed).random((200, len(lesions)))
        of = [lesions.index(key[2]) for key in self.again.keys]
        simulated = [self.ece(hardness[of] < self.confidence) for hardness in drawn]
        return [np.mean(simulated), *np.percentile(simulated, [2.5, 97.5])]


def area(positive, scores, weights):
    """Share of pairs of a lesion of the class and another that stand in the right order; ties count half."""
    above = scores[positive][:, None] - scores[~positive]
    order = (above > 0) + 0.5 * (above == 0)
    a, b = weights[:, positive], weights[:, ~positive]
    with np.errstate(invalid="ignore"):
        return ((a @ order) * b).sum(1) / (a.sum(1) * b.sum(1))


def precision(positive, scores, weights):
    """Mean precision at the scores of the class's lesions."""
    reached = scores >= scores[positive][:, None]
    hits, called = weights @ (reached & positive).T, weights @ reached.T
    with np.errstate(invalid="ignore"):
        mine = weights[:, positive]
        return (mine * np.nan_to_num(hits / called)).sum(1) / mine.sum(1)


def changes(again, arm, baseline):
    """Answers by class (both, gained, lost, neither), and by lesion the counts and mean probabilities."""
    by_class, lesions = {c: Counter() for c in again.classes}, {}
    pairs = zip(again.keys, again.rows[arm], again.rows[baseline], strict=True)
    for key, a, b in pairs:
        right = tuple(row["predicted"] == row["label"] for row in (a, b))
        kind = {(True, True): "both", (True, False): "gained", (False, True): "lost"}.get(right, "neither")
        by_class[a["label"]][kind] += 1
        found = lesions.setdefault(key[2], {"kinds": Counter(), "p": []})
        found["kinds"][kind] += 1
        found["p"].append([float(row[f"p_{row['label']}"]) for row in (b, a)])
    return by_class, lesions
