import numpy as np

from liverlab.quality.class_means import class_means, of_each_class, patients_by_class, rows, times_drawn
from liverlab.quality.image_set import ImageSet


def test_times_drawn_by_hand():
    drawn = [np.array([0, 0, 2]), np.array([], dtype=np.int64)]
    assert times_drawn(drawn, 4).tolist() == [[1, 1, 1, 1], [2, 0, 1, 0], [0, 0, 0, 0]]


def test_means_by_hand():
    values, labels = np.array([[1.0], [3.0], [10.0]]), np.array([0, 0, 1])
    means = class_means(values, labels, np.array([[1.0, 1, 1], [0, 2, 1], [1, 1, 0]]), np.array([1, 3]))
    # over all classes the second has 3/4, whatever its number: (2 + 3 * 10) / 4; in the first draw (3 + 3 * 10) / 4
    np.testing.assert_allclose(means[..., 0], [[8, 8.25, 2], [2, 3, 2], [10, 10, np.nan]])


def test_with_a_class_missing_there_is_no_mean_over_all():
    means = class_means(np.ones((2, 1)), np.array([0, 0]), np.ones((1, 2)), np.array([1, 1]))
    np.testing.assert_array_equal(means[..., 0], [[np.nan], [1], [np.nan]])


def test_images_are_drawn_per_class_without_replacement():
    labels = np.array([0, 1, 0, 1, 1, 2])
    chosen = of_each_class(labels, np.array([1, 2, 5]), np.random.default_rng(0))
    assert np.bincount(labels[chosen]).tolist() == [1, 2, 1]
    assert len(set(chosen.tolist())) == 4


def test_patients_of_a_class_are_counted_once():
    part = ImageSet(np.zeros(4), np.array([0, 0, 1, 1]), np.array([7, 7, 7, 8]))
    assert patients_by_class(part, 3) == [2, 1, 2, 0]


def test_rows_are_all_classes_and_each():
    values = np.array([[0.5, 0.4], [0.1, 0.2], [0.9, 0.8]])
    made = rows("radiomics", "train", "trtr", ("cyst", "metastasis"), values, np.array([3, 4]), np.array([1, 2]))
    assert [(x.class_name, x.value, x.draws.tolist(), x.count, x.reference) for x in made] == [
        ("all", 0.5, [0.4], 7, 3),
        ("cyst", 0.1, [0.2], 3, 1),
        ("metastasis", 0.9, [0.8], 4, 2),
    ]
