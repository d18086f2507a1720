import numpy as np
import pytest
from dicom_examples import body, write_ct, write_rtstruct
from matplotlib.path import Path as Polygon

from data_modules.readers.case_error import CaseError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.rtstruct import RTStruct, fill_even_odd
from data_modules.readers.segmentation import open_mask

ORIGIN, SPACING = np.array([-20.0, -30.0, -50.0]), np.array([0.7, 0.8, 2.5])  # x, y, z


def circle(radius, centre=(32.0, 30.0), corners=720):
    """Corners (row, column)."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.array(centre) + radius * np.stack([np.sin(angle), np.cos(angle)], axis=1)


def world(polygon, k):
    """World points of corners (row, column) on slice k of an axial series."""
    index = np.column_stack([polygon[:, ::-1], np.full(len(polygon), k)])
    return ORIGIN + index * SPACING


@pytest.fixture
def case(tmp_path):
    """A CT and a function that writes and opens an RTSTRUCT of it."""
    write_ct(tmp_path / "CT", body((6, 64, 60))[0])

    def write(rois, **changes):
        write_rtstruct(tmp_path / "RT.dcm", tmp_path / "CT", rois, **changes)
        return RTStruct(tmp_path / "RT.dcm")

    return CTFolder(tmp_path / "CT").volume(), write


@pytest.mark.parametrize("radius", [3.3, 10, 25.7])
def test_the_area_of_a_circle(radius):
    area = np.count_nonzero(fill_even_odd([circle(radius)], (64, 60)))
    # the count of lattice points in a circle (Gauss) deviates from its area by much less than its outline
    assert area == pytest.approx(np.pi * radius**2, abs=2 * radius)


def test_any_polygon_agrees_with_matplotlib():
    rng = np.random.default_rng(0)
    centres = np.argwhere(np.ones((40, 50)))
    for _ in range(50):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
        star = np.array([20, 25]) + rng.uniform(3, 19, (12, 1)) * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        theirs = Polygon(star).contains_points(centres).reshape(40, 50)
        np.testing.assert_array_equal(fill_even_odd([star], (40, 50)), theirs)


def test_a_contour_inside_another_is_a_hole(case):
    volume, write = case
    rings = [circle(20), circle(8), circle(3)]
    mask = write({"lesion": [(2, world(ring, 2)) for ring in rings]}).mask(volume, None)
    row, column = np.indices((64, 60))
    distance = np.hypot(row - 32, column - 30)
    expected = ((distance < 20) & (distance > 8)) | (distance < 3)
    far = np.abs(distance[..., None] - [20, 8, 3]).min(axis=-1) > 0.01
    np.testing.assert_array_equal(mask[2][far], expected[far])
    assert not mask[[0, 1, 3, 4, 5]].any()


def test_a_hole_through_a_keyhole():
    outer, inner = circle(15.2), circle(6.1)[::-1]
    keyhole = np.vstack([outer, outer[:1], inner, inner[:1]])
    np.testing.assert_array_equal(fill_even_odd([keyhole], (64, 60)), fill_even_odd([outer, inner], (64, 60)))


def test_contours_without_a_slice_are_placed_by_position(case):
    volume, write = case
    seg = write({"a": [(None, world(circle(5.3), 1))], "b": [(None, world(circle(7.3), 4))]})
    for name, number, k, radius in (("a", "1", 1, 5.3), ("b", "2", 4, 7.3)):
        np.testing.assert_array_equal(seg.mask(volume, name), seg.mask(volume, number))
        assert np.flatnonzero(seg.mask(volume, name).any(axis=(1, 2))).tolist() == [k]
        np.testing.assert_array_equal(seg.mask(volume, name)[k], fill_even_odd([circle(radius)], (64, 60)))


def test_an_oblique_series(tmp_path):
    turn = np.array([[0.6, 0.8, 0], [0, 0, -1], [-0.8, 0.6, 0]])  # rows: world directions of x, y and z of the index
    write_ct(tmp_path / "CT", body((6, 64, 60))[0], orientation=turn[:2].ravel())
    index = np.column_stack([circle(12)[:, ::-1], np.full(720, 3)])
    write_rtstruct(tmp_path / "RT.dcm", tmp_path / "CT", {"a": [(None, ORIGIN + (index * SPACING) @ turn)]})
    mask = open_mask(tmp_path / "RT.dcm").mask(CTFolder(tmp_path / "CT").volume(), "a")
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    assert len(slices) == 1
    assert np.count_nonzero(mask) == pytest.approx(np.pi * 12**2, abs=20)


def test_contours_that_do_not_fit_are_counted_and_refused(case):
    volume, write = case
    good, between, outside, aside = (world(circle(5), k) for k in (1, 1.5, 9, 2))
    aside[:, 0] += 40
    for bad in (between, outside, aside):
        with pytest.raises(CaseError, match=r"E-SEG-06 1 of 2 contours .* lie between .* \(z=-?\d+\.\d mm\)"):
            write({"a": [(None, good), (None, bad)]}).mask(volume, None)

    def absent(ds):
        image = ds.ROIContourSequence[0].ContourSequence[1].ContourImageSequence[0]
        image.ReferencedSOPInstanceUID = "1.2.3"

    with pytest.raises(CaseError, match=r"E-SEG-06 1 of 2 contours .* refer to slices that the image does not hold"):
        write({"a": [(1, good), (2, world(circle(5), 2))]}, change=absent).mask(volume, None)

    def open_line(ds):
        ds.ROIContourSequence[0].ContourSequence[0].ContourGeometricType = "OPEN_PLANAR"

    with pytest.raises(CaseError, match="E-SEG-06 1 of 1 contours of the region of interest are points or open lines"):
        write({"a": [(1, good)]}, change=open_line).mask(volume, None)


def test_names_are_asked_for_and_never_printed(case):
    volume, write = case
    rois = {"Erika M. lesion": [(1, world(circle(5), 1))], "other": [(2, world(circle(5), 2))], "nothing": []}
    seg = write(rois)
    with pytest.raises(CaseError, match=r"E-SEG-04 the mask holds several labels: 1, 2\. Refused"):
        seg.mask(volume, None)
    with pytest.raises(CaseError, match="E-SEG-04 mask_label is not in the mask, which holds 1, 2") as caught:
        seg.mask(volume, "Erika")
    assert "Erika" not in str(caught.value)
    assert seg.mask(volume, "Erika M. lesion").any()


def test_an_rtstruct_of_something_else_or_damaged(case, tmp_path):
    volume, write = case

    def other(ds):
        ds.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3"

    with pytest.raises(CaseError, match="E-SEG-02 the segmentation refers to another series"):
        write({"a": [(None, world(circle(5), 1))]}, change=other).mask(volume, None)
    assert write({"a": [(1, world(circle(5), 1))]}, change=other).mask(volume, None).any()  # names a slice of the CT
    with pytest.raises(CaseError, match="E-SEG-01 the RTSTRUCT lacks regions of interest"):
        write({"a": [(1, world(circle(5), 1))]}, change=lambda ds: ds.pop("StructureSetROISequence"))
    with pytest.raises(CaseError, match="E-SEG-03 the mask is empty"):
        write({"a": []}).mask(volume, None)
    with pytest.raises(CaseError, match="E-SEG-01 the RTSTRUCT lacks regions of interest"):
        RTStruct(tmp_path / "none.dcm")


def test_an_rtstruct_of_another_series_of_the_same_examination(case):
    volume, write = case

    def other(ds):
        study = ds.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
        study.RTReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"

    contour = world(circle(5), 1)
    assert write({"a": [(None, contour)]}).warnings(volume) == ()
    (warning,) = write({"a": [(None, contour)]}, change=other).warnings(volume)
    assert warning.startswith("W-SEG-02 the segmentation was drawn on another series")
    assert write({"a": [(1, contour)]}, change=other).warnings(volume) == ()  # names a slice of the CT


def test_a_contour_that_is_stored_twice_counts_once(case):
    volume, write = case
    ring, hole = world(circle(9.3), 2), world(circle(3.3), 2)
    once = write({"a": [(2, ring), (2, hole)]}).mask(volume, None)
    assert np.count_nonzero(once) == pytest.approx(np.pi * (9.3**2 - 3.3**2), abs=20)
    for copy in (ring, ring[::-1], np.roll(ring, 100, axis=0)):
        twice = write({"a": [(2, ring), (2, hole), (None, copy)]}).mask(volume, None)
        np.testing.assert_array_equal(twice, once)


def test_contours_that_overlap_in_part(case):
    volume, write = case
    left, right = circle(8.3, (32, 24)), circle(8.3, (32, 34))
    overlapping = {"a": [(2, world(ring, 2)) for ring in (left, right)]}
    with pytest.raises(CaseError, match="E-SEG-07 two contours of one slice overlap in part"):
        write(overlapping).mask(volume, None)

    def xor(ds):
        for item in ds.ROIContourSequence[0].ContourSequence:
            item.ContourGeometricType = "CLOSEDPLANAR_XOR"

    expected = fill_even_odd([left], (64, 60)) ^ fill_even_odd([right], (64, 60))
    np.testing.assert_array_equal(write(overlapping, change=xor).mask(volume, None)[2], expected)
    neighbours = [circle(8, (32, 24)), circle(8, (32, 39.7))]  # share a sliver
    assert write({"a": [(2, world(ring, 2)) for ring in neighbours]}).mask(volume, None).any()
