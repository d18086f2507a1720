"""Prediction tables with invented probabilities, for tests of evaluation."""

import numpy as np

from liverlab.evaluation.prediction_table import PredictionTable

CLASSES = ("cyst", "metastasis", "hemangioma")


def softmax(logits):
    """Along the last axis."""
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def table_of(probabilities, labels, *, patients=None, folds=None, repeats=None, lesions=None, classes=CLASSES):
    """A table of these probabilities, shape (A, N, C): one lesion, patient and fold for each row unless given."""
    probabilities, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    lesions = np.arange(len(labels)) if lesions is None else np.asarray(lesions)
    patients = lesions if patients is None else np.asarray(patients)
    zeros = np.zeros(len(labels), dtype=np.int64)
    return PredictionTable(
        class_names=classes,
        arms=tuple(f"arm{i}" for i in range(len(probabilities))),
        repeats=zeros if repeats is None else np.asarray(repeats),
        folds=zeros if folds is None else np.asarray(folds),
        lesions=lesions,
        patients=patients,
        labels=labels,
        predicted=probabilities.argmax(2),
        probabilities=probabilities,
        lesion_ids=tuple(f"L{i}" for i in range(lesions.max() + 1)),
        patient_ids=tuple(f"P{i}" for i in range(patients.max() + 1)),
    )


def skilled_table(lesions=120, *, arms=1, digits=6, folds=3, skill=1.0, seed=0):
    """Three classes in equal parts; every patient has two lesions; few digits make ties."""
    rng = np.random.default_rng(seed)
    labels = np.arange(lesions) % 3
    logits = rng.normal(0, 1, (arms, lesions, 3)) + skill * np.eye(3)[labels]
    p = np.round(softmax(logits), digits)
    patients = np.arange(lesions) // 2
    return table_of(p / p.sum(-1, keepdims=True), labels, patients=patients, folds=patients // 3 % folds)
