import numpy as np
import pytest

from data_modules.physics import (
    Doubt,
    fat_peak_hu,
    geometry_doubts,
    left_of_midline_mm,
    lesion_doubts,
    sentences,
    slice_doubts,
    usable_hu,
)
from data_modules.readers.case_error import CaseError
from data_modules.readers.volume import Volume

RNG = np.random.default_rng(0)


def body(fat_hu=-100.0, columns=(60, 196)):
    """A round-about body: air, a rim of fat, soft tissue of 60 HU; noise of 15 HU."""
    hu = np.full((256, 256), -1000.0)
    hu[40:216, columns[0] : columns[1]] = fat_hu
    hu[70:186, columns[0] + 30 : columns[1] - 30] = 60
    return (hu + RNG.normal(0, 15, hu.shape)).astype(np.float32)


def volume(shape=(20, 512, 512), spacing_mm=(2.5, 0.75, 0.75), origin_mm=(-190.0, -190.0, 5.0)):
    return Volume(shape, spacing_mm, np.array(origin_mm), np.eye(3), 2.5, lambda k: np.zeros(shape[1:], np.float32))


def codes(doubts):
    return [doubt.code for doubt in doubts]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (RNG.uniform(0, 1, (64, 64)), "E-HU-03"),
        (RNG.normal(0, 1, (64, 64)), "E-HU-03"),
        (RNG.integers(0, 256, (64, 64)), "E-HU-02"),
        (RNG.integers(0, 2, (64, 64)), "E-HU-11"),
        (RNG.integers(0, 2, (64, 64)) * 255, "E-HU-11"),
        (np.zeros((64, 64)), "E-HU-11"),
        (np.full((64, 64), -1024), "E-HU-11"),
        (np.full((64, 64), 3000), "E-HU-11"),
        (np.where(np.eye(64) > 0, np.inf, 50), "E-HU-05"),
        (np.where(np.eye(64) > 0, np.nan, 50), "E-HU-05"),
    ],
    ids=["0 to 1", "deviations", "8 bit", "mask", "mask of 255", "empty", "air", "3000", "infinite", "no number"],
)
def test_values_that_are_not_hu_are_refused(values, code):
    with pytest.raises(CaseError) as error:
        usable_hu(values.astype(np.float32))
    assert error.value.code == code


def test_ct_values_pass_unchanged():
    for hu in (body(), body()[60:124, 100:164]):
        assert usable_hu(hu, (-160, 240)) is hu


def test_a_crop_of_nothing_but_soft_tissue_is_ct_unless_pixels_gather_at_the_ends_of_8_bit():
    hu = np.clip(body()[100:140, 100:140], 1, 254)
    assert usable_hu(hu) is hu
    hu[0, :2] = 0  # as noise reaches now and then
    assert usable_hu(hu) is hu
    hu[0, :3] = 0
    with pytest.raises(CaseError, match="0 255 if the values are HU after all"):
        usable_hu(hu)
    np.testing.assert_allclose(usable_hu(hu, (0, 255)), hu, rtol=1e-6)


def test_a_file_of_8_bit_is_no_ct_even_without_the_ends_of_its_range():
    stored = np.clip(body()[100:140, 100:140], 1, 254)
    with pytest.raises(CaseError, match="E-HU-02"):
        usable_hu(stored, eight_bit=True)
    np.testing.assert_allclose(usable_hu(stored, (-160, 240), eight_bit=True), stored / 255 * 400 - 160, rtol=1e-4)


def test_a_known_export_window_gives_the_hu_back():
    hu = RNG.uniform(-160, 240, (64, 64))
    stored = np.rint((hu + 160) / 400 * 255).astype(np.float32)
    np.testing.assert_allclose(usable_hu(stored, (-160, 240)), hu, atol=400 / 255 / 2 + 1e-3)
    np.testing.assert_array_equal(usable_hu(stored, (0, 255)), stored)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"spacing_mm": (2.5, 0.3, 0.3)}, ["W-GEO-11"]),
        ({"spacing_mm": (2.5, 1.2, 1.2)}, ["W-GEO-11"]),
        ({"spacing_mm": (10.0, 0.75, 0.75)}, ["W-GEO-12"]),
        ({"spacing_mm": (0.0, 0.75, 0.75)}, []),
        ({"shape": (20, 300, 300), "spacing_mm": (1.0, 1.0, 1.0), "origin_mm": (0.0, 0.0, 0.0)}, ["W-GEO-13"]),
        ({"shape": (20, 300, 300), "spacing_mm": (1.0, 1.0, 1.0)}, []),
        ({"spacing_mm": (1.0, 1.0, 1.0), "origin_mm": (0.0, 0.0, 0.0)}, ["W-GEO-11", "W-GEO-13"]),
    ],
)
def test_geometry(changes, expected):
    assert codes(geometry_doubts(volume(**changes))) == expected


@pytest.mark.parametrize(("fat_hu", "expected"), [(-100, []), (-75, []), (-50, ["W-HU-03"]), (-160, ["W-HU-03"])])
def test_the_peak_of_fat(fat_hu, expected):
    hu = body(fat_hu)
    assert fat_peak_hu(hu) == pytest.approx(fat_hu, abs=5)
    assert codes(slice_doubts(hu)) == expected


def test_no_peak_where_there_is_no_fat():
    assert fat_peak_hu(body()[100:150, 100:150]) is None
    assert codes(slice_doubts(body()[100:150, 100:150])) == ["W-HU-02"]


def test_pixels_between_fat_and_liver_are_no_peak_of_fat():
    hu = np.concatenate([RNG.normal(100, 15, 4000), RNG.normal(-40, 6, 400)]).reshape(44, 100)
    assert fat_peak_hu(hu) is None


def test_the_lesion_and_its_surround():
    liver, cyst, metal = (np.full(50, x, np.float32) for x in (100, 5, 900))
    assert lesion_doubts(cyst, liver, at_end=False) == []
    assert codes(lesion_doubts(metal, liver, at_end=False)) == ["W-HU-04"]
    assert codes(lesion_doubts(cyst, cyst, at_end=True)) == ["W-HU-01", "W-SEG-01"]
    assert lesion_doubts(cyst, liver[:0], at_end=False) == []


def test_offset_from_the_midline():
    # the body's columns are 60 to 195: its middle is 127.5
    assert left_of_midline_mm(body(), 147.5, 0.5) == pytest.approx(10, abs=0.2)
    assert left_of_midline_mm(body(columns=(0, 196)), 147.5, 0.5) is None
    assert left_of_midline_mm(np.full((9, 9), -1000, np.float32), 4, 1) is None


def test_sentences_gather_rows_and_values():
    def of(row, code, value=None):
        return row, Doubt(code, "is {} mm." if value else "text.", value)

    found = [of(row, "W-A", 100.0 + row) for row in (2, 3, 4, 7, 8)] + [
        of(9, "W-B"),
        *(of(r, "W-C") for r in range(2, 12)),
    ]
    assert sentences(found, 10) == [
        "W-A rows 2 to 4, 7, 8: is 102 to 108 mm.",
        "W-B row 9: text.",
        "W-C all 10 rows: text.",
    ]
    assert sentences([of(0, "W-A", 5.0)]) == ["W-A is 5 mm."]
