import numpy as np
import pytest
from fake_run import fake_predictions
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from liverlab.evaluation.metrics import (
    confusion_matrix,
    expand,
    fold_auroc,
    mean_auroc,
    metrics_of_confusions,
    paper_metrics,
)
from liverlab.evaluation.prediction_table import read_predictions

CLASSIC = np.array([[52, 1, 0], [2, 44, 18], [0, 18, 47]])  # Frid-Adar et al. 2018, Table 3
WITH_DCGAN = np.array([[53, 0, 0], [2, 52, 10], [1, 13, 51]])  # ditto, Table 4


@pytest.mark.parametrize(
    ("matrix", "sensitivity", "specificity", "per_class"),
    [
        (CLASSIC, "78.57", "88.39", ["98.11", "68.75", "72.31"]),
        (WITH_DCGAN, "85.71", "92.40", ["100.00", "81.25", "78.46"]),
    ],
)
def test_the_published_matrices_give_the_published_digits(matrix, sensitivity, specificity, per_class):
    labels, predicted = expand(matrix)
    assert confusion_matrix(labels, predicted, 3).tolist() == matrix.tolist()
    for values in (paper_metrics(labels, predicted, 3), metrics_of_confusions(matrix.astype(float))):
        assert f"{100 * values['sensitivity']:.2f}" == f"{100 * values['accuracy']:.2f}" == sensitivity
        assert f"{100 * values['specificity']:.2f}" == specificity
    by_class = metrics_of_confusions(matrix.astype(float))["class_sensitivity"]
    assert [f"{100 * value:.2f}" for value in by_class] == per_class


def test_specificity_by_hand():
    # classic, class cyst: 129 true others, 2 of them called cyst; likewise 118 with 19 and 117 with 18
    by_class = metrics_of_confusions(CLASSIC.astype(float))["class_specificity"]
    np.testing.assert_allclose(by_class, [127 / 129, 99 / 118, 99 / 117])


def test_macro_sensitivity_agrees_with_scikit_learn():
    labels, predicted = expand(CLASSIC)
    expected = balanced_accuracy_score(labels, predicted)
    assert paper_metrics(labels, predicted, 3)["macro_sensitivity"] == pytest.approx(expected, abs=1e-6)
    assert metrics_of_confusions(CLASSIC.astype(float))["macro_sensitivity"] == pytest.approx(expected)


def test_a_class_without_a_case_has_no_sensitivity_and_no_weight():
    values = metrics_of_confusions(np.array([[3.0, 1, 0], [0, 4, 0], [0, 0, 0]]))
    assert np.isnan(values["class_sensitivity"][2])
    assert values["sensitivity"] == values["accuracy"] == 7 / 8


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_auroc_agrees_with_scikit_learn(num_classes):
    rng = np.random.default_rng(0)
    labels = np.arange(40) % num_classes
    probabilities = rng.dirichlet(np.ones(num_classes), 40)
    scores = probabilities[:, 1] if num_classes == 2 else probabilities
    expected = roc_auc_score(labels, scores, multi_class="ovr", average="macro")
    assert fold_auroc(labels, probabilities) == pytest.approx(expected, abs=1e-6)
    assert fold_auroc(np.zeros(40, dtype=np.int64), probabilities) is None


def test_auroc_is_averaged_over_folds_and_not_ranked_across_them(tmp_path):
    frame = fake_predictions({"a": 0.7}, folds=2)
    frame.to_csv(tmp_path / "predictions.csv", index=False)
    folds = [part for _, part in frame.groupby("fold")]
    scores = ["p_cyst", "p_metastasis", "p_hemangioma"]
    numbers = {"cyst": 0, "metastasis": 1, "hemangioma": 2}
    expected = []
    for part in folds:
        values = part[scores].to_numpy(copy=True)
        values /= values.sum(1, keepdims=True)
        expected.append(roc_auc_score(part["label"].map(numbers), values, multi_class="ovr"))
    area, count = mean_auroc(read_predictions(tmp_path / "predictions.csv"), 0)
    assert count == 2
    assert area == pytest.approx(np.mean(expected), abs=1e-6)
