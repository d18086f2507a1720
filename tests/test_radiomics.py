"""Against tables printed by others, other libraries and images whose numbers are known."""

import numpy as np
import pytest
import torch
from scipy import stats

from liverlab.quality import radiomics as lite
from liverlab.quality.radiomics import NAMES, radiomics

# Haralick, Shanmugam and Dinstein 1973, fig. 3: the image, and its co-occurrence at 0, 90, 135 and 45 degrees
HARALICK = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]])
PRINTED = [
    [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]],
    [[6, 0, 2, 0], [0, 4, 2, 0], [2, 2, 2, 2], [0, 0, 2, 0]],
    [[2, 1, 3, 0], [1, 2, 1, 0], [3, 1, 0, 2], [0, 0, 2, 0]],
    [[4, 1, 0, 0], [1, 2, 2, 0], [0, 2, 4, 1], [0, 0, 1, 0]],
]
# the four slices of IBSI's digital phantom (reference manual, sec. 5.1); 0 lies outside its region of interest
DIGITAL_PHANTOM = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [0, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ]
)


def noise(count=6, size=32, seed=0):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed))


def named(images):
    return dict(zip(NAMES, radiomics(images).T, strict=True))


def test_there_are_24_names_for_24_numbers():
    assert len(set(NAMES)) == 24
    values = radiomics(noise())
    assert (values.shape, values.dtype) == ((6, 24), np.float64)
    assert np.isfinite(values).all()


def test_an_image_s_numbers_do_not_depend_on_the_images_beside_it():
    np.testing.assert_array_equal(radiomics(noise())[2:4], radiomics(noise()[2:4]))


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("flip", [False, True])
def test_turned_and_flipped_images_have_the_same_numbers(turns, flip):
    images = noise() ** 3
    turned = torch.rot90(images.flip(3) if flip else images, turns, (2, 3))
    np.testing.assert_allclose(radiomics(turned), radiomics(images), rtol=1e-9, atol=1e-12)


def test_co_occurrence_is_that_of_haralick_s_example():
    counts = np.array(PRINTED)
    found = lite.co_occurrence(HARALICK[None], 4)[0]
    np.testing.assert_allclose(found, counts / counts.sum(axis=(1, 2), keepdims=True))


def test_the_initiative_s_digital_phantom_has_the_initiative_s_values():
    inside = DIGITAL_PHANTOM[DIGITAL_PHANTOM > 0][None, None]
    mean, deviation, skewness, kurtosis, p10, median, p90 = lite.grey_levels(inside.astype(float))[0]
    found = [mean, deviation**2, skewness, kurtosis, p10, median, p90, *lite.entropy(inside)[0]]
    np.testing.assert_allclose(found, [2.15, 3.05, 1.08, -0.355, 1, 1, 4, 1.27], atol=5e-3)
    inside = lite.co_occurrence(DIGITAL_PHANTOM, 7)[:, :, 1:, 1:]
    found = lite.texture(inside / inside.sum(axis=(2, 3), keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(found, [5.28, 0.678, 0.368, -0.0121], rtol=5e-3)  # "2D, averaged"


def test_correlation_is_pearson_s_over_all_pairs_either_way_round():
    levels = np.random.default_rng(0).integers(0, 5, (1, 6, 7)) + np.arange(6)[:, None]
    right = [levels[0, :, :-1].ravel(), levels[0, :, 1:].ravel()]
    pairs = np.concatenate([right, right[::-1]], axis=1)
    found = lite.texture(lite.co_occurrence(levels, 10)[:, :1])[0, 3]
    assert found == pytest.approx(np.corrcoef(pairs)[0, 1])


def test_texture_of_a_chessboard():
    board = torch.tensor(np.indices((16, 16)).sum(0) % 2, dtype=torch.float32)[None, None]
    values = {name: column[0] for name, column in named(board).items()}
    # straight neighbours always differ, by 31 levels; diagonal ones never
    assert values["contrast"] == pytest.approx(31**2 / 2)
    assert values["homogeneity"] == pytest.approx((1 / 32 + 1) / 2)
    assert values["correlation"] == pytest.approx(0, abs=1e-12)  # -1 and 1
    # half the pairs each way round; diagonally: 113 and 112 of 225 pairs, either way
    assert values["energy"] == pytest.approx((0.5 + 113**2 / 225**2 + 112**2 / 225**2) / 2)
    assert values["entropy"] == pytest.approx(1)  # bit
    assert values["gradient_fine"] == pytest.approx(2**0.5)
    assert values["laplacian_fine"] == pytest.approx(4)  # each neighbour is 1 higher, or each 1 lower
    assert values["gradient_coarse"] == pytest.approx(0, abs=1e-12)


def test_a_flat_image_has_its_level_and_nothing_else():
    values = {name: column[0] for name, column in named(torch.full((1, 1, 16, 16), 0.7)).items()}
    level = {"mean", "median", "p10", "p90"}
    ones = {"homogeneity", "energy", "correlation"}
    for name, value in values.items():
        expected = 0.7 if name in level else 1 if name in ones else 0
        assert value == pytest.approx(expected, abs=1e-6), name


def test_grey_levels_are_scipy_s_and_numpy_s():
    images = noise() ** 3
    flat = images.flatten(1).double().numpy()
    values = named(images)
    np.testing.assert_allclose(values["skewness"], stats.skew(flat, axis=1))
    np.testing.assert_allclose(values["kurtosis"], stats.kurtosis(flat, axis=1))
    np.testing.assert_allclose(values["p90"], np.quantile(flat, 0.9, axis=1))
    counts = [np.histogram(row, bins=32, range=(0, 1))[0] for row in flat]
    np.testing.assert_allclose(values["entropy"], [stats.entropy(row, base=2) for row in counts])


def test_moments_of_a_ramp_and_of_two_levels():
    ramp = torch.linspace(0, 1, 1024).reshape(1, 1, 32, 32)
    assert named(ramp)["deviation"][0] == pytest.approx(12**-0.5, rel=1e-3)  # uniform
    assert named(ramp)["kurtosis"][0] == pytest.approx(-1.2, abs=1e-3)
    rare = torch.zeros(1, 1, 16, 16)
    rare[0, 0, 0, :4] = 1  # Bernoulli of p = 1 / 64
    p = 1 / 64
    assert named(rare)["skewness"][0] == pytest.approx((1 - 2 * p) / (p * (1 - p)) ** 0.5)
    assert named(rare)["kurtosis"][0] == pytest.approx((1 - 6 * p * (1 - p)) / (p * (1 - p)))


def test_edges_of_planes_and_paraboloids():
    y, x = np.mgrid[:8, :9].astype(float)
    np.testing.assert_allclose(lite.edges((3 * x + 4 * y)[None]), [[5, 0]])  # slope 3 and 4
    assert lite.edges((x**2 + 2 * y**2)[None])[0, 1] == pytest.approx(2 + 4)  # second derivatives, exact for squares


def test_coarser_averages_blocks_and_leaves_the_rest():
    pixels = np.arange(4 * 9, dtype=float).reshape(1, 4, 9)
    # rows of 9: block means are the mean of rows 0-3 (13.5) and of columns 0-3 or 4-7
    np.testing.assert_allclose(lite.coarser(pixels), [[[13.5 + 1.5, 13.5 + 5.5]]])


def test_disc_rim_and_rings_of_a_cone():
    grid = 2 * (np.arange(256) + 0.5) / 256 - 1
    radius = np.hypot(grid[:, None], grid)
    disc_less_rim, disc, rim = lite.disc_and_rim(radius[None])[0]
    # over an annulus a..b the mean radius is 2 (b^3 - a^3) / 3 (b^2 - a^2), the mean square (a^2 + b^2) / 2
    assert disc_less_rim == pytest.approx(1 / 3 - 7 / 9, abs=1e-3)
    assert disc == pytest.approx((1 / 8 - 1 / 9) ** 0.5, abs=1e-3)
    assert rim == pytest.approx((5 / 8 - 49 / 81) ** 0.5, abs=1e-3)
    edge = np.arange(6) / 5
    rings = 2 / 3 * np.diff(edge**3) / np.diff(edge**2)
    np.testing.assert_allclose(lite.profile(radius[None])[0], rings - radius.mean(), atol=2e-3)
