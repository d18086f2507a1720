from dataclasses import asdict

import numpy as np
import pytest
import torch

from data_modules.classic import render_group, render_originals
from data_modules.pool import Provenance, SamplePool
from data_modules.roi import Roi
from liverlab import exhibits
from liverlab.arm_data import classic_recipe, derive_seed, find_split
from liverlab.exhibits import describe_networks, in_bytes, write_change_images, write_exhibits
from liverlab.pipeline import plan_arm
from liverlab.place import Place
from liverlab.settings import load_experiment

QUICK = ["profile=smoke", "tracking=none", "classic.size=160", "n_folds=3", "trainer.accelerator=cpu"]
PER_CLASS = 70


def load(name, *more):
    return load_experiment(name, [*QUICK, *more])


def plan(*names, runs):
    """Stages of these arms; each pool holds images of one gray, the n-th of a class lighter by n thousandths."""
    arms = {name: plan_arm(load(name), experiment="e") for name in names}
    arms["twin"] = arms[names[0]]  # an arm of the same stages
    gray = {"acgan": -0.5, "dcgan": 0.5}
    for stages in arms.values():
        for stage in stages[0].needs[1:]:
            kind = stage.name.partition("-")[0]
            folder = stage.folder(runs)
            folder.mkdir(parents=True, exist_ok=True)
            steps = torch.arange(PER_CLASS).repeat(3)[:, None, None, None] / 1000
            images = (gray[kind] + steps).expand(-1, 1, 64, 64)
            labels = torch.arange(3).repeat_interleave(PER_CLASS)
            SamplePool(images, labels, Provenance(kind, "c", 0, 0, (), 0)).save(folder)
    return arms


@pytest.fixture
def written(tiny_cohort, tmp_path):
    def write(*names):
        config = load(names[0])
        arms, split = plan(*names, runs=tmp_path), find_split(tiny_cohort, config, Place(0, 0))
        run = write_exhibits(tmp_path, tmp_path, arms, tiny_cohort, split, config)
        return run, split, config

    return write


def arrays(path):
    with np.load(path) as file:
        return dict(file)


def test_every_pool_once_the_first_64_of_a_class_as_they_are(written, tmp_path):
    run, _, _ = written("dcgan_aug", "classic_aug", "acgan_aug")
    assert run["samples"] == [
        {"name": "pool_0", "kind": "dcgan", "arm": "dcgan_aug"},
        {"name": "pool_1", "kind": "acgan", "arm": "acgan_aug"},
    ]
    found = arrays(tmp_path / "samples.npz")
    assert np.bincount(found["pool_0_labels"]).tolist() == [64, 64, 64]
    grays = (0.5 + np.arange(64) / 1000 + 1) / 2 * 255  # from [-1, 1] to 0 to 255
    np.testing.assert_allclose(found["pool_0"][64:128, 3, 5], grays, atol=0.6)
    np.testing.assert_allclose(found["pool_1"][0], 0.25 * 255, atol=0.6)


def test_real_ones_are_of_the_training_side(written, tiny_cohort, tmp_path):
    _, split, config = written("acgan_aug")
    found = arrays(tmp_path / "samples.npz")
    rendered = render_originals(tiny_cohort, split.train, Roi(**asdict(config.roi)))[:, 0].numpy() * 255
    assert len(found["real"]) == len(split.train) == 16
    for image, label in zip(found["real"], found["real_labels"], strict=True):
        distance = np.abs(rendered - image).max(axis=(1, 2))
        assert distance.min() <= 0.51  # rounded
        assert tiny_cohort.labels[split.train[int(distance.argmin())]] == label


def test_what_would_make_the_page_too_large_is_named_alone(written, tmp_path, monkeypatch):
    monkeypatch.setattr(exhibits, "MOST_GRIDS", 5)  # a pool of three classes and not another
    run, _, _ = written("acgan_aug", "dcgan_aug")
    assert [(pool["name"], pool["kind"]) for pool in run["samples"]] == [("pool_0", "acgan"), (None, "dcgan")]
    assert set(arrays(tmp_path / "samples.npz")) == {"real", "real_labels", "pool_0", "pool_0_labels"}


def test_augmentation_shows_the_pool_s_own_images_of_the_first_training_lesion(written, tiny_cohort, tmp_path):
    run, split, config = written("classic_aug")
    about, lesion = run["augmentation"], split.train[0]
    assert about["per_lesion"] == 20  # 160 per fold, 2 folds, 16 lesions
    assert about["class"] == tiny_cohort.lesions[lesion].class_name
    assert (about["diameter_mm"], about["pixel_mm"]) == (10.0 + lesion, 0.75)
    seed = derive_seed(config.seed, "data", 0)
    recipe, roi = classic_recipe(config.classic), Roi(**asdict(config.roi))
    pool = in_bytes(render_group(tiny_cohort, [lesion], 20, recipe, roi, seed=seed)[0])
    images = arrays(tmp_path / "augmentation.npz")["images"]
    assert len(images) == len(about["captions"]) > 5
    assert all(any((image == other).all() for other in pool) for image in images)


def test_without_classic_images_or_pools_nothing_is_written(written, tmp_path):
    run, _, _ = written("no_aug")
    assert (run["samples"], run["augmentation"]) == (None, None)
    assert not list(tmp_path.glob("*.npz"))
    run, _, _ = written("no_aug", "classic_aug")
    assert run["augmentation"]["arm"] == "classic_aug"


def test_images_of_lesions_gained_and_lost(tiny_cohort, tmp_path):
    rows = [["arm", "repeat", "fold", "lesion_id", "patient_id", "label", "predicted", "p_cyst", "p_metastasis"]]
    for i, lesion in enumerate(tiny_cohort.lesions[:8]):  # the baseline is right in 0 and 1, the arm in 1 and 2
        for arm, right in (("classic", (0, 1)), ("gan", (1, 2)), ("more", (3, 4, 5))):
            called, p = ("cyst", (0.7, 0.3)) if i in right else ("metastasis", (0.4, 0.6))
            rows.append([arm, 0, 0, lesion.lesion_id, lesion.patient_id, "cyst", called, *p])
    (tmp_path / "predictions.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    roi = Roi(**asdict(load("classic_aug").roi))
    run = {"arm": "gan", "baseline": "classic"}
    write_change_images(tmp_path, run, tiny_cohort, roi)
    found = arrays(tmp_path / "changes.npz")
    assert found["lesions"].tolist() == ["L02", "L00"]
    np.testing.assert_array_equal(found["images"], in_bytes(render_originals(tiny_cohort, [2, 0], roi)))
    (tmp_path / "changes.npz").unlink()
    write_change_images(tmp_path, {"arm": "gan", "baseline": "gan"}, tiny_cohort, roi)
    assert not list(tmp_path.glob("*.npz"))
    # the best of the test lesions is compared, not the declared one
    points = [{"arm": name, "budget": "steps"} for name in ("gan", "more")]
    write_change_images(tmp_path, run | {"selection": "test", "curve": {"points": points}}, tiny_cohort, roi)
    assert arrays(tmp_path / "changes.npz")["lesions"].tolist() == ["L03", "L04", "L05", "L00", "L01"]


def test_an_arm_of_other_seeds_shows_other_images(tiny_cohort, tmp_path):
    images = []
    for number in (0, 1):
        config = load("classic_aug", f"control.reseed={number}")
        arms = {"a": plan_arm(config, experiment="e")}
        # of many arms, the experiment's own settings know nothing of an arm's control
        split = find_split(tiny_cohort, config, Place(0, 0))
        write_exhibits(tmp_path, tmp_path, arms, tiny_cohort, split, load("classic_aug"))
        images.append(arrays(tmp_path / "augmentation.npz")["images"])
    assert not np.array_equal(images[0][1], images[1][1])


def test_networks_of_the_settings_each_once_with_all_its_arms(tmp_path):
    names = ("classic_aug", "dcgan_aug", "acgan_aug", "paper/bovw")
    networks = describe_networks(plan(*names, runs=tmp_path), 3)
    assert [(entry["network"], entry["kind"], entry["arms"]) for entry in networks] == [
        ("classifier", "cnn", ["classic_aug", "dcgan_aug", "acgan_aug", "twin"]),
        ("generator", "dcgan", ["dcgan_aug"]),
        ("discriminator", "dcgan", ["dcgan_aug"]),
        ("generator", "acgan", ["acgan_aug"]),
        ("discriminator", "acgan", ["acgan_aug"]),
    ]
    # smoke: channels 4, 8, 16 and 16 hidden units; 6 x 6 x 16 of them are left of 64 x 64
    dense = 6 * 6 * 16 * 16 + 16 + 16 * 3 + 3
    assert networks[0]["parameters"] == (9 * 4 + 4) + (9 * 4 * 8 + 8) + (9 * 8 * 16 + 16) + dense
