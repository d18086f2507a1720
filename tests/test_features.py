"""Features of a CNN whose weights are known, and their map."""

import csv
import shutil

import numpy as np
import pytest
import torch
from finished_runs import SETTINGS
from sklearn.manifold import trustworthiness

from liverlab.features import FILE, map_lesions, on_a_plane, write_features
from liverlab.finished_networks import ReadyClassifier
from liverlab.models.networks import LesionCNN
from liverlab.pipeline import plan_arm
from liverlab.settings import load_experiment


def test_features_are_the_dense_layer_after_relu_and_before_dropout():
    network = LesionCNN(num_classes=3, size=32, channels=[1], hidden=4, dropout=0.5)
    dense = network[4]  # convolution, pool, ReLU, flatten, dense
    with torch.no_grad():
        network[0].weight.fill_(1 / 9)  # the mean of 3 x 3 pixels, so of a flat image its level
        network[0].bias.zero_()
        dense.weight.fill_(1 / (15 * 15))  # the mean of the 15 x 15 values
        dense.bias.copy_(torch.tensor([0.0, 1.0, -0.2, -5.0]))
    ready = ReadyClassifier(network, torch.full((1, 1, 32, 32), 0.25)).eval()
    found = ready.features(torch.full((2, 1, 32, 32), 0.75))
    for row in found.tolist():  # level 0.75 - 0.25
        assert row == pytest.approx([0.5, 1.5, 0.3, 0.0], abs=1e-6)


def three_groups(of_each=20, width=16):
    rng = np.random.default_rng(0)
    centres = np.repeat(10 * np.eye(3, width), of_each, axis=0)
    return (centres + rng.normal(0, 1, centres.shape)).astype(np.float32)


def test_neighbours_stay_neighbours_and_the_map_is_the_same_every_time():
    features = three_groups()
    plane = on_a_plane(features)
    assert plane.shape == (60, 2)
    distance = np.linalg.norm(plane[:, None] - plane[None], axis=2) + np.diag(np.full(60, np.inf))
    assert (distance.argmin(1) // 20 == np.arange(60) // 20).all()
    assert trustworthiness(features, plane, n_neighbors=5) > 0.8
    np.testing.assert_array_equal(plane, on_a_plane(features))


@pytest.mark.parametrize(
    "features",
    [np.eye(3, dtype=np.float32), np.ones((20, 8), np.float32), np.eye(20, 8, dtype=np.float32)[:, :1]],
    ids=["three lesions", "a dead layer", "one live unit"],
)
def test_where_there_is_nothing_to_draw_there_is_no_row(features):
    assert on_a_plane(features).shape == (0, 2)


def test_four_lesions_are_enough():
    assert np.isfinite(on_a_plane(np.eye(4, dtype=np.float32))).all()


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_rows_are_those_of_the_predictions(finished, tmp_path):
    (cohort,) = (finished / "runs").glob("cohort/manifest-*")
    (classifier,) = (finished / "runs").glob("classifier/classic-*-acgan-*")
    map_lesions(tmp_path, [cohort, classifier])
    drawn, predicted = rows_of(tmp_path / FILE), rows_of(classifier / "predictions.csv")
    assert len(drawn) == 6  # twelve lesions, two folds
    for row, of_fit in zip(drawn, predicted, strict=True):
        assert [row[key] for key in ("repeat", "fold", "lesion_id", "class", "predicted")] == [
            of_fit[key] for key in ("repeat", "fold", "lesion_id", "label", "predicted")
        ]
        assert np.isfinite([float(row["x"]), float(row["y"])]).all()


def test_the_table_is_about_arms_with_a_cnn_and_computed_once(finished, tmp_path, monkeypatch):
    runs = shutil.copytree(finished / "runs", tmp_path / "runs")
    given = [*SETTINGS, f"data.manifest={finished / 'manifest.csv'}", f"runs_dir={runs}"]
    arms = {name: plan_arm(load_experiment(name, given), experiment="e") for name in ("acgan_aug", "dcgan_aug")}
    arms["words"] = plan_arm(load_experiment("paper/bovw", given), experiment="e")
    write_features(tmp_path / "one.csv", runs, arms, ["words", "acgan_aug", "dcgan_aug"])
    assert [row["arm"] for row in rows_of(tmp_path / "one.csv")] == ["acgan_aug"] * 6 + ["dcgan_aug"] * 6
    monkeypatch.setattr("liverlab.features.on_a_plane", None)  # a second run finds what it needs
    write_features(tmp_path / "two.csv", runs, arms, ["acgan_aug", "dcgan_aug"])
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    write_features(tmp_path / "three.csv", runs, arms, ["words"])
    assert rows_of(tmp_path / "three.csv") == []
