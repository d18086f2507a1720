import pytest
from dicom_examples import body, write_ct, write_seg

from data_modules.readers.case_error import CaseError
from data_modules.readers.slice_header import read_headers


@pytest.fixture
def write(tmp_path):
    hu, masks = body((2, 16, 16), [(0, 8, 8, 2, 0)])
    folder = tmp_path / "CT"

    def write(change=lambda k, ds: None):
        write_ct(folder, hu)
        write_seg(tmp_path / "SEG.dcm", folder, masks, ["lesion"])
        write_ct(folder, hu, change=change)
        (tmp_path / "SEG.dcm").rename(folder / "SEG.dcm")
        return folder

    return write


def test_other_objects_and_localizers_are_left_out(write, tmp_path):
    def scout(k, ds):
        ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER" if k == 0 else "AXIAL"]

    assert [h.path.name for h in read_headers(write())] == ["000.dcm", "001.dcm"]
    (tmp_path / "CT" / "SEG.dcm").unlink()
    assert [h.path.name for h in read_headers(write(scout))] == ["001.dcm"]


def test_a_folder_without_slices_says_what_is_there(write):
    folder = write()
    (folder / "000.dcm").unlink()
    (folder / "001.dcm").unlink()
    with pytest.raises(CaseError, match=r"E-DCM-02 no CT slices .* found: 1 x Segmentation Storage"):
        read_headers(folder)
    (folder / "SEG.dcm").write_bytes(b"\0not DICOM")
    with pytest.raises(CaseError, match="E-DCM-01 a file is not readable as DICOM"):
        read_headers(folder)
    (folder / "SEG.dcm").unlink()
    with pytest.raises(CaseError, match="found: nothing that is DICOM"):
        read_headers(folder)


@pytest.mark.parametrize("keyword", ["PixelSpacing", "ImagePositionPatient", "RescaleSlope", "PixelRepresentation"])
def test_a_slice_without_geometry_or_rescale(write, keyword):
    with pytest.raises(CaseError, match="E-GEO-01 a slice lacks a valid position"):
        read_headers(write(lambda k, ds: setattr(ds, keyword, None)))


def test_text_in_the_pixels_and_colours_are_refused(write, tmp_path):
    with pytest.raises(CaseError, match="E-PRV-01 a slice says that writing is burned into"):
        read_headers(write(lambda k, ds: setattr(ds, "BurnedInAnnotation", "YES")))
    (tmp_path / "CT" / "SEG.dcm").unlink()
    with pytest.raises(CaseError, match="E-HU-04 a slice is not stored in grey values"):
        read_headers(write(lambda k, ds: setattr(ds, "PhotometricInterpretation", "RGB")))


@pytest.mark.parametrize(
    ("name", "content", "refused"),
    [
        ("IM3", b"", True),  # a copy that was cut short
        ("IM3", bytes(3000), True),
        ("README", b"How to open this disc", False),
        ("viewer.exe", bytes(3000), False),
        ("DICOMDIR", bytes(3000), False),
    ],
)
def test_a_file_that_may_be_a_damaged_slice(tmp_path, name, content, refused):
    write_ct(tmp_path, body((2, 16, 16))[0], names=lambda k: f"IM{k}")
    (tmp_path / name).write_bytes(content)
    if refused:
        with pytest.raises(CaseError, match="E-DCM-01 a file is not readable as DICOM"):
            read_headers(tmp_path)
    else:
        assert len(read_headers(tmp_path)) == 2


def test_a_slice_of_an_unknown_kind(tmp_path):
    def private(k, ds):
        if k == 2:
            ds.SOPClassUID = "1.2.840.99999.1"
            ds.SeriesInstanceUID = series[0]

    series = ["1.2.3"]
    write_ct(tmp_path, body((3, 16, 16))[0], series_uid="1.2.3", change=private)
    with pytest.raises(CaseError, match="E-DCM-01 a file of the CT series is of an unknown kind"):
        read_headers(tmp_path)
    series[0] = "1.2.4"  # other series may well be private
    write_ct(tmp_path, body((3, 16, 16))[0], series_uid="1.2.3", change=private)
    assert len(read_headers(tmp_path)) == 2


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    write_ct(tmp_path, body((2, 16, 16))[0])
    locked, opened = tmp_path / "000.dcm", type(tmp_path).open

    def refuse(path, *args, **kwargs):
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **kwargs)

    locked.write_bytes(b"")  # whoever runs the tests may read all
    monkeypatch.setattr(type(tmp_path), "open", refuse)
    with pytest.raises(CaseError, match="E-DCM-01 a file beside the slices cannot be opened") as caught:
        read_headers(tmp_path)
    assert str(tmp_path) not in str(caught.value)
