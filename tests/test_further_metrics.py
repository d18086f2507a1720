import numpy as np
import pytest
import torch
from invented_tables import skilled_table, table_of
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    matthews_corrcoef,
    precision_score,
)
from torchmetrics.functional.classification import binary_negative_predictive_value, multiclass_average_precision

from liverlab.evaluation.bootstrap import patient_confusions, resampled_confusions, sample_and_draws
from liverlab.evaluation.further_metrics import further_of_confusions, further_summary, loss_draws
from liverlab.evaluation.metrics import confusion_matrix


def summary(table, arm=0, draws=200, repeats_seed=None):
    per_patient = patient_confusions(table.labels, table.predicted, table.patients, len(table.class_names))
    drawn = further_of_confusions(resampled_confusions(per_patient, draws, np.random.default_rng(3)))
    weights = sample_and_draws(len(per_patient), draws, np.random.default_rng(3))
    own = {name: values[:, arm] for name, values in drawn.items()}
    return further_summary(table, arm, own, weights, repeats_seed=repeats_seed)


def npv(called, true):
    """Of a class; torchmetrics has it for two classes."""
    return float(binary_negative_predictive_value(torch.tensor(called).int(), torch.tensor(true).int()))


def test_every_estimate_is_that_of_scikit_learn_and_torchmetrics():
    table = skilled_table(150, arms=2)
    labels, predicted, p = table.labels, table.predicted[1], table.probabilities[1]
    found = summary(table, 1)
    value = {name: row["estimate"] for name, row in found["further"].items()}
    assert value["ppv"] == pytest.approx(precision_score(labels, predicted, average="macro"))
    assert value["npv"] == pytest.approx(np.mean([npv(predicted == c, labels == c) for c in range(3)]), abs=1e-6)
    assert value["f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert value["mcc"] == pytest.approx(matthews_corrcoef(labels, predicted))
    by_fold = [
        multiclass_average_precision(torch.tensor(p[rows]), torch.tensor(labels[rows]), 3)
        for rows in (table.folds == k for k in range(3))
    ]
    assert value["average_precision"] == pytest.approx(float(torch.stack(by_fold).mean()), abs=1e-6)
    assert value["brier"] == pytest.approx(brier_score_loss(labels, p, labels=[0, 1, 2]))
    assert value["log_loss"] == pytest.approx(log_loss(labels, p))
    for c, name in enumerate(table.class_names):
        own = found["further_classes"][name]
        assert own["called"] == (predicted == c).sum()
        assert own["ppv"]["estimate"] == pytest.approx(precision_score(labels == c, predicted == c))
        assert own["npv"]["estimate"] == pytest.approx(npv(predicted == c, labels == c), abs=1e-6)
        assert own["f1"]["estimate"] == pytest.approx(f1_score(labels == c, predicted == c))
        by_fold = [average_precision_score(labels[k] == c, p[k, c]) for k in (table.folds == i for i in range(3))]
        assert own["average_precision"]["estimate"] == pytest.approx(np.mean(by_fold))
    for row in found["further"].values():
        assert row["interval"][0] < row["estimate"] < row["interval"][1]


def test_losses_are_drawn_as_the_confusions_are():
    # with certain answers the Brier score is 2 for a wrong one: twice the error rate, draw by draw
    rng = np.random.default_rng(0)
    labels, patients = np.arange(60) % 3, np.arange(60) // 3
    table = table_of(
        np.eye(3)[np.where(rng.random(60) < 0.6, labels, (labels + 1) % 3)][None], labels, patients=patients
    )
    confusions = resampled_confusions(patient_confusions(labels, table.predicted, patients, 3), 700, rng_of(5))
    wrong = 1 - np.trace(confusions[:, 0], axis1=1, axis2=2) / confusions[:, 0].sum((1, 2))
    drawn = loss_draws(table, 0, sample_and_draws(20, 600, rng_of(5)))["brier"].draws
    np.testing.assert_allclose(drawn, 2 * wrong[:600])


def rng_of(seed):
    return np.random.default_rng(seed)


def test_what_was_never_called_has_no_predictive_value():
    labels = np.arange(30) % 3
    p = np.where(labels[:, None] == 0, [0.7, 0.2, 0.1], [0.1, 0.8, 0.1])  # hemangiomas are called metastases
    found = summary(table_of(p[None], labels))
    assert found["further_classes"]["hemangioma"]["called"] == 0
    assert found["further_classes"]["hemangioma"]["ppv"] == {"estimate": None, "interval": None}
    assert found["further_classes"]["hemangioma"]["f1"]["estimate"] == 0
    assert found["further_classes"]["hemangioma"]["npv"]["estimate"] == pytest.approx(2 / 3)
    assert found["further"]["ppv"] == {"estimate": None, "interval": None}
    assert found["further"]["npv"]["estimate"] == pytest.approx((1 + 1 + 2 / 3) / 3)
    assert found["further"]["mcc"]["estimate"] == pytest.approx(matthews_corrcoef(labels, p.argmax(1)))


def test_one_class_for_all_has_no_correlation():
    labels = np.arange(30) % 3
    found = summary(table_of(np.tile([0.5, 0.3, 0.2], (1, 30, 1)), labels))
    assert found["further"]["mcc"] == {"estimate": None, "interval": None}
    assert found["further_classes"]["cyst"]["npv"]["estimate"] is None
    assert found["further_classes"]["cyst"]["ppv"]["estimate"] == pytest.approx(1 / 3)
    assert found["roc"]["macro"]["area"]["estimate"] == 0.5  # everything is tied


def test_an_arm_without_fault():
    labels = np.arange(30) % 3
    found = summary(table_of((0.01 + 0.97 * np.eye(3)[labels])[None], labels, patients=np.arange(30) // 3))
    assert found["further"]["ppv"]["estimate"] == 1
    assert found["further"]["average_precision"] == {"estimate": 1, "interval": None}  # no share of patients
    assert 0.6 < found["further"]["ppv"]["interval"][0] < found["further"]["ppv"]["interval"][1] == pytest.approx(1)
    assert found["further"]["mcc"] == {"estimate": 1, "interval": None}  # every draw is the same


def test_probabilities_written_as_zero_cost_what_six_decimals_can_tell():
    p = np.tile([1.0, 0.0, 0.0], (1, 6, 1))
    table = table_of(p, [0, 0, 0, 0, 0, 1])
    assert summary(table)["further"]["log_loss"]["estimate"] == pytest.approx(-np.log(5e-7) / 6)


def test_repeats_of_a_holdout_widen_the_interval():
    tables = [skilled_table(60, folds=1, skill=skill, seed=s) for s, skill in enumerate((0.2, 1.5, 3.0))]
    lesions = np.tile(np.arange(60), 3)
    table = table_of(
        np.concatenate([t.probabilities for t in tables], axis=1),
        np.concatenate([t.labels for t in tables]),
        lesions=lesions,
        patients=lesions // 2,
        repeats=np.repeat(np.arange(3), 60),
    )
    fixed, varied = summary(table), summary(table, repeats_seed=4)
    for name in ("brier", "log_loss", "average_precision"):
        assert fixed["further"][name]["estimate"] == varied["further"][name]["estimate"]
        assert np.ptp(varied["further"][name]["interval"]) > 1.5 * np.ptp(fixed["further"][name]["interval"])


def test_confusions_of_many_draws_at_once():
    rng = np.random.default_rng(2)
    labels, predicted = rng.integers(0, 3, (2, 5, 40))
    many = np.stack([confusion_matrix(a, b, 3) for a, b in zip(labels, predicted, strict=True)])
    found = further_of_confusions(many.astype(np.float64))
    expected = [matthews_corrcoef(a, b) for a, b in zip(labels, predicted, strict=True)]
    np.testing.assert_allclose(found["mcc"], expected)


def test_a_class_called_twice_in_one_patient_is_no_sure_thing():
    p = np.full((1, 30, 3), 0.1)
    p[0, :, :2] = np.where(np.arange(30)[:, None] % 2, [0.5, 0.4], [0.4, 0.5])
    p[0, :2] = [0.1, 0.1, 0.8]  # the only calls of hemangioma, both of patient 0: one right
    labels = np.append([2, 0], np.arange(28) % 3)
    found = summary(table_of(p, labels, patients=np.arange(30) // 2))["further_classes"]["hemangioma"]
    assert (found["called"], found["ppv"]["estimate"]) == (2, 0.5)
    assert found["ppv"]["interval"] == pytest.approx((0.0546, 0.9454), abs=1e-3)  # Wilson's of one trial
