import numpy as np
import pytest
from dicom_examples import write_ct

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder


def field(x, y, z):
    """HU that grow evenly in the patient, so that linear interpolation is exact; whole numbers at tenths of a mm."""
    return 40 * x + 20 * y + 10 * z


@pytest.fixture
def write(tmp_path):
    """Writes a stack of `field`, pixels of .5 x .25 mm, whose slice k lies at (x, y, z) = at[k]."""

    def write(at, shape=(20, 30)):
        rows, columns = np.indices(shape)
        hu = [field(x + 0.25 * columns, y + 0.5 * rows, z) for x, y, z in at]
        place = lambda k, ds: setattr(ds, "ImagePositionPatient", list(at[k]))  # noqa: E731
        write_ct(tmp_path, np.rint(hu).astype(np.int16), spacing_mm=(2.0, 0.5, 0.25), change=place)
        return tmp_path

    return write


def world(volume, k):
    """World coordinates x, y, z of all pixels of slice k, shape (3, Y, X)."""
    rows, columns = np.indices(volume.shape[1:])
    index = np.stack([columns, rows, np.full_like(rows, k)], axis=-1) * volume.spacing_mm[::-1]
    return np.moveaxis(volume.origin_mm + index @ volume.direction.T, -1, 0)


def test_missing_slices_are_interpolated_where_this_is_allowed(write):
    volume = CTFolder(write([(1, 2, z) for z in (0, 2, 8, 10, 12)]), allow_gaps=True).volume()
    assert volume.shape[0] == 7
    assert volume.spacing_mm[0] == pytest.approx(2)
    for k in range(7):
        np.testing.assert_allclose(volume.read_slice(k), field(*world(volume, k)), atol=1e-3)
    assert [bool(uid) for uid in volume.instance_uids] == [True, True, False, False, True, True, True]
    (warning,) = volume.warnings
    assert warning.startswith("W-GEO-03 2 of 7 slices are missing (largest gap 6 mm, spacing 2)")


def test_an_uneven_spacing_is_made_even(write):
    volume = CTFolder(write([(1, 2, z) for z in (0, 2, 4, 7, 9, 12)]), allow_gaps=True).volume()
    assert volume.shape[0] == 7
    for k in range(7):
        np.testing.assert_allclose(volume.read_slice(k), field(*world(volume, k)), atol=1e-3)


def test_a_whole_series_stays_as_it_is(write):
    volume = CTFolder(write([(1, 2, z) for z in (0, 2, 4)]), allow_gaps=True).volume()
    assert (volume.shape, volume.warnings) == ((3, 20, 30), ())


def test_too_few_slices_are_refused_in_any_case(write):
    with pytest.raises(CaseError, match="E-GEO-03 3 slices are too few for a stack of 51"):
        CTFolder(write([(1, 2, z) for z in (0, 2, 100)]), allow_gaps=True).volume()


@pytest.mark.parametrize("gap", [False, True])
def test_a_tilted_gantry_is_straightened(write, gap):
    at = [(1, 2 - 0.6 * k, 2 * k) for k in range(6) if not (gap and k == 3)]
    volume = CTFolder(write(at), allow_gaps=gap).volume()
    assert volume.shape == (6, 20 + 6, 30)  # 3 mm to the front are 6 rows
    inside = 0
    for k in range(6):
        x, y, z = world(volume, k)
        span = 0.6 * (gap and k == 3)  # an interpolated slice is whole where both of its neighbours are
        seen = (y >= 2 - 0.6 * k + span) & (y <= 2 - 0.6 * k + 9.5 - span)
        np.testing.assert_allclose(volume.read_slice(k)[seen], field(x, y, z)[seen], atol=1e-3)
        inside += seen[:, 0].sum()
        if not gap:
            assert (volume.read_slice(k)[(y < 2 - 0.6 * k - 0.5) | (y > 12 - 0.6 * k)] == -1024).all()
    assert inside >= 6 * 19 - 2 * gap  # of the twenty rows of each slice, one may fall between
    # arctan(.6 / 2)
    assert volume.warnings[0].startswith("W-GEO-04 the slices shift sideways along the stack (gantry tilt, 16.7 deg")


def test_a_shift_within_half_a_pixel_is_rounding(write):
    volume = CTFolder(write([(1 + 0.02 * k, 2, 2 * k) for k in range(6)])).volume()
    assert (volume.shape, volume.warnings) == ((6, 20, 30), ())


@pytest.mark.parametrize("shift", [lambda k: 5 * (k == 3), lambda k: 3 * k])
def test_a_shift_that_is_no_tilt_is_refused(write, shift):
    with pytest.raises(CaseError, match="E-GEO-04 the slices shift sideways along the stack, and not as under"):
        CTFolder(write([(1 + shift(k), 2, 2 * k) for k in range(6)])).volume()
