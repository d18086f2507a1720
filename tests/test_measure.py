import numpy as np
import pytest
import written_phantoms

from data_modules.phantom_check.measure import LOWEST_HU, measure_patient, right_of_middle, subcutaneous_fat
from data_modules.phantom_check.phantom_files import open_phantom
from data_modules.readers.volume import Volume


@pytest.fixture(scope="module")
def measures(tmp_path_factory):
    return measure_patient(open_phantom(written_phantoms.write_cohort(tmp_path_factory.mktemp("whole"))), "P0001")


def test_liver_and_fat_are_those_drawn(measures):
    liver = measures.liver
    assert liver.noise_sd_hu == pytest.approx(written_phantoms.NOISE_HU, rel=0.02)
    assert liver.planned_sd_hu == written_phantoms.NOISE_HU
    assert liver.liver_hu == pytest.approx(100, abs=1)
    assert liver.fat_hu == pytest.approx(-100, abs=1)
    assert liver.f50_per_mm == pytest.approx(np.sqrt(np.log(2) / 2) / (np.pi * written_phantoms.PSF_MM), rel=0.05)
    assert liver.right_of_middle_mm == pytest.approx(4 * written_phantoms.LIVER_MM / (3 * np.pi), rel=0.02)


def test_histogram_holds_all_voxels_of_the_liver(measures):
    hu, liver, _ = written_phantoms.slices(1)
    count = measures.liver.histogram
    assert count.sum() == liver.sum()
    assert (LOWEST_HU + np.arange(len(count))) @ count / count.sum() == pytest.approx(hu[liver].mean())


def test_lesions_have_their_contrast(measures):
    cyst, hemangioma = measures.lesions
    assert (cyst.interior_hu, hemangioma.interior_hu) == pytest.approx((9, 60), abs=2)
    assert (cyst.contrast_hu, hemangioma.contrast_hu) == pytest.approx((-91, -40), abs=2)
    assert -96 < cyst.dark_hu < -91 < cyst.bright_hu < -80
    assert cyst.lesion.diameter_mm == pytest.approx(20, abs=1)
    assert (cyst.lesion.spacing_mm, cyst.lesion.thickness_mm) == (0.9, 5.0)


def test_a_slab_gives_contrast_to_the_tissue_around(tmp_path):
    phantom = open_phantom(written_phantoms.write_cohort(tmp_path, patients=1, roi_only=True))
    measures = measure_patient(phantom, "P0001")
    assert measures.liver is None
    assert [x.contrast_hu for x in measures.lesions] == pytest.approx([-91, -40], abs=3)


def test_right_is_the_patients_whichever_way_the_columns_run():
    hu = np.full((1, 20, 40), -1000, np.float32)
    hu[:, 5:15, 4:36] = 0
    mask = np.zeros(hu.shape, bool)
    mask[:, 10, 10] = True  # 9.5 columns before the middle
    for x in (1.0, -1.0):
        volume = Volume(hu.shape, (5.0, 2.0, 2.0), np.zeros(3), np.diag([x, 1.0, 1.0]), 5.0, lambda k: hu[k])
        assert right_of_middle(volume, hu, mask) == pytest.approx(x * 19)


def test_no_fat_is_nan():
    assert np.isnan(subcutaneous_fat(np.full((1, 40, 40), 50, np.float32), 1.0))
