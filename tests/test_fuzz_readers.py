"""Broken DICOM by the hundred: the readers refuse it in a sentence, or read what it says; nothing else ever happens.

What a file says after its change is read here once more, by pydicom and plain loops over frames and contours.
"""

import warnings
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from dicom_examples import NAME, PATIENT, body, write_ct, write_rtstruct, write_seg
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon

from data_modules.errors import InputError
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.segmentation import open_mask
from data_modules.readers.volume import AIR_HU

SLICES = [f"CT/{k:03d}.dcm" for k in range(4)]
FILES = [*SLICES, "SEG.dcm", "RT.dcm"]
# reproducible, so that a failure stays until it is mended; not shrunk, which takes minutes
each_hundred = settings(
    max_examples=100,
    phases=[Phase.generate],
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Case:
    """A folder, the bytes of its files and what they read as; a class for its short name in failures."""

    def __init__(self, folder, content):
        self.folder, self.content, self.read = folder, content, {}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A CT, a SEG and an RTSTRUCT."""
    folder = tmp_path_factory.mktemp("fuzz")
    hu, masks = body((4, 14, 16), [(1, 7, 8, 2, 40)])
    hu += np.arange(4, dtype=np.int16)[:, None, None]
    hu[:, 6] += np.arange(16, dtype=np.int16)
    hu[:, 0, 0] = -1500  # stored as a negative number
    write_ct(folder / "CT", hu)
    write_seg(folder / "SEG.dcm", folder / "CT", masks, ["lesion"])
    square = np.array([[-17.1, -26.1], [-12.1, -26.1], [-12.1, -22.1], [-17.1, -22.1]])
    contours = [(k, np.column_stack([square, np.full(4, -50 + 2.5 * k)])) for k in (1, 2)]
    write_rtstruct(folder / "RT.dcm", folder / "CT", {"lesion": contours})
    content = {name: (folder / name).read_bytes() for name in FILES}
    case = Case(folder, content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case.read = read(folder)
    np.testing.assert_array_equal(case.read["CT"].hu, np.maximum(hu, AIR_HU))
    np.testing.assert_array_equal(case.read["SEG"], masks[0])
    return case


def read(folder):
    """What the readers make of the folder: an array or a volume, or the sentence of a refusal, for each object."""
    try:
        volume = CTFolder(folder / "CT").volume()
        found = {"CT": SimpleNamespace(volume=volume, hu=volume.hu())}
    except InputError as error:
        return {"CT": str(error)}
    for name in ("SEG", "RT"):
        try:
            source = open_mask(folder / f"{name}.dcm")
            found[name] = source.mask(volume, "lesion")
            found[f"warnings of {name}"] = " ".join((*volume.warnings, *source.warnings(volume)))
        except InputError as error:
            found[name] = str(error)
    return found


def check(case, changed):
    """Write the changed files, read all, and restore."""
    try:
        note(f"changed: {', '.join(changed)}")
        for name, content in changed.items():
            (case.folder / name).write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, found in read(case.folder).items():
                if isinstance(found, str):
                    assert not any(word in found for word in (NAME, PATIENT, "Muster", str(case.folder), "1.2.826"))
                elif name == "CT":
                    if not found.volume.warnings:
                        assert same_ct(found, case.read["CT"]) or same_ct(found, what_ct_says(case.folder))
                elif not np.array_equal(found, case.read[name]):
                    oracle = what_seg_says if name == "SEG" else what_rt_says
                    volume = CTFolder(case.folder / "CT").volume()
                    np.testing.assert_array_equal(found, oracle(case.folder, volume))
    finally:
        for name in changed:
            if name in case.content:
                (case.folder / name).write_bytes(case.content[name])
            else:
                (case.folder / name).unlink()


def same_ct(one, other):
    a, b = one.volume, other.volume
    return (
        one.hu.shape == other.hu.shape
        and bool((one.hu == other.hu).all())
        and np.allclose(a.spacing_mm, b.spacing_mm, atol=0.05)
        and np.allclose(a.origin_mm, b.origin_mm, atol=0.35)  # half a pixel sideways is rounding
        and np.allclose(a.direction, b.direction, atol=2e-3)
    )


def what_ct_says(folder):
    slices = [pydicom.dcmread(path) for path in (folder / "CT").iterdir()]
    row, column = np.reshape(np.array(slices[0].ImageOrientationPatient, dtype=float), (2, 3))
    normal = np.cross(row, column)
    slices.sort(key=lambda ds: float(np.dot(np.array(ds.ImagePositionPatient, dtype=float), normal)))
    hu = [ds.pixel_array.astype(float) * float(ds.RescaleSlope) + float(ds.RescaleIntercept) for ds in slices]
    for one, ds in zip(hu, slices, strict=True):
        if "PixelPaddingValue" in ds:
            one[ds.pixel_array == ds.PixelPaddingValue] = AIR_HU
    first, last = (np.array(ds.ImagePositionPatient, dtype=float) for ds in (slices[0], slices[-1]))
    between = float((last - first) @ normal) / (len(slices) - 1)
    volume = SimpleNamespace(
        spacing_mm=(between, *map(float, slices[0].PixelSpacing)),
        origin_mm=first,
        direction=np.column_stack([row, column, normal]),
    )
    return SimpleNamespace(volume=volume, hu=np.maximum(np.array(hu, dtype=np.float32), AIR_HU))


def what_seg_says(folder, volume):
    ds = pydicom.dcmread(folder / "SEG.dcm")
    shared, mask = ds.SharedFunctionalGroupsSequence[0], np.zeros(volume.shape, dtype=bool)
    for item, pixels in zip(ds.PerFrameFunctionalGroupsSequence, np.atleast_3d(ds.pixel_array), strict=True):
        row, column = np.reshape(
            np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float), (2, 3)
        )
        down, right = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
        origin = np.array(item.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        source = item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        for y, x in np.argwhere(pixels):
            k, j, i = np.rint(volume.index_of(origin + y * down * column + x * right * row)).astype(int)
            k = volume.instance_uids.index(source) if source in volume.instance_uids else k
            mask[k, j, i] = True
    return mask


def what_rt_says(folder, volume):
    ds, mask = pydicom.dcmread(folder / "RT.dcm"), np.zeros(volume.shape, dtype=bool)
    rows, columns = np.indices(volume.shape[1:])
    for contour in ds.ROIContourSequence[0].ContourSequence:
        index = volume.index_of(np.reshape(np.array(contour.ContourData, dtype=float), (-1, 3)))
        inside = Polygon(index[:, :0:-1]).contains_points(np.column_stack([columns.ravel(), rows.ravel()]))
        mask[round(index[:, 0].mean())] ^= inside.reshape(rows.shape)
    return mask


def elements(content):
    """All elements of a file, also those within sequences, as (dataset, tag)."""
    ds = pydicom.dcmread(pydicom.filebase.DicomBytesIO(content))
    found = []

    def walk(dataset):
        for element in dataset:
            found.append((dataset, element.tag))
            if element.VR == "SQ":
                for item in element.value:
                    walk(item)

    walk(ds)
    return ds, found


def saved(ds):
    file = pydicom.filebase.DicomBytesIO()
    ds.save_as(file)
    return file.getvalue()


@each_hundred
@given(st.data())
def test_dropped_and_emptied_elements(case, data):
    name = data.draw(st.sampled_from(FILES))
    ds, found = elements(case.content[name])
    dataset, tag = found[data.draw(st.integers(0, len(found) - 1))]
    note(f"{name} {dataset[tag].keyword}")
    if data.draw(st.booleans()):
        del dataset[tag]
    else:
        dataset[tag].value = [] if dataset[tag].VR == "SQ" else None
    check(case, {name: saved(ds)})


@each_hundred
@given(st.data())
def test_truncated_files_and_pixels(case, data):
    name = data.draw(st.sampled_from(FILES))
    content = case.content[name]
    check(case, {name: content[: data.draw(st.integers(0, len(content) - 1))]})


@each_hundred
@given(st.data())
def test_random_bytes(case, data):
    name = data.draw(st.sampled_from(FILES))
    content = bytearray(case.content[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    check(case, {name: bytes(content)})


@each_hundred
@given(st.data())
def test_wrong_value_representations(case, data):
    name = data.draw(st.sampled_from(FILES))
    content = bytearray(case.content[name])
    ds = pydicom.dcmread(pydicom.filebase.DicomBytesIO(case.content[name]))
    item = ds.get_item(data.draw(st.sampled_from(list(ds.keys()))))
    long = item.VR in ("OB", "OW", "SQ", "UN", "UT")  # their length takes four bytes more
    vr = data.draw(st.sampled_from([b"US", b"DS", b"IS", b"UI", b"LO", b"OW", b"SQ", b"UN", b"FD", b"ZZ"]))
    place = item.value_tell - (8 if long else 4)
    assert content[place : place + 2] == item.VR.encode()
    content[place : place + 2] = vr
    check(case, {name: bytes(content)})


@each_hundred
@given(st.data())
def test_slices_copied_exchanged_and_renumbered(case, data):
    names = data.draw(st.permutations(SLICES))
    changed = {new: case.content[old] for new, old in zip(SLICES, names, strict=True)}
    copied = data.draw(st.sampled_from([None, *SLICES]))
    if copied:
        ds = pydicom.dcmread(pydicom.filebase.DicomBytesIO(case.content[copied]))
        for keyword in data.draw(st.sets(st.sampled_from(["SOPInstanceUID", "SeriesInstanceUID"]))):
            setattr(ds, keyword, pydicom.uid.generate_uid(entropy_srcs=["copy", keyword]))
        for keyword in data.draw(st.sets(st.sampled_from(["AcquisitionNumber", "InstanceNumber"]))):
            setattr(ds, keyword, data.draw(st.integers(0, 9)))
        if data.draw(st.booleans()):
            ds.ImagePositionPatient[2] += data.draw(st.sampled_from([0.01, 1.25, 2.5, 10]))
        changed["CT/copy.dcm"] = saved(ds)
    check(case, changed)
