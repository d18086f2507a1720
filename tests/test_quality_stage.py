"""What a pool is compared with, and the stage on a run of the smallest size."""

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from finished_runs import SETTINGS

from data_modules.classic import render_originals
from data_modules.pool import Provenance, SamplePool
from data_modules.roi import from_signed
from liverlab import quality_stage
from liverlab.arm_data import classifier_data, find_split
from liverlab.pipeline import plan_arm
from liverlab.place import Place
from liverlab.quality.image_set import ImageSet, SplitImages
from liverlab.quality_plan import plan_quality
from liverlab.quality_stage import first_of_each_class, split_images
from liverlab.settings import load_experiment
from liverlab.stages import complete

QUICK = ["profile=smoke", "tracking=none", "classic.size=80", "n_folds=3"]
EACH = 7  # images of a class in the pool


@pytest.fixture
def split(tiny_cohort):
    """A split's images, its data, and the pool that they were made with."""
    config = load_experiment("acgan_aug", QUICK)
    found = find_split(tiny_cohort, config, Place(0, 1))
    images = torch.rand(3 * EACH, 1, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    labels = torch.arange(3).repeat(EACH)  # class after class, again and again
    pool = SamplePool(images, labels, Provenance("acgan", "c", 0, 1, (), 0))
    return split_images(config, tiny_cohort, found, pool), classifier_data(config, tiny_cohort, found), found, pool


def test_real_images_are_the_lesions_of_either_side_as_they_are(tiny_cohort, split):
    images, data, found, _ = split
    np.testing.assert_array_equal(images.train.patients, tiny_cohort.patients[list(found.train)])
    assert not set(images.train.patients) & set(images.held_out.patients)
    torch.testing.assert_close(images.train.images, render_originals(tiny_cohort, found.train, data.roi))
    assert len(images.held_out) == len(found.test)
    assert set(images.held_out.patients) == set(tiny_cohort.patients[list(found.test)])


def test_synthetic_images_show_nobody(tiny_cohort, split):
    images, _, _, pool = split
    assert len(set(images.synthetic.patients)) == 3 * EACH
    assert not set(images.synthetic.patients) & set(tiny_cohort.patients)
    for label in range(3):
        expected = from_signed(pool.images[pool.labels == label])
        torch.testing.assert_close(images.synthetic.of_class(label).images, expected)


def test_classic_images_are_those_that_the_arm_trains_on_and_no_originals(tiny_cohort, split):
    images, data, _, _ = split
    assert np.bincount(images.classic.labels).tolist() == [EACH] * 3
    classic, trained_on, originals = (
        {image.numpy().tobytes() for image in each}
        for each in (images.classic.images, data.render_training()[0], images.train.images)
    )
    assert len(classic) == 3 * EACH
    assert classic <= trained_on - originals
    by_patient = dict(zip(tiny_cohort.patients, tiny_cohort.labels, strict=True))
    assert [by_patient[patient] for patient in images.classic.patients] == images.classic.labels.tolist()
    assert set(images.classic.patients) <= set(images.train.patients)


def test_the_first_of_each_class():
    assert first_of_each_class(np.array([2, 0, 2, 0, 2, 1]), 2).tolist() == [1, 3, 5, 0, 2]


@pytest.fixture(scope="module")
def measured(finished, tmp_path_factory):
    """The finished stage of a pool of three images a class; six held-out lesions."""
    runs = shutil.copytree(finished / "runs", tmp_path_factory.mktemp("quality") / "runs")
    given = [*SETTINGS, f"data.manifest={finished / 'manifest.csv'}", f"runs_dir={runs}", "compare_with=null"]
    config = load_experiment("acgan_aug", [*given, "also_compare=[]"])
    arms = {"acgan_aug": plan_arm(config, experiment="e")}
    quality = plan_quality([config], arms, {"arm": "acgan_aug", "baseline": None})
    (stage,) = quality["acgan_aug"]
    return complete(stage, runs)


def test_the_stage_writes_what_is_gathered(measured):
    about = json.loads((measured / "quality.json").read_text())
    assert [space["name"] for space in about["spaces"]] == ["radiomics", "random"]  # no classifier that may judge
    assert about["counts"]["synthetic"] == {"cyst": 3, "metastasis": 3, "hemangioma": 3}
    assert sum(about["counts"]["held_out"].values()) == 6
    with (measured / "measured.csv").open() as file:
        rows = list(csv.DictReader(file))
    found = {(row["features"], row["measure"]) for row in rows}
    assert {("radiomics", "kid"), ("random", "coverage"), ("radiomics", "tstr"), ("pixels", "ms_ssim")} <= found
    with (measured / "copies.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 9


def test_without_classic_images_the_rest_is_measured(measured, finished, tmp_path):
    record = json.loads((measured / "stage.json").read_text())
    inputs = [measured.parents[1] / need for need in record["needs"]]
    given = [*SETTINGS, f"data.manifest={finished / 'manifest.csv'}", "classic.size=0"]
    config = load_experiment("acgan_aug", given)
    quality_stage.measure_quality(tmp_path, inputs, config=config, place=Place(0, 0))
    with (tmp_path / "measured.csv").open() as file:
        found = {(row["images"], row["measure"]) for row in csv.DictReader(file) if row["value"]}
    assert {("synthetic", "kid"), ("train", "kid"), ("synthetic", "spectrum_distance")} <= found
    assert not any(images == "classic" for images, _ in found)


def test_a_patient_is_drawn_equally_often_in_all_splits_of_a_repeat(tiny_cohort):
    config = load_experiment("acgan_aug", QUICK)

    def times(repeat, fold):
        """Of each patient in each draw, from either side of the split."""
        found = find_split(tiny_cohort, config, Place(repeat, fold))
        sides = [ImageSet(torch.zeros(len(side)), tiny_cohort.labels[list(side)], tiny_cohort.patients[list(side)])
                 for side in (found.train, found.test)]  # fmt: skip
        pool = ImageSet(torch.zeros(9), np.zeros(9, dtype=np.int64), 1000 + np.arange(9))
        images = SplitImages((), *sides, sides[0], pool)
        draws = quality_stage.draw_of_repeat(images, tiny_cohort, config, repeat)
        return [
            {patient: int(n) for side, drawn in zip(sides, both, strict=True)
             for patient, n in zip(side.patients.tolist(), np.bincount(drawn, minlength=len(side)), strict=True)}
            for both in zip(draws.train, draws.held_out, strict=True)
        ]  # fmt: skip

    assert times(0, 0) == times(0, 1) == times(0, 2)
    assert times(0, 0) != times(1, 0)


def test_the_same_again(measured, finished, tmp_path):
    record = json.loads((measured / "stage.json").read_text())
    inputs = [measured.parents[1] / need for need in record["needs"]]
    config = load_experiment("acgan_aug", [*SETTINGS, f"data.manifest={finished / 'manifest.csv'}"])
    quality_stage.measure_quality(tmp_path, inputs, config=config, place=Place(0, 0))
    for path in tmp_path.iterdir():
        if path.suffix != ".npz":
            assert path.read_bytes() == (measured / path.name).read_bytes(), path.name
