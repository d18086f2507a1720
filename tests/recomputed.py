"""Everything a report says of a run's predictions, computed from predictions.csv a second time.

Plain loops, scikit-learn and statsmodels in place of the project's own evaluation. Only the random numbers are shared:
the same seed gives the same patients and signs, so that intervals and p values can be compared to the last digit.
"""

import csv
from collections import defaultdict
from math import sqrt

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student_t
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

BLOCK = 500  # patients and signs are drawn so many times at once


class Recomputed:
    """A run of folds, read from its predictions alone.

    Args:
        path: predictions.csv.
        pairs: Declared comparisons (arm, baseline), the primary first.
    """

    def __init__(self, path, pairs, *, draws, flips, seed, rope):
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.classes = [name[2:] for name in rows[0] if name.startswith("p_")]
        self.arms = list(dict.fromkeys(row["arm"] for row in rows))
        by_arm = {arm: {} for arm in self.arms}
        for row in rows:
            by_arm[row["arm"]][int(row["repeat"]), int(row["fold"]), row["lesion_id"]] = row
        self.keys = sorted(by_arm[self.arms[0]])
        self.rows = {arm: [found[key] for key in self.keys] for arm, found in by_arm.items()}
        first = self.rows[self.arms[0]]
        self.labels = [row["label"] for row in first]
        self.patients = list(dict.fromkeys(row["patient_id"] for row in first))
        self.patient_of = [self.patients.index(row["patient_id"]) for row in first]
        self.rope, self.flips = rope, flips
        rng = np.random.default_rng(seed)
        P = len(self.patients)
        sizes = [min(BLOCK, draws - start) for start in range(0, draws, BLOCK)]
        self.weights = np.concatenate([rng.multinomial(P, np.full(P, 1 / P), size=size) for size in sizes])
        self.comparisons = [self.compare(arm, baseline, rng) for arm, baseline in pairs]
        adjusted = multipletests([c["p"] for c in self.comparisons], method="holm")[1]
        for comparison, p in zip(self.comparisons, adjusted, strict=True):
            comparison["p_holm"] = p

    def right(self, arm):
        return [row["predicted"] == row["label"] for row in self.rows[arm]]

    def drawn(self, arm, statistic):
        """A statistic of (true, predicted, weight of each row) in every bootstrap sample."""
        predicted = [row["predicted"] for row in self.rows[arm]]
        return np.array([statistic(self.labels, predicted, w[self.patient_of]) for w in self.weights])

    def interval(self, arm, statistic, patients):
        """A proportion's: bootstrap, a tenth wider; Wilson's with patients for trials at 0 and 1."""
        predicted = [row["predicted"] for row in self.rows[arm]]
        estimate = statistic(self.labels, predicted, np.ones(len(self.labels)))
        if estimate in (0, 1):
            return proportion_confint(estimate * patients, patients, method="wilson")
        draws = estimate + 1.1 * (self.drawn(arm, statistic) - estimate)
        low, high = np.nanpercentile(draws, [2.5, 97.5])
        return max(low, 0.0), min(high, 1.0)

    def arm(self, arm):
        """What stands in the table of arms and in the matrices."""
        predicted = [row["predicted"] for row in self.rows[arm]]
        everyone = len(self.patients)
        found = {
            "correct": sum(self.right(arm)),
            "confusion": confusion_matrix(self.labels, predicted, labels=self.classes),
            "auroc": self.auroc(arm),
            "per_class": {},
        }
        for name, statistic in {"accuracy": accuracy, "specificity": specificity, "macro_sensitivity": macro}.items():
            ones = np.ones(len(self.labels))
            found[name] = (statistic(self.labels, predicted, ones), self.interval(arm, statistic, everyone))
        assert np.isclose(found["accuracy"][0], accuracy_score(self.labels, predicted))
        assert np.isclose(found["macro_sensitivity"][0], balanced_accuracy_score(self.labels, predicted))
        for c in self.classes:
            of_class = len({p for p, label in zip(self.patient_of, self.labels, strict=True) if label == c})
            others = len({p for p, label in zip(self.patient_of, self.labels, strict=True) if label != c})
            found["per_class"][c] = {
                name: (one(self.labels, predicted, np.ones(len(self.labels))), self.interval(arm, one, patients))
                for name, positive, patients in (("sensitivity", True, of_class), ("specificity", False, others))
                for one in [of_one_class(c, positive=positive)]
            }
        return found

    def auroc(self, arm):
        areas = []
        for split in sorted({key[:2] for key in self.keys}):
            rows = [row for key, row in zip(self.keys, self.rows[arm], strict=True) if key[:2] == split]
            labels = [row["label"] for row in rows]
            scores = [[float(row[f"p_{c}"]) for c in self.classes] for row in rows]
            per_class = [
                roc_auc_score([label == c for label in labels], [score[i] for score in scores])
                for i, c in enumerate(self.classes)
            ]
            areas.append(np.mean(per_class))
        return np.mean(areas)

    def gain(self, arm, baseline):
        return np.array(self.right(arm), int) - np.array(self.right(baseline), int)

    def difference(self, arm, baseline):
        """Estimate and interval of any pair."""
        found = self.compare(arm, baseline, np.random.default_rng(0))
        return found["estimate"], *found["interval"]

    def per_split(self, arm, baseline):
        """The difference in every fold of every repeat."""
        gain, splits = self.gain(arm, baseline), np.array([key[:2] for key in self.keys])
        return [gain[(splits == split).all(1)].mean() for split in np.unique(splits, axis=0)]

    def compare(self, arm, baseline, rng):
        """A declared comparison."""
        gain = self.gain(arm, baseline)
        P, estimate = len(self.patients), gain.mean()
        draws = self.drawn(arm, accuracy) - self.drawn(baseline, accuracy)
        sampling, (training, degrees) = draws.std() ** 2 * P / (P - 1), self.training_variance(gain)
        error = sqrt(sampling + training)
        df = error**4 / (sampling**2 / (P - 1) + training**2 / max(1, degrees))
        stretch = error / draws.std() * student_t.ppf(0.975, df) / norm.ppf(0.975)
        draws = estimate + stretch * (draws - estimate)
        per_patient = np.array([sum(g for g, p in zip(gain, self.patient_of, strict=True) if p == q) for q in range(P)])
        sizes = [min(BLOCK, self.flips - start) for start in range(0, self.flips, BLOCK)]
        signs = np.concatenate([rng.integers(0, 2, size=(size, P)) * 2 - 1 for size in sizes])
        extreme = sum(abs((sign * per_patient).sum()) >= abs(per_patient.sum()) for sign in signs)
        once = [i for i, key in enumerate(self.keys) if key[0] == self.keys[0][0]]
        a, b = (np.array(self.right(name))[once] for name in (baseline, arm))
        table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        return {
            "arm": arm,
            "baseline": baseline,
            "estimate": estimate,
            "interval": np.percentile(draws, [2.5, 97.5]),
            "stretch": stretch,
            "error": error,
            "p": (1 + extreme) / (1 + self.flips),
            "positive": (draws > 0).mean(),
            "above": (draws > self.rope).mean(),
            "within": (abs(draws) <= self.rope).mean(),
            "gained": (b & ~a).sum(),
            "lost": (a & ~b).sum(),
            "mcnemar_p": mcnemar(table, exact=True).pvalue,
            "detectable": (student_t.ppf(0.975, df) + student_t.ppf(0.8, df)) * error,
            "discordance": (gain != 0).mean(),
        }

    def training_variance(self, gain):
        """What whole folds differ by beyond their patients: two-way clustering, folds of a repeat and patients."""
        repeats = sorted({key[0] for key in self.keys})
        folds = sorted({key[1] for key in self.keys})
        P, K, R = len(self.patients), len(folds), len(repeats)
        of_repeat = {r: np.mean([g for g, key in zip(gain, self.keys, strict=True) if key[0] == r]) for r in repeats}
        by_fold, by_patient = defaultdict(float), defaultdict(float)
        for g, key, patient in zip(gain, self.keys, self.patient_of, strict=True):
            by_fold[key[:2]] += g - of_repeat[key[0]]
            by_patient[key[:2], patient] += g - of_repeat[key[0]]
        folds_vary = K / (K - 1) * sum(x**2 for x in by_fold.values())
        patients_vary = P / (P - 1) * sum(x**2 for x in by_patient.values())
        return max(0.0, folds_vary - patients_vary) / len(gain) ** 2, R * (K - 1)


def accuracy(true, predicted, weight):
    return weight[np.array(true) == np.array(predicted)].sum() / weight.sum()


def macro(true, predicted, weight):
    return np.nanmean([of_one_class(c, positive=True)(true, predicted, weight) for c in sorted(set(true))])


def specificity(true, predicted, weight):
    """One-vs-rest, weighted by prevalence."""
    classes = sorted(set(true))
    share = [weight[np.array(true) == c].sum() / weight.sum() for c in classes]
    return sum(
        s * of_one_class(c, positive=False)(true, predicted, weight) for c, s in zip(classes, share, strict=True)
    )


def of_one_class(c, *, positive):
    """Sensitivity or specificity of one class against the rest; nan where no row counts."""

    def statistic(true, predicted, weight):
        mine = (np.array(true) == c) == positive
        if not weight[mine].sum():
            return np.nan
        return weight[mine & ((np.array(predicted) == c) == positive)].sum() / weight[mine].sum()

    return statistic
