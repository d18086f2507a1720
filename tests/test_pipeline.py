"""Planning, and the stages on a tiny cohort: what depends on what, and what may never."""

import csv
import json
import shutil

import pytest
import torch
from canaries import same_weights, stamped

from data_modules.errors import InputError
from data_modules.pool import SamplePool
from liverlab import settings
from liverlab.arm_data import classic_per_lesion, derive_seed, find_split
from liverlab.arms import arms_of, baseline_of
from liverlab.classifier_stage import fit_classifier
from liverlab.generator_stage import fit_generator
from liverlab.pipeline import plan_arm, splits_to_run
from liverlab.place import Place
from liverlab.pool_stage import sample_pool
from liverlab.settings import EXPERIMENTS, load_experiment
from liverlab.stages import in_order

QUICK = [
    "profile=smoke", "tracking=none", "classic.size=32", "classifier.steps=4", "acgan.epochs=1", "dcgan.epochs=1",
    "acgan.batch_size=16", "dcgan.batch_size=8", "synthetic.size=2", "trainer.accelerator=cpu",
]  # fmt: skip


def load(name="acgan_aug", *more):
    return load_experiment(name, [*QUICK, *more])


def keys(name, *more, kind):
    return [stage.key for stage in in_order(plan_arm(load(name, *more), experiment=name)) if stage.kind == kind]


def test_an_acgan_arm_has_a_generator_a_pool_and_a_classifier_per_split():
    stages = in_order(plan_arm(load(), experiment="acgan_aug"))
    kinds = [stage.kind for stage in stages]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "phantom": 1, "cohort": 1, "generator": 3, "pool": 3, "classifier": 3,
    }  # fmt: skip


def test_dcgans_are_nine():
    assert len(set(keys("dcgan_aug", kind="generator"))) == 9


def test_splits_to_run():
    assert splits_to_run(load("acgan_aug", "repeats=2", "folds=[2]")) == [Place(0, 2), Place(1, 2)]


HOLDOUT = ["data.phantom_lesions=24", "holdout.test_lesions=12", "holdout.train_lesions=6"]


def test_a_holdout_has_one_split_in_each_repeat_on_the_same_test_lesions(tiny_cohort):
    config = load("classic_aug", *HOLDOUT, "repeats=2")
    assert splits_to_run(config) == [Place(0, 0), Place(1, 0)]
    first, second = (find_split(tiny_cohort, config, place) for place in splits_to_run(config))
    assert (len(first.test), len(first.train), first.test) == (12, 6, second.test)
    assert set(first.train).isdisjoint(second.train)
    # 32 "per_fold" are the 64 of two folds still: 11 of each of six lesions
    assert classic_per_lesion(config, first) == round(2 * 32 / 6)


def test_points_of_a_curve_over_real_lesions_share_phantom_and_cohort(tmp_path, monkeypatch):
    (tmp_path / "real.yaml").write_text(
        "holdout: {test_lesions: 12, train_lesions: 6}\ncompare: [real-6, real-3]\n"
        "curve: {setting: holdout.train_lesions, values: [3, 6]}\n"
    )
    monkeypatch.setattr(settings, "EXPERIMENTS", tmp_path)
    shutil.copytree(EXPERIMENTS / "profiles", tmp_path / "profiles")
    arms = arms_of("real", QUICK)
    stages = {arm.name: in_order(plan_arm(arm, experiment="real")) for arm in arms}
    assert list(stages) == ["real-3", "real-6"]
    for kind, shared in (("phantom", 1), ("cohort", 1), ("classifier", 2)):
        assert len({stage.key for planned in stages.values() for stage in planned if stage.kind == kind}) == shared
    assert [arm.holdout.train_lesions for arm in arms] == [3, 6]


def test_two_experiments_share_their_baseline_and_what_does_not_matter_changes_no_key():
    assert keys("classic_aug", kind="classifier") == keys("classic_aug", "jobs=7", "acgan.lr=1", kind="classifier")
    config = load("classic_aug")
    baseline = plan_arm(baseline_of(config, QUICK), experiment="classic_aug")
    assert [stage.key for stage in baseline] == keys("no_aug", kind="classifier")


@pytest.mark.parametrize(
    ("setting", "changed", "kept"),
    [
        ("classifier.lr=0.1", "classifier", "pool"),
        ("synthetic.size=3", "pool", "generator"),
        ("synthetic.pool_size=9", "pool", "generator"),
        ("acgan.lr=0.1", "generator", "cohort"),
        ("classic.rotations=3", "generator", "cohort"),
        ("data.phantom_seed=1", "phantom", None),
        ("data.phantom_roi_only=false", "phantom", None),
        ("data.phantom_realistic_sizes=true", "phantom", None),
        ("seed=1", "generator", "cohort"),
        ("trainer.devices=2", "generator", "cohort"),
        ("trainer.compile=true", "generator", "cohort"),
        ("trainer.precision=bf16-mixed", "generator", "cohort"),
        ("watch.action=retry", "generator", "cohort"),
    ],
)
def test_a_setting_changes_the_stages_after_it_and_none_before(setting, changed, kept):
    assert not set(keys("acgan_aug", kind=changed)) & set(keys("acgan_aug", setting, kind=changed))
    assert not set(keys("acgan_aug", kind="classifier")) & set(keys("acgan_aug", setting, kind="classifier"))
    if kept:
        assert keys("acgan_aug", kind=kept) == keys("acgan_aug", setting, kind=kept)


@pytest.mark.parametrize("setting", ["watch.retries=5", "trainer.save_every_seconds=1", "trainer.strategy=auto"])
def test_what_cannot_change_a_generator_changes_no_key(setting):
    assert keys("acgan_aug", setting, kind="generator") == keys("acgan_aug", kind="generator")


def test_visual_words_do_not_depend_on_the_arithmetic_of_fits():
    assert keys("paper/bovw", "trainer.precision=bf16-mixed", kind="classifier") == keys(
        "paper/bovw", kind="classifier"
    )


def test_the_unused_budget_changes_no_key():
    assert keys("no_aug", kind="classifier") == keys("no_aug", "classifier.epochs=9", kind="classifier")
    by_epochs = ["no_aug", "classifier.budget=epochs"]
    assert keys(*by_epochs, kind="classifier") == keys(*by_epochs, "classifier.steps=9", kind="classifier")


def test_seeds_differ_by_purpose():
    seeds = {derive_seed(0, purpose, fold) for purpose in ("pool", "classifier") for fold in range(3)}
    assert len(seeds) == 6
    assert derive_seed(1, "pool", 0) not in seeds


def run_split(cohort, folder, config, fold=0):
    """Generator(s), pool and classifier of one split; returns their folders."""
    folders = {name: folder / name for name in ("cohort", "generator", "pool", "classifier")}
    for path in folders.values():
        path.mkdir(parents=True)
    cohort.save(folders["cohort"])
    place = {"config": config, "place": Place(0, fold)}
    fit_generator(folders["generator"], [folders["cohort"]], label=None, experiment="e", **place)
    sample_pool(folders["pool"], [folders["cohort"], folders["generator"]], **place)
    fit_classifier(folders["classifier"], [folders["cohort"], folders["pool"]], experiment="e", **place)
    return folders


def test_canary_no_test_pixel_reaches_a_generator_a_pool_or_a_classifier(tiny_cohort, tmp_path):
    config = load()
    split = find_split(tiny_cohort, config, Place(0, 0))
    clean = run_split(tiny_cohort, tmp_path / "clean", config)
    canary = run_split(stamped(tiny_cohort, split.test), tmp_path / "canary", config)
    assert same_weights(clean["generator"], canary["generator"])
    assert same_weights(clean["classifier"], canary["classifier"])
    assert means(clean) == means(canary)
    assert torch.equal(SamplePool.load(clean["pool"]).images, SamplePool.load(canary["pool"]).images)
    # the canary sings where it may: on a training lesion
    control = run_split(stamped(tiny_cohort, split.train[:1]), tmp_path / "control", config)
    assert not same_weights(clean["generator"], control["generator"])
    assert not same_weights(clean["classifier"], control["classifier"])
    assert means(clean) != means(control)


def means(folders):
    return (folders["classifier"] / "training_mean.npy").read_bytes()


def test_canary_no_test_pixel_reaches_a_generator_of_one_class(tiny_cohort, tmp_path):
    split = find_split(tiny_cohort, load(), Place(0, 0))
    of_class = [i for i in split.train if tiny_cohort.labels[i] == 1]
    others = [i for i in split.train if tiny_cohort.labels[i] != 1]
    fits = {
        name: fit_one(stamped(tiny_cohort, lesions), tmp_path / name, label=1)
        for name, lesions in (("clean", []), ("silent", [*split.test, *others]), ("sings", of_class[:1]))
    }
    assert same_weights(fits["clean"], fits["silent"])
    assert not same_weights(fits["clean"], fits["sings"])


def test_a_generator_of_everybody_leaks_and_says_so(tiny_cohort, tmp_path):
    config = load("acgan_aug", "control.generator_sees=everybody")
    split = find_split(tiny_cohort, config, Place(0, 0))
    folders = run_split(tiny_cohort, tmp_path / "leak", config)
    everybody = sorted(tiny_cohort.patient_ids)
    assert json.loads((folders["generator"] / "patients.json").read_text()) == everybody
    assert SamplePool.load(folders["pool"]).provenance.patients == tuple(everybody)
    lineage = json.loads((folders["classifier"] / "lineage.json").read_text())
    own = sorted({tiny_cohort.lesions[i].patient_id for i in split.train})
    assert lineage["patients"] == lineage["mean_of"] == own
    assert lineage["pools"][0]["patients"] == everybody
    canary = fit_one(stamped(tiny_cohort, split.test[:1]), tmp_path / "canary", "control.generator_sees=everybody")
    assert not same_weights(folders["generator"], canary)  # here it sings
    inputs, place = [folders["cohort"], folders["pool"]], Place(0, 0)
    with pytest.raises(InputError, match="saw 12 patients, 4 of whom are not on the training side"):
        fit_classifier(tmp_path, inputs, config=load(), place=place, experiment="e")
    with pytest.raises(AssertionError, match="a generator of another split"):
        sample_pool(tmp_path, [folders["cohort"], folders["generator"]], config=load(), place=place)


def test_one_generator_of_everybody_serves_all_folds_of_a_repeat():
    settings = ["dcgan_aug", "control.generator_sees=everybody", "repeats=2"]
    assert len(set(keys(*settings, kind="generator"))) == 2 * 3
    assert len(set(keys(*settings, kind="pool"))) == len(set(keys(*settings, kind="classifier"))) == 2 * 3
    assert not set(keys(*settings, kind="generator")) & set(keys("dcgan_aug", "repeats=2", kind="generator"))


def test_rows_and_counts_of_a_split(tiny_cohort, tmp_path):
    config = load("acgan_aug", "synthetic.pool_size=3")
    split = find_split(tiny_cohort, config, Place(0, 1))
    folders = run_split(tiny_cohort, tmp_path, config, fold=1)
    with (folders["classifier"] / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["lesion_id"] for row in rows] == [tiny_cohort.lesions[i].lesion_id for i in split.test]
    assert [row["label"] for row in rows] == [tiny_cohort.lesions[i].class_name for i in split.test]
    for row in rows:
        probabilities = {name: float(row[f"p_{name}"]) for name in tiny_cohort.class_names}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert row["predicted"] == max(probabilities, key=probabilities.get)
    # 32 per fold, 2 folds, 16 lesions: 4 each; 2 synthetic per class, fold and 2 folds
    assert json.loads((folders["classifier"] / "training.json").read_text())["images"] == {
        "real": 16, "classic": 48, "synthetic": 12,
    }  # fmt: skip
    pool = SamplePool.load(folders["pool"])
    assert len(pool.labels) == 18  # 3 per class and fold, of which the classifier took 2
    assert set(pool.provenance.patients) == {tiny_cohort.lesions[i].patient_id for i in split.train}
    assert sorted(path.name for path in (folders["generator"] / "grids").iterdir()) == ["epoch-0001.png"]


def test_a_training_that_diverged_is_no_result(tiny_cohort, tmp_path):
    with pytest.raises(InputError, match=r"classifier of acgan_aug diverged \(classifier.lr=1e\+30\)"):
        run_split(tiny_cohort, tmp_path, load("acgan_aug", "classifier.lr=1e30"))
    assert not (tmp_path / "classifier" / "predictions.csv").exists()


def test_a_pool_of_another_split_is_refused(tiny_cohort, tmp_path):
    folders = run_split(tiny_cohort, tmp_path, load(), fold=1)
    with pytest.raises(InputError, match=r"\(repeat 0, fold 1\) saw .* not on the training side of repeat 0, fold 0"):
        fit_classifier(tmp_path, [folders["cohort"], folders["pool"]], config=load(), place=Place(0, 0), experiment="e")


def fit_one(cohort, folder, *settings, label=None):
    (folder / "cohort").mkdir(parents=True)
    cohort.save(folder / "cohort")
    (folder / "generator").mkdir()
    config = load("dcgan_aug" if label is not None else "acgan_aug", *settings)
    fit_generator(
        folder / "generator", [folder / "cohort"], config=config, place=Place(0, 0), label=label, experiment="e"
    )
    return folder / "generator"


def test_fewer_images_than_a_batch_are_refused_before_training(tiny_cohort, tmp_path):
    # 32 per fold, 2 folds, 16 lesions: 4 each; of 4 patients with 2 metastases each, 3 train
    sentence = r"has 24 images of the class metastasis, fewer than one batch \(dcgan.batch_size=32\)\. Set a smaller"
    with pytest.raises(InputError, match=sentence):
        fit_one(tiny_cohort, tmp_path, "dcgan.batch_size=32", label=1)
    assert not (tmp_path / "generator" / "log").exists()


@pytest.mark.parametrize(("action", "tried"), [("note", ""), ("retry", " 3 seeds were tried")])
def test_a_generator_whose_loss_is_no_number_is_stopped(action, tried, tiny_cohort, tmp_path):
    with pytest.raises(InputError, match=rf"In epoch \d, by batch \d, no longer a finite number.*{tried}"):
        fit_one(tiny_cohort, tmp_path, "acgan.lr=1e30", "acgan.epochs=3", f"watch.action={action}")
    assert (tmp_path / "generator" / "attempt-2").is_dir() == (action == "retry")


def test_a_pool_is_drawn_from_the_average_where_there_is_one(tiny_cohort, tmp_path):
    pools = {}
    for decay in ("null", "0.5"):
        config = load("acgan_aug", f"acgan.ema_decay={decay}", "acgan.epochs=2")
        folders = run_split(tiny_cohort, tmp_path / decay, config)
        pools[decay] = SamplePool.load(folders["pool"]).images
        assert (folders["generator"] / "ema.ckpt").exists() == (decay != "null")
    assert same_weights(*(tmp_path / decay / "generator" for decay in pools))  # the raw ones are trained alike
    assert not torch.equal(*pools.values())
