import numpy as np
import pytest

from data_modules.phantom.plan import LesionPlan, PatientPlan
from data_modules.phantom.scan import make_scans

PLAN = PatientPlan(
    4, 5.0, (LesionPlan("P0004-L1", "cyst", "simple", 30.0), LesionPlan("P0004-L2", "metastasis", "rim", 14.0))
)


@pytest.fixture(scope="module")
def whole():
    return make_scans(PLAN, 1, roi_only=False)[0]


@pytest.fixture(scope="module")
def parts():
    return make_scans(PLAN, 1, roi_only=True)


def key(mask):
    return int(mask.sum(axis=(1, 2)).argmax())


def test_a_lesions_own_scan_shows_the_same_lesion_on_the_same_pixels(whole, parts):
    assert len(parts) == 2
    for part, mask in zip(parts, whole.masks, strict=True):
        offset = [
            round((a - b) / step)
            for a, b, step in zip(part.origin_mm, whole.origin_mm, (part.body.spacing_mm,) * 2 + (5.0,), strict=True)
        ]
        x, y, z = (slice(o, o + n) for o, n in zip(offset, part.hu.shape[::-1], strict=True))
        assert np.array_equal(part.masks[0], mask[z, y, x])
        assert mask[z, y, x].any(axis=0).sum() == mask[z].any(axis=0).sum()  # none of it is cut off in the plane
        difference = part.hu.astype(float) - whole.hu[z, y, x]
        # the same tissue under two noises (and textures): what is left is noise of sqrt(2) times the strength
        expected = np.sqrt(2) * np.hypot(whole.body.noise_sd_hu, whole.body.texture_hu / 2)
        assert difference.std() == pytest.approx(expected, rel=0.1)
        assert abs(difference.mean()) < 1.5


def test_the_whole_scan_holds_lesions_and_margins_and_a_liver(whole, parts):
    assert whole.hu.dtype == np.int16
    assert whole.hu.shape[1:] == (512, 512)
    covered = np.flatnonzero(np.any(whole.masks, axis=(0, 2, 3)))
    assert covered[0] * 5 >= 10  # 15 mm less a slice
    assert (len(whole.hu) - 1 - covered[-1]) * 5 >= 10
    assert (whole.liver[np.any(whole.masks, axis=0)]).mean() > 0.99
    assert parts[0].liver is None


def test_a_mask_has_the_long_diameter(whole):
    for truth, mask in zip(whole.lesions, whole.masks, strict=True):
        rows, columns = np.nonzero(mask[key(mask)])
        apart = np.hypot(rows[:, None] - rows, columns[:, None] - columns).max() * whole.body.spacing_mm
        assert apart == pytest.approx(truth.plan.diameter_mm, abs=1.5)


def test_a_cyst_measures_as_water_and_its_truth_agrees(whole):
    mask, truth = whole.masks[0], whole.lesions[0]
    k = key(mask)
    inside = whole.hu[k][mask[k]].mean()
    assert 0 < inside < 20
    assert truth.measured_contrast_hu == pytest.approx(truth.true_contrast_hu, abs=8)
    assert not truth.partial_volume
    assert 0.85 < truth.short_diameter_mm / 30 <= 1.05


def test_partial_volume_is_flagged_where_thick_slices_wash_a_small_lesion_out():
    small = PatientPlan(4, 5.0, (LesionPlan("P0004-L1", "cyst", "simple", 5.0),))
    truth = make_scans(small, 1, roi_only=True)[0].lesions[0]
    # a 5 mm ball in a 5 mm slice keeps at most two thirds of its contrast, before any blur in the plane
    assert truth.partial_volume
    assert abs(truth.measured_contrast_hu) < 0.67 * abs(truth.true_contrast_hu)


def test_scans_depend_on_seed_and_patient_alone(parts):
    again = make_scans(PLAN, 1, roi_only=True)
    assert all(np.array_equal(a.hu, b.hu) for a, b in zip(parts, again, strict=True))
    other = make_scans(PLAN, 2, roi_only=True)[0]
    assert other.hu.shape != parts[0].hu.shape or not np.array_equal(other.hu, parts[0].hu)
