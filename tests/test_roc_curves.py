"""Every area, precision and curve against scikit-learn, which takes the bootstrap's counts as sample weights."""

from dataclasses import replace

import numpy as np
import pytest
from invented_tables import skilled_table, table_of
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from liverlab.evaluation.bootstrap import sample_and_draws
from liverlab.evaluation.metrics import mean_auroc
from liverlab.evaluation.roc_curves import (
    GRID,
    areas,
    average_precisions,
    cumulated,
    curve_draws,
    heights,
    roc_summary,
)


def weights_of(table, draws=20, seed=1):
    return sample_and_draws(table.patients.max() + 1, draws, np.random.default_rng(seed))


@pytest.mark.parametrize("digits", [6, 1], ids=["no ties", "ties"])
def test_every_draw_is_what_scikit_learn_says_with_these_weights(digits):
    table = skilled_table(60, digits=digits)
    positive, scores = table.labels == 1, table.probabilities[0, :, 1]
    assert (len(np.unique(scores)) < 30) == (digits == 1)
    weights = weights_of(table).T[table.patients]
    true, false = cumulated(scores, positive, weights)
    for i, own in enumerate(weights.T):
        given = {"sample_weight": own}
        assert areas(true, false)[i] == pytest.approx(roc_auc_score(positive, scores, **given))
        expected = average_precision_score(positive, scores, **given)
        assert average_precisions(true, false)[i] == pytest.approx(expected)
        fpr, tpr, _ = roc_curve(positive, scores, drop_intermediate=False, **given)
        at = np.round(GRID * own[~positive].sum(), 9)
        np.testing.assert_allclose(
            heights(true, false)[:, i], np.interp(at, np.round(fpr * own[~positive].sum(), 9), tpr), atol=1e-9
        )


def test_a_curve_by_hand():
    # + - + - by falling score: half the positives without a false call, all at half the false calls
    true, false = cumulated(np.array([0.9, 0.7, 0.6, 0.1]), np.array([True, False, True, False]), np.ones((4, 1)))
    assert true[:, 0].tolist() == [0, 1, 1, 2, 2]
    assert false[:, 0].tolist() == [0, 0, 1, 1, 2]
    at = dict(zip(GRID.round(2).tolist(), heights(true, false)[:, 0], strict=True))
    assert (at[0.0], at[0.48], at[0.5], at[1.0]) == (0.5, 0.5, 1.0, 1.0)
    assert areas(true, false)[0] == 0.75
    assert average_precisions(true, false)[0] == pytest.approx((1 + 2 / 3) / 2)


def test_folds_are_averaged_and_the_mean_over_them_is_the_auroc_of_the_table():
    table = skilled_table(90, arms=2)
    found = curve_draws(table, 1, weights_of(table))
    assert found["area"].estimate[3] == pytest.approx(mean_auroc(table, 1)[0], abs=1e-6)
    for c in range(3):
        each = [
            roc_auc_score(table.labels[rows] == c, table.probabilities[1, rows, c])
            for rows in (table.folds == k for k in range(3))
        ]
        assert found["area"].estimate[c] == pytest.approx(np.mean(each))
    # the area under the averaged curve is that average, but for the coarse grid
    assert np.trapezoid(found["tpr"].estimate[3], GRID) == pytest.approx(found["area"].estimate[3], abs=0.02)


def test_a_class_that_a_fold_lacks_is_left_out_there_and_of_the_mean_over_classes():
    table = skilled_table(90)
    rows = (table.folds != 0) | (table.labels != 2)
    part = {name: getattr(table, name)[rows] for name in ("repeats", "folds", "lesions", "patients", "labels")} | {
        name: getattr(table, name)[:, rows] for name in ("predicted", "probabilities")
    }
    table = replace(table, **part)
    found = curve_draws(table, 0, weights_of(table))["area"]
    by_fold = {
        (k, c): roc_auc_score(table.labels[own] == c, table.probabilities[0, own, c])
        for k in range(3)
        for c in range(3)
        for own in [table.folds == k]
        if (k, c) != (0, 2)
    }
    assert found.estimate[2] == pytest.approx(np.mean([by_fold[1, 2], by_fold[2, 2]]))
    assert found.estimate[0] == pytest.approx(np.mean([by_fold[k, 0] for k in range(3)]))
    macro = np.mean([by_fold[k, c] for k in (1, 2) for c in range(3)])
    assert found.estimate[3] == pytest.approx(macro) == pytest.approx(mean_auroc(table, 0)[0], abs=1e-6)


def test_no_fold_with_every_class_has_no_macro_curve():
    p = np.array([[[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.3, 0.4, 0.3]]])
    table = table_of(p, [0, 1, 1, 0])
    summary = roc_summary(table, curve_draws(table, 0, weights_of(table)))
    assert summary["macro"] is None
    assert summary["classes"]["hemangioma"] is None
    assert summary["classes"]["cyst"]["area"]["estimate"] == pytest.approx(roc_auc_score([1, 0, 0, 1], p[0, :, 0]))


def test_curves_rise_within_their_band():
    table = skilled_table(120)
    summary = roc_summary(table, curve_draws(table, 0, weights_of(table, draws=200)))
    for curve in (summary["macro"], *summary["classes"].values()):
        low, tpr, high = (np.array(curve[name]) for name in ("low", "tpr", "high"))
        assert (np.diff(tpr) >= 0).all()
        assert (low <= tpr).all()
        assert (tpr <= high).all()
        assert tpr[-1] == 1
        assert curve["area"]["interval"][0] < curve["area"]["estimate"] < curve["area"]["interval"][1]


def test_with_many_classes_every_draw_misses_one_and_there_is_an_interval_still():
    classes = tuple("abcdefghijkl")
    labels = np.tile(np.arange(12), 4)
    rng = np.random.default_rng(0)
    table = table_of(rng.dirichlet(np.ones(12), (1, 48)), labels, folds=np.arange(48) // 24, classes=classes)
    drawn = curve_draws(table, 0, weights_of(table, draws=50))["area"]
    assert np.isnan(drawn.draws[:, :12]).any()
    assert not np.isnan(drawn.draws[:, 12]).any()
    assert drawn.estimate[12] == pytest.approx(mean_auroc(table, 0)[0], abs=1e-6)


def test_an_area_of_one_is_no_proportion_and_has_no_interval():
    labels = np.arange(30) % 3
    table = table_of((0.01 + 0.97 * np.eye(3)[labels])[None], labels)
    summary = roc_summary(table, curve_draws(table, 0, weights_of(table, draws=50)))
    for curve in (summary["macro"], *summary["classes"].values()):
        assert curve["area"] == {"estimate": 1, "interval": None}
