"""Visual words on textures that differ in grain alone: mean and variance of the classes are the same."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.metrics import mutual_info_score

from data_modules.errors import InputError
from liverlab.models.bovw import BagOfVisualWords, leave_patients_out, word_information

SMALL = {
    "patch_px": 5, "stride_px": 2, "components": 4, "words": 40, "kept_share": 0.35, "learning_patches": 5000,
    "kernel": "rbf", "penalty": 1.0, "seed": 0,
}  # fmt: skip


def textures(*, images=60, size=24, classes=3, seed=0):
    """Noise of three grains with mean .5 and standard deviation .1; two images per patient."""
    rng = np.random.default_rng(seed)
    patients = np.arange(images) // 2
    labels = patients % classes
    grains = 0.4 * 3.0**labels  # pixels
    noise = np.stack([gaussian_filter(rng.normal(size=(size, size)), grain, mode="wrap") for grain in grains])
    noise -= noise.mean(axis=(1, 2), keepdims=True)
    return (0.5 + 0.1 * noise / noise.std(axis=(1, 2), keepdims=True)).astype(np.float32), labels, patients


def fitted(images, labels, patients, **changed):
    model = BagOfVisualWords(**SMALL | changed)
    model.fit(images, labels, patients)
    return model


@pytest.fixture(scope="module")
def model():
    return fitted(*textures())


def test_textures_of_equal_mean_and_variance_are_told_apart(model):
    images, labels, _ = textures(seed=1)
    probabilities = model.predict_proba(images)
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.9


def test_permuted_labels_leave_chance():
    images, labels, patients = textures()
    test, truth, _ = textures(seed=1)
    rng = np.random.default_rng(0)
    right = []
    for _ in range(10):
        shuffled = rng.permutation(labels[::2]).repeat(2)  # by patient
        right.append((fitted(images, shuffled, patients).predict_proba(test).argmax(axis=1) == truth).mean())
    # images of one texture fall together: the mean of ten permutations has a standard error of .09
    assert np.mean(right) == pytest.approx(1 / 3, abs=0.2)


def test_two_classes(model):
    images, labels, patients = textures(classes=2)
    test, truth, _ = textures(classes=2, seed=1)
    probabilities = fitted(images, labels, patients).predict_proba(test)
    assert probabilities.shape == (60, 2)
    assert (probabilities.argmax(axis=1) == truth).mean() > 0.8


def test_the_seed_decides(model):
    images, labels, patients = textures()
    test = textures(seed=1)[0]
    np.testing.assert_array_equal(fitted(images, labels, patients).predict_proba(test), model.predict_proba(test))
    assert not np.array_equal(fitted(images, labels, patients, seed=1).predict_proba(test), model.predict_proba(test))


def test_probabilities_keep_the_decision_of_the_machine(model):
    """Temperature scaling is monotone."""
    test = textures(seed=1)[0]
    machine = model.classifier.calibrated_classifiers_[0].estimator
    decided = machine.predict(model.histograms(test))
    np.testing.assert_array_equal(model.predict_proba(test).argmax(axis=1), decided)


def test_a_histogram_counts_every_patch_once(model):
    histograms = model.histograms(textures()[0][:3])
    assert histograms.shape == (3, 40)
    np.testing.assert_allclose(histograms.sum(axis=1), 1)
    # (24 - 5) // 2 + 1 = 10 positions a side
    np.testing.assert_allclose(histograms * 100, (histograms * 100).round(), atol=1e-9)


def test_an_image_of_one_grey_value_is_one_word(model):
    assert sorted(model.histograms(np.full((1, 24, 24), 0.5, np.float32))[0])[-2:] == [0, 1]


def test_an_image_is_described_alike_alone_and_among_many(model):
    """More images than are cut up at once."""
    images = textures()[0]
    np.testing.assert_array_equal(model.histograms(images)[47:48], model.histograms(images[47:48]))


@pytest.mark.parametrize(("words", "share", "kept"), [(40, 0.35, 14), (20, 0.25, 5), (20, 1.0, 20), (20, 0.0, 1)])
def test_words_kept(words, share, kept):
    model = fitted(*textures(images=30), words=words, kept_share=share)
    selection = model.classifier.calibrated_classifiers_[0].estimator[0]
    assert selection.get_support().sum() == kept
    information = word_information(model.histograms(textures(images=30)[0]), textures(images=30)[1])
    assert information[selection.get_support()].min() >= np.sort(information)[-kept]


def test_information_of_a_table_made_by_hand():
    """Columns: the class itself, nothing, absent everywhere, and three quarters right."""
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    columns = [[0, 0, 0, 0, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1, 0, 1], [0] * 8, [0, 0, 0, 1, 0, 1, 1, 1]]
    # 1 bit less the entropy of (3/4, 1/4), in nats
    three_quarters = np.log(2) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25)
    found = word_information(np.array(columns).T / 10, labels)
    np.testing.assert_allclose(found, [np.log(2), 0, 0, three_quarters], atol=1e-12)


def test_information_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    histograms, labels = rng.poisson(2, (50, 12)) / 30, rng.integers(0, 3, 50)
    expected = [mutual_info_score(labels, column > np.median(column)) for column in histograms.T]
    np.testing.assert_allclose(word_information(histograms, labels), expected, atol=1e-12)


def test_no_patient_is_on_both_sides_of_a_calibration_split():
    _, labels, patients = textures()
    splits = leave_patients_out(labels, patients)
    assert len(splits) == 5
    assert sorted(np.concatenate([left for _, left in splits])) == list(range(60))
    assert not any(set(patients[fitted_on]) & set(patients[left]) for fitted_on, left in splits)


def test_a_class_of_one_patient_gets_a_sentence():
    with pytest.raises(InputError, match="two or more patients of every class on the training side; one class has 1"):
        leave_patients_out(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2]))


def test_more_words_than_patches_get_a_sentence():
    images, labels, patients = textures(images=12)
    with pytest.raises(InputError, match=r"12 training images give 108 patches, too few for bovw.words=200"):
        fitted(images, labels, patients, words=200, stride_px=9)
