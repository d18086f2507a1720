import numpy as np
import pytest

from data_modules.phantom.shapes import Blob, Shape, fit_diameter, random_blob


def grid(reach, step):
    axis = np.arange(-reach, reach + step, step, dtype=np.float32)
    return axis[None, None, :], axis[None, :, None], axis[:, None, None]


def test_sphere_has_exact_distances():
    sphere = Shape((Blob((1.0, 2.0, 3.0), np.full((49, 97), 5, np.float32)),))
    x, y, z = (np.array([v], np.float32) for v in (1, 2, 11))
    assert sphere.level(x, y, z)[0] == pytest.approx(3, abs=1e-4)


def test_log_radius_has_the_asked_amplitude():
    rng = np.random.default_rng(0)
    logs = np.stack([np.log(random_blob(0.1, rng).radii) for _ in range(60)])
    assert logs.std(axis=0).mean() == pytest.approx(0.1, rel=0.15)
    assert abs(logs.mean()) < 0.02


def test_radii_are_continuous_at_the_seam_and_the_poles():
    radii = random_blob(0.15, np.random.default_rng(1)).radii
    assert np.allclose(radii[:, 0], radii[:, -1], rtol=1e-5)
    assert np.allclose(radii[0], radii[0, 0], rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_fitted_shape_has_its_diameter_in_its_largest_section(seed):
    rng = np.random.default_rng(seed)
    pair = Shape((random_blob(0.1, rng), random_blob(0.1, rng, (0.9, 0.4, 0.2))))
    shape = fit_diameter(pair, 30.0)
    inside = shape.level(*grid(26, 0.5)) < 0
    areas = inside.sum(axis=(1, 2))
    middle = len(areas) // 2
    assert areas[middle] > 0.98 * areas.max()
    rows, columns = np.nonzero(inside[middle])
    points = np.stack([rows, columns], axis=1)[::3] * 0.5
    longest = max(np.linalg.norm(points - p, axis=1).max() for p in points)
    assert longest == pytest.approx(30, abs=1.2)
