import numpy as np
import pytest
from scipy.spatial.distance import cdist

from liverlab.quality.prdc import prdc


def of_rows(real, synthetic, neighbours):
    return prdc(cdist(real, real), cdist(synthetic, synthetic), cdist(real, synthetic), neighbours)


def by_loops(real, synthetic, k):
    """The four definitions, image by image."""

    def ball(rows, i):
        return sorted(np.linalg.norm(rows[i] - other) for j, other in enumerate(rows) if j != i)[k - 1]

    def inside(point, rows):
        return [np.linalg.norm(point - rows[i]) <= ball(rows, i) for i in range(len(rows))]

    precision = np.mean([any(inside(y, real)) for y in synthetic])
    recall = np.mean([any(inside(x, synthetic)) for x in real])
    density = np.sum([inside(y, real) for y in synthetic]) / (k * len(synthetic))
    coverage = np.mean([any(np.linalg.norm(y - x) <= ball(real, i) for y in synthetic) for i, x in enumerate(real)])
    return [precision, recall, density, coverage]


@pytest.mark.parametrize(("count", "neighbours"), [(12, 1), (9, 3), (20, 5)])
def test_the_four_by_their_definitions(count, neighbours):
    rng = np.random.default_rng(count)
    real, synthetic = rng.normal(size=(12, 3)), 0.4 + 0.7 * rng.normal(size=(count, 3))
    assert of_rows(real, synthetic, neighbours) == pytest.approx(by_loops(real, synthetic, neighbours))


def test_by_hand_on_a_line():
    # balls of the real: 0..1 -> 1, 1 -> 1, 3 -> 2; of the synthetic: 0.5 -> 4.5, 5 -> 4.5
    real, synthetic = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [5.0]])
    # 0.5 is in the balls of 0 and 1, 5 in that of 3; every real one is in a synthetic ball
    assert of_rows(real, synthetic, 1) == pytest.approx([1.0, 1.0, 3 / 2, 1.0])


@pytest.mark.parametrize(("real", "synthetic", "neighbours"), [(20, 20, 5), (12, 30, 3)])
def test_one_distribution_has_the_expected_density_and_coverage(real, synthetic, neighbours):
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=(real, 4)), rng.normal(size=(synthetic, 4))) for _ in range(1500)]
    values = np.array([of_rows(*pair, neighbours) for pair in pairs])[:, 2:]
    # Naeem et al. 2020, sec. 3.3: density 1; coverage 1 - (N-1)...(N-k) / ((M+N-1)...(M+N-k))
    steps = np.arange(1, neighbours + 1)
    expected = [1.0, 1 - np.prod((real - steps) / (real + synthetic - steps))]
    errors = values.std(0) / np.sqrt(1500)
    assert (abs(values.mean(0) - expected) < 4 * errors).all()


def test_far_apart_all_are_0():
    rng = np.random.default_rng(1)
    assert of_rows(rng.normal(size=(10, 2)), 100 + rng.normal(size=(10, 2)), 3).tolist() == [0, 0, 0, 0]


def test_one_outlier_raises_recall_but_not_coverage():
    real, line = np.arange(10.0)[:, None], 100 + np.arange(9.0)[:, None]
    outlier = np.vstack([line, [[-50.0]]])  # its ball of 150 holds every real image
    assert of_rows(real, line, 2).tolist() == [0, 0, 0, 0]
    assert of_rows(real, outlier, 2).tolist() == [0, 1, 0, 0]


def test_the_unit_of_distances_does_not_matter_and_exchange_swaps_precision_and_recall():
    rng = np.random.default_rng(2)
    real, synthetic = rng.normal(size=(15, 3)), 0.5 * rng.normal(size=(15, 3))
    found = of_rows(real, synthetic, 4)
    assert of_rows(7 * real, 7 * synthetic, 4) == pytest.approx(found)
    assert of_rows(synthetic, real, 4)[:2] == pytest.approx(found[1::-1])
    assert found[0] != found[1]


def test_no_more_images_than_neighbours_say_nothing():
    rng = np.random.default_rng(3)
    assert np.isnan(of_rows(rng.normal(size=(5, 2)), rng.normal(size=(9, 2)), 5)).all()
    assert np.isfinite(of_rows(rng.normal(size=(6, 2)), rng.normal(size=(9, 2)), 5)).all()
