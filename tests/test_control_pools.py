import numpy as np
import pytest
import torch
from test_pipeline import keys, load, stamped

from data_modules.classic import render_group, render_originals
from data_modules.errors import InputError
from data_modules.pool import SamplePool
from data_modules.roi import Roi, from_signed
from liverlab.arm_data import classic_recipe, classifier_data, data_seed, find_split
from liverlab.control_pools import control_pool, shuffle_pixels
from liverlab.pipeline import plan_arm
from liverlab.place import Place
from liverlab.pool_kinds import CONTROLS
from liverlab.pool_stage import fill_control_pool

PLACE = Place(0, 0)
ROI = Roi(size=64, margin=0.25, intensity="window", window_hu=(-100.0, 240.0))


def pool_of(cohort, kind, *settings):
    """The pool of fold 0 in (0, 1), and by class the training lesions in the cohort's order."""
    config = load(f"controls/{kind}", *settings)
    split = find_split(cohort, config, PLACE)
    by_class = [[i for i in split.train if cohort.labels[i] == label] for label in range(3)]
    return control_pool(config, cohort, split, PLACE), by_class, config, split


@pytest.mark.parametrize("kind", CONTROLS)
def test_classes_have_equal_shares_and_a_smaller_pool_is_the_start_of_a_larger(kind, tiny_cohort):
    small, *_ = pool_of(tiny_cohort, kind, "synthetic.size=2")
    large, *_ = pool_of(tiny_cohort, kind, "synthetic.size=2", "synthetic.pool_size=7")
    assert torch.bincount(small.labels).tolist() == [4, 4, 4]  # 2 per fold, and 2 folds train
    assert torch.bincount(large.labels).tolist() == [14, 14, 14]
    assert torch.equal(large.first(4).images, small.images)
    assert small.images.abs().max() <= 1


def test_further_transforms_are_the_next_of_each_lesion_in_turn_and_none_of_the_arms_group(tiny_cohort):
    pool, by_class, config, split = pool_of(tiny_cohort, "classic_more", "synthetic.size=7")
    images = from_signed(pool.images).reshape(3, 14, 1, 64, 64)
    recipe = classic_recipe(config.classic)
    for label, lesions in enumerate(by_class):
        for j in range(14):
            lesion = lesions[j % len(lesions)]
            own, _ = render_group(tiny_cohort, [lesion], 20, recipe, ROI, seed=data_seed(config, split))
            # 32 per fold, 2 folds, 16 lesions: the group holds 4 of each, transforms 0 to 3
            torch.testing.assert_close(images[label, j], own[4 + j // len(lesions)], atol=1e-6, rtol=0)
    data = classifier_data(config, tiny_cohort, split)
    data.setup()
    group = data.train_images.flatten(1)
    assert len(group) == 64
    nearest = torch.cdist(images.flatten(0, 1).flatten(1), group, p=torch.inf).min(1).values
    assert nearest.min() > 1e-3  # a full turn apart or not: no image is there twice
    assert len(images.flatten(0, 1).flatten(1).unique(dim=0)) == 42


def test_a_pool_larger_than_the_transforms_left_names_the_largest(tiny_cohort):
    _, by_class, *_ = pool_of(tiny_cohort, "placebo")
    fewest = min(map(len, by_class))
    # one rotation: 1 + 3 + 7 + 5 = 16 transforms and the original, 4 of them in the group; 2 folds train
    largest = fewest * (17 - 4) // 2
    pool, *_ = pool_of(tiny_cohort, "classic_more", "classic.rotations=1", f"synthetic.size={largest}")
    assert len(pool.labels) == 3 * 2 * largest
    for setting in ("size", "pool_size"):
        sentence = rf"the {fewest} training lesions of \w+ have 13 each .* synthetic.{setting} to at most {largest},"
        with pytest.raises(InputError, match=sentence):
            pool_of(tiny_cohort, "classic_more", "classic.rotations=1", f"synthetic.{setting}={largest + 1}")


def test_copies_are_the_unaltered_lesions_in_turn(tiny_cohort):
    pool, by_class, *_ = pool_of(tiny_cohort, "duplicate_real", "synthetic.size=7")
    for label, lesions in enumerate(by_class):
        turns = [lesions[j % len(lesions)] for j in range(14)]
        mine = from_signed(pool.images[pool.labels == label])
        torch.testing.assert_close(mine, render_originals(tiny_cohort, turns, ROI), atol=1e-6, rtol=0)


def test_a_placebo_has_a_lesions_pixels_in_an_order_of_its_own(tiny_cohort):
    placebo, by_class, *_ = pool_of(tiny_cohort, "placebo", "synthetic.size=7")
    copies, *_ = pool_of(tiny_cohort, "duplicate_real", "synthetic.size=7")
    shuffled, plain = placebo.images.flatten(1), copies.images.flatten(1)
    assert torch.equal(shuffled.sort(1).values, plain.sort(1).values)
    assert ((shuffled != plain).float().mean(1) > 0.9).all()
    for label, lesions in enumerate(by_class):  # the same lesion's next turn
        of_class = shuffled[placebo.labels == label]
        assert not torch.equal(of_class[0], of_class[len(lesions)])


def test_every_order_is_as_likely_as_another():
    # three pixels, 3000 images: each of 6 orders 500 times, standard deviation sqrt(3000 * 1/6 * 5/6) = 20
    images = torch.tensor([0.0, 1.0, 2.0]).reshape(1, 1, 1, 3).expand(3000, 1, 1, 3)
    _, counts = shuffle_pixels(images, [0, 0]).flatten(1).unique(dim=0, return_counts=True)
    assert len(counts) == 6
    assert (counts - 500).abs().max() < 4 * 20.4


@pytest.mark.parametrize("kind", CONTROLS)
def test_provenance_names_the_patients_whose_lesions_are_shown(kind, tiny_cohort):
    pool, by_class, *_ = pool_of(tiny_cohort, kind, "synthetic.size=1")
    # two of each class, and of a patient's two lesions both are on one side
    shown = [i for lesions in by_class for i in lesions[:2]]
    assert pool.provenance.patients == tuple(sorted({tiny_cohort.lesions[i].patient_id for i in shown}))
    assert (pool.provenance.generator, pool.provenance.cohort) == (kind, tiny_cohort.fingerprint)
    assert (pool.provenance.repeat, pool.provenance.fold) == (0, 0)


@pytest.mark.parametrize("kind", CONTROLS)
def test_canary_no_test_pixel_reaches_a_control(kind, tiny_cohort, tmp_path):
    config = load(f"controls/{kind}")
    split = find_split(tiny_cohort, config, PLACE)

    def filled(cohort, name):
        (tmp_path / name / "cohort").mkdir(parents=True)
        cohort.save(tmp_path / name / "cohort")
        fill_control_pool(tmp_path / name, [tmp_path / name / "cohort"], config=config, place=PLACE)
        return SamplePool.load(tmp_path / name).images

    clean = filled(tiny_cohort, "clean")
    assert torch.equal(clean, filled(stamped(tiny_cohort, split.test), "canary"))
    # the canary sings where it may: on a training lesion
    assert not torch.equal(clean, filled(stamped(tiny_cohort, split.train[:1]), "control"))


@pytest.mark.parametrize("kind", CONTROLS)
def test_a_control_needs_the_cohort_alone_and_knows_no_setting_of_a_generator(kind):
    (stage, *_) = plan_arm(load(f"controls/{kind}"), experiment="e")
    (pool,) = [need for need in stage.needs if need.kind == "pool"]
    assert [need.kind for need in pool.needs] == ["cohort"]
    same, plain = (
        ["acgan.lr=1", "watch.action=stop"],
        keys(f"controls/{kind}", kind="pool"),
    )
    assert keys(f"controls/{kind}", *same, kind="pool") == plain
    for setting in ("seed=1", "synthetic.size=3", "roi.margin=0.3", "control.reseed=1"):
        assert not set(plain) & set(keys(f"controls/{kind}", setting, kind="pool"))
    of_the_recipe = keys(f"controls/{kind}", "classic.size=40", kind="pool")
    assert (of_the_recipe == plain) == (kind != "classic_more")


def test_seeds_of_placebos_differ_by_split_and_with_another_seed(tiny_cohort):
    config = load("controls/placebo")
    seeds = {
        control_pool(config, tiny_cohort, find_split(tiny_cohort, config, place), place).provenance.seed
        for place in (Place(0, 0), Place(0, 1), Place(1, 0))
    }
    again, *_ = pool_of(tiny_cohort, "placebo", "control.reseed=1")
    assert len(seeds | {again.provenance.seed}) == 4
    assert np.all(np.array(list(seeds)) >= 0)
