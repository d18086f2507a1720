"""What the last layer of a finished CNN is shown, and its principal components."""

import csv

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from data_modules.classic import render_originals
from data_modules.cohort import Cohort
from liverlab.finished_networks import load_classifier
from liverlab.finished_stage import find_stage
from liverlab.quality.cnn_space import cnn_features, principal_components


def test_the_last_layer_makes_the_predictions_of_the_features(finished):
    (folder,) = (finished / "runs").glob("classifier/classic-32-acgan-3-*")
    (cohort_folder,) = (finished / "runs").glob("cohort/manifest-*")
    stage, cohort = find_stage(str(folder), ["classifier"]), Cohort.load(cohort_folder)
    with (folder / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    position = {lesion.lesion_id: i for i, lesion in enumerate(cohort.lesions)}
    images = render_originals(cohort, [position[row["lesion_id"]] for row in rows], stage.roi)
    before = torch.get_rng_state()
    features = cnn_features(folder)(images)
    assert torch.equal(torch.get_rng_state(), before)
    assert (features.min(), features.dtype) == (pytest.approx(0, abs=1e-6), np.float64)  # after ReLU
    last = list(load_classifier(stage).network.children())[-1]
    odds = np.exp(features @ last.weight.detach().numpy().T + last.bias.detach().numpy())
    written = [[float(row[f"p_{name}"]) for name in cohort.class_names] for row in rows]
    np.testing.assert_allclose(odds / odds.sum(axis=1, keepdims=True), written, atol=1e-4)


def clouds(held_out=40, synthetic=40, width=64, rank=30, shift=0.0):
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(rank, width)) * np.linspace(3, 0.1, rank)[:, None]
    return {
        "held_out": rng.normal(size=(held_out, rank)) @ mixing,
        "synthetic": (rng.normal(size=(synthetic, rank)) + shift) @ mixing,
    }


def distances(rows):
    return np.linalg.norm(rows[:, None] - rows[None], axis=2)


def test_with_as_many_of_both_they_are_scikit_learn_s_but_for_the_scale():
    features = clouds()
    expected = PCA(16).fit_transform(np.concatenate([features["held_out"], features["synthetic"]]))
    expected /= np.sqrt(expected[:40].var(axis=0).mean())
    found = principal_components(features)
    assert found["held_out"].shape == found["synthetic"].shape == (40, 16)
    both = np.concatenate([found["held_out"], found["synthetic"]])
    np.testing.assert_allclose(np.abs(both), np.abs(expected), atol=1e-8)  # an axis has no direction
    np.testing.assert_allclose(distances(both), distances(expected), atol=1e-8)


def test_a_thousand_synthetic_images_choose_no_more_than_forty_held_out_ones():
    once = clouds(synthetic=40)
    often = once | {"synthetic": np.tile(once["synthetic"], (25, 1))}
    few, many = principal_components(once), principal_components(often)
    np.testing.assert_allclose(distances(many["held_out"]), distances(few["held_out"]), atol=1e-8)
    np.testing.assert_allclose(np.abs(many["synthetic"][:40]), np.abs(few["synthetic"]), atol=1e-8)


def test_the_unit_is_that_of_held_out_images_however_far_the_synthetic_ones_are():
    for shift in (0.0, 100.0):
        found = principal_components(clouds(shift=shift))
        assert found["held_out"].var(axis=0).mean() == pytest.approx(1)
    assert np.linalg.norm(found["synthetic"].mean(axis=0) - found["held_out"].mean(axis=0)) > 50


def test_there_are_no_more_components_than_directions():
    few = {which: rows[:3] for which, rows in clouds().items()}
    found = principal_components(few)
    assert found["held_out"].shape == (3, 5)  # six images about their mean: nothing is lost
    ratio = distances(found["held_out"])[0, 1:] / distances(few["held_out"])[0, 1:]
    assert ratio[0] == pytest.approx(ratio[1])


def test_a_dead_layer_has_none():
    dead = {"held_out": np.zeros((5, 8)), "synthetic": np.zeros((7, 8))}
    assert [rows.shape for rows in principal_components(dead).values()] == [(5, 0), (7, 0)]
