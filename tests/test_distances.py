import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from liverlab.quality.distances import distances
from liverlab.quality.draws import draw_patients
from liverlab.quality.feature_spaces import FeatureSpace
from liverlab.quality.frechet import frechet_distance
from liverlab.quality.image_set import ImageSet, SplitImages
from liverlab.quality.kid import kid
from liverlab.quality.prdc import MEASURES, prdc

SETS = ("train", "held_out", "classic", "synthetic")


def image_set(labels, patients=None):
    labels = np.array(labels, dtype=np.int64)
    patients = np.arange(len(labels)) if patients is None else np.array(patients)
    return ImageSet(torch.zeros(len(labels), 1, 2, 2), labels, patients)


def split_images(train, held_out, classic, synthetic):
    """Sets of the given labels; classic images follow the first training patient."""
    return SplitImages(
        ("cyst", "metastasis"),
        image_set(train),
        image_set(held_out),
        image_set(classic, np.zeros(len(classic), dtype=np.int64)),
        image_set(synthetic),
    )


def space_of(features, draws=1):
    return FeatureSpace("random", "", {which: [rows] * draws for which, rows in features.items()}, "train" in features)


def gaussian(images, seed=0, dimensions=4, **shift):
    rng = np.random.default_rng(seed)
    return {which: rng.normal(size=(len(getattr(images, which)), dimensions)) + shift.get(which, 0.0) for which in SETS}


def measured(images, features, *, draws=3, neighbours=3, repeat=1):
    rows = distances(images, space_of(features, repeat), draw_patients(images, draws, 0), neighbours=neighbours, seed=0)
    return {(row.class_name, row.images, row.measure): row for row in rows}


def test_every_set_and_class_has_every_measure_against_the_held_out_images():
    images = split_images(train=[0, 1] * 12, held_out=[0, 1, 1] * 5, classic=[0, 1] * 15, synthetic=[0, 1] * 9)
    rows = measured(images, gaussian(images))
    assert set(rows) == {
        (name, which, measure)
        for name in ("cyst", "metastasis", "all")
        for which in ("synthetic", "train", "classic")
        for measure in ("kid", *MEASURES, "fid")
    }
    assert {row.features for row in rows.values()} == {"random"}
    assert {row.draws.shape for row in rows.values()} == {(3,)}
    assert (rows["cyst", "train", "kid"].count, rows["cyst", "train", "kid"].reference) == (12, 5)
    assert (rows["all", "classic", "kid"].count, rows["all", "classic", "kid"].reference) == (30, 15)
    # 5 cysts are held out, 9 metastases are synthetic: as many of every set
    assert (rows["all", "classic", "fid"].count, rows["all", "classic", "coverage"].reference) == (14, 14)


def test_a_space_fitted_on_the_training_side_has_no_floors():
    images = split_images(train=[0, 1], held_out=[0, 1] * 6, classic=[], synthetic=[0, 1] * 6)
    own = {which: rows for which, rows in gaussian(images).items() if which in ("held_out", "synthetic")}
    assert {which for _, which, _ in measured(images, own)} == {"synthetic"}


def test_classic_images_may_be_none():
    images = split_images(train=[0, 1] * 6, held_out=[0, 1] * 6, classic=[], synthetic=[0, 1] * 6)
    assert {which for _, which, _ in measured(images, gaussian(images))} == {"synthetic", "train"}


def test_equal_numbers_give_the_measures_of_the_images_as_they_are():
    images = split_images(*[[0, 1] * 8] * 4)
    features = gaussian(images, synthetic=0.5)
    rows = measured(images, features)
    for name, chosen in (("cyst", slice(0, 16, 2)), ("all", slice(None))):
        real, synthetic = features["held_out"][chosen], features["synthetic"][chosen]
        shares = prdc(cdist(real, real), cdist(synthetic, synthetic), cdist(real, synthetic), 3)
        assert [rows[name, "synthetic", measure].value for measure in MEASURES] == pytest.approx(shares)
        whose = np.arange(len(real))
        once = np.ones((1, len(real)))
        labels = images.train.labels[chosen]
        discrepancy = kid((real, synthetic), (whose, whose), (once, once), (labels, labels))[0]
        assert rows[name, "synthetic", "kid"].value == pytest.approx(discrepancy)
        # four features are four components: turned, at the same distance
        distance = frechet_distance(real, synthetic)
        assert rows[name, "synthetic", "fid"].value == pytest.approx(distance, nan_ok=True)


def test_several_draws_of_the_extractor_are_averaged():
    images = split_images(*[[0, 1] * 8] * 4)
    near, far = gaussian(images), gaussian(images, synthetic=2.0)
    both = FeatureSpace("random", "", {which: [near[which], far[which]] for which in SETS}, True)
    rows = distances(images, both, draw_patients(images, 2, 0), neighbours=3, seed=0)
    alone = [measured(images, features, draws=2) for features in (near, far)]
    for row in rows:
        key = (row.class_name, row.images, row.measure)
        assert row.value == pytest.approx(np.mean([single[key].value for single in alone]), nan_ok=True)


def test_all_compares_the_held_out_images_mix_of_classes():
    # the classes lie 6 apart; every set draws each class from one distribution, but synthetic ones are 1 to 1
    images = split_images(train=[0] * 60 + [1] * 15, held_out=[0] * 40 + [1] * 10, classic=[],
                          synthetic=[0] * 80 + [1] * 80)  # fmt: skip
    features = gaussian(images)
    for which in SETS:
        features[which][getattr(images, which).labels == 1] += 3
    rows = measured(images, features, draws=40)
    synthetic, train = rows["all", "synthetic", "kid"], rows["all", "train", "kid"]
    assert abs(synthetic.value - train.value) < 2 * np.std(synthetic.draws - train.draws)
    plain = kid(
        (features["held_out"], features["synthetic"]), (np.arange(50), np.arange(160)),
        (np.ones((1, 50)), np.ones((1, 160))),
    )[0]  # fmt: skip
    assert plain > 5 * abs(synthetic.value)


def test_a_shifted_generator_is_further_away_than_the_floor_by_every_measure():
    images = split_images(train=[0] * 40, held_out=[0] * 20, classic=[], synthetic=[0] * 40)
    rows = measured(images, gaussian(images, synthetic=4.0))
    for measure in MEASURES:
        assert rows["cyst", "synthetic", measure].value < 0.1 < rows["cyst", "train", measure].value
    for measure in ("kid", "fid"):
        assert rows["cyst", "synthetic", measure].value > 5 * rows["cyst", "train", measure].value


def test_what_only_synthetic_images_show_has_an_axis():
    """Of 20 features 16 vary more than the rest in real images; synthetic ones are 6 away in one of the rest."""
    images = split_images(train=[0] * 60, held_out=[0] * 60, classic=[], synthetic=[0] * 60)
    features = gaussian(images, dimensions=20)
    for rows in features.values():
        rows[:, 16:] *= 0.3
    before = measured(images, features)["cyst", "synthetic", "fid"].value
    features["synthetic"][:, 19] += 6
    after = measured(images, features)["cyst", "synthetic", "fid"].value
    assert after - before == pytest.approx(36, rel=0.2)


def test_few_images_of_a_class_are_nan_and_the_others_are_measured():
    images = split_images(train=[0] * 9 + [1], held_out=[0] * 9 + [1], classic=[], synthetic=[0] * 9 + [1])
    rows = measured(images, gaussian(images))
    assert all(np.isnan(rows["metastasis", "train", measure].value) for measure in ("kid", *MEASURES, "fid"))
    assert all(np.isfinite(rows["cyst", "train", measure].value) for measure in ("kid", *MEASURES, "fid"))


def test_the_draws_spread_as_much_as_other_patients_would_make_the_estimates():
    images = split_images(train=[0] * 40, held_out=[0] * 20, classic=[], synthetic=[0] * 60)
    worlds = [measured(images, gaussian(images, seed, synthetic=0.5), draws=12) for seed in range(30)]
    for measure in ("kid", "recall", "density", "fid"):
        rows = [world["cyst", "synthetic", measure] for world in worlds]
        true_spread = np.std([row.value for row in rows])
        # thirty worlds tell a spread to 13 %
        assert np.mean([row.draws.std() for row in rows]) == pytest.approx(true_spread, rel=0.35)
