from collections import Counter

import numpy as np
import pytest

from data_modules.phantom.subtypes import SUBTYPES, TWO_LOBED, draw_lobes, draw_subtypes


@pytest.mark.parametrize("name", SUBTYPES)
def test_shares_of_a_class_add_up(name):
    assert sum(row[0] for row in SUBTYPES[name].values()) == pytest.approx(1)


def test_quotas_are_kept():
    drawn = Counter(draw_subtypes("hemangioma", np.linspace(10, 100, 100).tolist(), np.random.default_rng(0)))
    assert drawn["typical"] in (74, 75, 76)  # 70, and what too few lesions under 20 mm leave of 15 flash-filling ones
    assert drawn["atypical"] == 11


def test_subtypes_respect_size():
    diameters = np.linspace(10, 100, 60).tolist()
    rng = np.random.default_rng(1)
    pairs = list(zip(diameters, draw_subtypes("hemangioma", diameters, rng), strict=True))
    pairs += zip(diameters, draw_subtypes("metastasis", diameters, rng), strict=True)
    assert max(d for d, subtype in pairs if subtype == "flash") < 20
    assert min(d for d, subtype in pairs if subtype == "rim_necrotic") >= 25
    assert min(d for d, subtype in pairs if subtype == "giant_scar") >= 50


@pytest.mark.parametrize(("name", "two"), [("cyst", 10), ("metastasis", 20), ("hemangioma", 0)])
def test_lobes_are_dealt_by_quota(name, two):
    assert TWO_LOBED[name] == two / 100
    assert Counter(draw_lobes(name, 100, np.random.default_rng(0)))[2] == two
