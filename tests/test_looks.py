import numpy as np
import pytest

from data_modules.phantom.looks import LOOKS, outline
from data_modules.phantom.physique import draw_physique
from data_modules.phantom.plan import LesionPlan
from data_modules.phantom.subtypes import SUBTYPES

BODY = next(b for b in (draw_physique(5.0, np.random.default_rng(i)) for i in range(99)) if 100 < b.liver < 110)
AXIS = np.linspace(-0.5, 0.5, 41)
KINDS = [(name, subtype) for name in SUBTYPES for subtype in SUBTYPES[name]]


def section(name, subtype, diameter_mm=40.0, seed=0):
    """HU of a ball's middle section, (depth, values)."""
    look = LOOKS[name](LesionPlan("x", name, subtype, diameter_mm), BODY, np.random.default_rng(seed))
    x, y = np.meshgrid(AXIS * diameter_mm, AXIS * diameter_mm)
    depth = diameter_mm / 2 - np.hypot(x, y)
    inside = depth > 0
    points = tuple(np.float32(a[inside]) for a in (x, y, np.zeros_like(x)))
    return depth[inside], look.hu(np.float32(depth[inside]), points), look


@pytest.mark.parametrize(("name", "subtype"), KINDS)
def test_every_subtype_is_tissue_of_one_seed(name, subtype):
    _, hu, _ = section(name, subtype)
    assert hu.dtype == np.float32
    assert -15 <= hu.min() <= hu.max() < 800
    assert np.array_equal(hu, section(name, subtype)[1])
    assert not np.array_equal(hu, section(name, subtype, seed=1)[1])


def test_a_simple_cyst_is_water_with_an_edge_by_the_scanner_alone():
    values = [section("cyst", "simple", seed=seed)[1].mean() for seed in range(200)]
    assert np.mean(values) == pytest.approx(7, abs=1)  # N(7, 4)
    assert section("cyst", "simple")[2].edge_mm == 0


def test_contrasts_to_liver_have_the_published_means():
    def mean(name, subtype):
        return np.mean([section(name, subtype, 30, seed)[1].mean() - BODY.liver for seed in range(150)])

    assert mean("metastasis", "solid") == pytest.approx(-47, abs=5)
    assert mean("metastasis", "hypervascular") == pytest.approx(15, abs=4)
    assert mean("hemangioma", "atypical") == pytest.approx(-50, abs=4)
    assert mean("hemangioma", "flash") == pytest.approx(40, abs=5)


def test_rims_are_brighter_than_cores_and_necrosis_darker():
    for seed in range(20):
        depth, hu, look = section("metastasis", "rim_necrotic", 60, seed)
        assert 1 <= look.edge_mm <= 4
        bands = [hu[(depth > a) & (depth < b)].mean() for a, b in ((0, 1), (6, 9), (24, 30))]
        assert bands[1] >= bands[2]
    rims = [section("metastasis", "rim", 60, seed) for seed in range(40)]
    assert np.mean([hu[d < 1].mean() - hu[d > 8].mean() for d, hu, _ in rims]) > 15


def test_nodules_are_of_blood_and_pools_are_dark():
    for seed in range(10):
        _, hu, _ = section("hemangioma", "typical", 50, seed)
        assert BODY.liver - 86 <= hu.min() <= BODY.liver - 19
        assert 40 + 0.6 * (BODY.portal_vein - 40) < hu.max() <= BODY.portal_vein


def test_two_lobes_are_two_blobs():
    rng = np.random.default_rng(0)
    assert [len(outline(LesionPlan("x", "metastasis", "solid", 20, lobes), rng).blobs) for lobes in (1, 2)] == [1, 2]
