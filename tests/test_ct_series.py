import numpy as np
import pytest
from dicom_examples import body, write_ct, write_seg

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.dicom_seg import DicomSeg


@pytest.fixture
def ramp():
    """Slices that can be told apart: -100, -90, ... HU."""
    return np.stack([np.full((10, 12), -100 + 10 * k, dtype=np.int16) for k in range(6)])


def test_slices_are_sorted_by_position_whatever_their_names(ramp, tmp_path):
    write_ct(tmp_path, ramp, names=lambda k: f"{9 - k}.dcm")
    (tmp_path / "notes.txt").write_text("not DICOM")
    (tmp_path / "._0.dcm").write_text("what macOS leaves")
    volume = CTFolder(tmp_path).volume()
    assert volume.shape == (6, 10, 12)
    np.testing.assert_allclose(volume.spacing_mm, (2.5, 0.8, 0.7))
    np.testing.assert_array_equal(volume.hu(), ramp)
    np.testing.assert_allclose(volume.index_of(np.array([-20 + 3 * 0.7, -30 + 4 * 0.8, -50 + 2 * 2.5])), (2, 4, 3))


def test_an_oblique_series(ramp, tmp_path):
    # turned by 30 degrees around x: rows run along x, columns down and back
    write_ct(tmp_path, ramp, orientation=(1, 0, 0, 0, np.cos(np.pi / 6), np.sin(np.pi / 6)))
    volume = CTFolder(tmp_path).volume()
    normal = np.array([0, -0.5, np.sqrt(0.75)])
    np.testing.assert_allclose(volume.spacing_mm[0], 2.5, atol=1e-5)
    np.testing.assert_allclose(volume.index_of(np.array([-20, -30, -50]) + 7.5 * normal), (3, 0, 0), atol=1e-4)
    assert volume.read_slice(3)[0, 0] == -70


@pytest.mark.parametrize(("gone", "sentence"), [((2,), "1 slice missing"), ((2, 3), "2 slices missing")])
def test_a_missing_slice_is_refused_and_the_gap_named(ramp, tmp_path, gone, sentence):
    write_ct(tmp_path, ramp)
    for k in gone:
        (tmp_path / f"{k:03d}.dcm").unlink()
    with pytest.raises(CaseError) as caught:
        CTFolder(tmp_path).volume()
    stop = -50 + 2.5 * (gone[-1] + 1)
    assert caught.value.code == "E-GEO-03"
    gap = 2.5 * (len(gone) + 1)
    assert f"{sentence} between z=-47.5 and {stop:.1f} mm (spacing 2.5, gap {gap:g})" in str(caught.value)
    assert "--allow-gaps" in str(caught.value)


@pytest.mark.parametrize(("shift_mm", "refused"), [(0.04, False), (0.2, True)])
def test_small_deviations_pass(ramp, tmp_path, shift_mm, refused):
    def move(k, ds):
        ds.ImagePositionPatient[2] += shift_mm * (k == 3)

    write_ct(tmp_path, ramp, change=move)
    if refused:
        with pytest.raises(CaseError, match="E-GEO-03 slice spacing is irregular"):
            CTFolder(tmp_path).volume()
    else:
        assert CTFolder(tmp_path).volume().spacing_mm[0] == pytest.approx(2.5, abs=0.05)


def test_rounded_positions_do_not_add_up(tmp_path):
    def round_z(k, ds):  # two thirds of a millimetre, as a scanner writes it: steps of .6 and .7
        ds.ImagePositionPatient[2] = round(k * 2 / 3, 1)

    write_ct(tmp_path, np.zeros((61, 2, 2), np.int16), origin_mm=(0, 0, 0), change=round_z)
    volume = CTFolder(tmp_path).volume()
    assert volume.spacing_mm[0] == pytest.approx(40 / 60)
    assert volume.index_of(np.array([0, 0, 40.0]))[0] == pytest.approx(60)


def test_of_several_series_the_one_that_the_segmentation_refers_to(tmp_path):
    hu, masks = body(lesions=[(4, 20, 24, 6, -20)])
    for name, shift in (("a", 0), ("b", 1)):
        write_ct(tmp_path / name, hu + shift)
    write_seg(tmp_path / "SEG.dcm", tmp_path / "b", masks, ["lesion"])
    folder = CTFolder(tmp_path)
    assert folder.volume(DicomSeg(tmp_path / "SEG.dcm").referenced).read_slice(4)[20, 24] == -19
    with pytest.raises(CaseError, match="E-DCM-03 the folder holds 2 CT stacks"):
        folder.volume()


def test_two_acquisitions_in_one_series(ramp, tmp_path):
    def second(k, ds):
        ds.AcquisitionNumber = 2

    write_ct(tmp_path, ramp, series_uid="1.2.3")
    write_ct(tmp_path, ramp + 500, series_uid="1.2.3", names=lambda k: f"b{k}.dcm", change=second)
    folder = CTFolder(tmp_path)
    assert [len(stack) for stack in folder.stacks] == [6, 6]
    wanted = next(stack for stack in folder.stacks if stack[0].acquisition == "2")
    assert folder.volume(frozenset([wanted[3].instance_uid])).read_slice(3)[0, 0] == 430


def test_an_identifier_of_two_slices_is_refused(ramp, tmp_path):
    write_ct(tmp_path, ramp, change=lambda k, ds: setattr(ds, "SOPInstanceUID", f"1.2.3.{k // 2}"))
    with pytest.raises(CaseError, match="E-GEO-02 two slices carry the same identifier"):
        CTFolder(tmp_path).volume()


def test_copies_of_a_slice_are_refused(ramp, tmp_path):
    write_ct(tmp_path, ramp, series_uid="1.2.3")
    write_ct(tmp_path, ramp[:1], series_uid="1.2.3", names=lambda k: "copy.dcm")
    with pytest.raises(CaseError, match=r"E-GEO-02 two slices lie at the same position z=-50\.0 mm"):
        CTFolder(tmp_path).volume()
