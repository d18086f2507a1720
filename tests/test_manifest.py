from pathlib import Path

import pytest
from dicom_examples import row, write_manifest

from data_modules.errors import InputError
from data_modules.manifest import class_names, read_manifest

CENTRE = {"center_x_mm": "-30.5", "center_y_mm": "12", "center_z_mm": "-140", "diameter_mm": "22"}


@pytest.fixture
def write(tmp_path):
    (tmp_path / "erika" / "CT").mkdir(parents=True)
    (tmp_path / "erika" / "SEG.dcm").touch()
    return lambda *rows: write_manifest(tmp_path / "manifest.csv", rows)


def test_rows_keep_their_order_and_extra_columns_are_ignored(write, tmp_path):
    extra = {"phase": "pvp", "source": "site_A", "subtype": "typical"}
    path = write(row("007", **extra), row("two", **extra, **{"class": "metastasis"}))
    first, second = read_manifest(path)
    assert (first.row, first.lesion_id, first.class_name, first.mask_label) == (2, "007", "cyst", "007")
    assert (first.image, first.mask) == (tmp_path / "erika/CT", tmp_path / "erika/SEG.dcm")
    assert (second.phase, second.source) == ("pvp", "site_A")
    assert class_names([first, second]) == ("cyst", "metastasis")
    assert class_names([first, second], ["metastasis", "cyst"]) == ("metastasis", "cyst")


def test_a_centre_serves_where_there_is_no_mask_and_a_mask_wins(write):
    path = write(row("a", **CENTRE, mask=""), row("b", **CENTRE, **{"class": "x"}))
    centre, mask = read_manifest(path)
    assert (centre.mask, centre.center_mm, centre.diameter_mm) == (None, (-30.5, 12.0, -140.0), 22.0)
    assert (mask.center_mm, mask.diameter_mm) == (None, None)
    assert mask.mask is not None
    assert centre.source == "unknown"


def test_the_spacing_of_a_picture(write):
    rows = read_manifest(write(row("a", spacing_mm="0.8"), row("b", spacing_mm="", image="erika", **{"class": "x"})))
    assert [one.spacing_mm for one in rows] == [0.8, None]


def test_a_missing_empty_or_unreadable_file(tmp_path):
    path = tmp_path / "manifest.csv"
    with pytest.raises(InputError, match=r"No manifest manifest\.csv: there is no such file"):
        read_manifest(path)
    path.write_text("")
    with pytest.raises(InputError, match=r"manifest\.csv is empty: a header"):
        read_manifest(path)
    path.write_text("patient_id,lesion_id,class,image,mask\n")
    with pytest.raises(InputError, match="lists no lesions"):
        read_manifest(path)
    path.write_bytes(b"patient_id,lesion_id,class,image,mask\n\xff\xfe\x00")
    with pytest.raises(InputError, match="not a readable CSV file: save it as comma-separated text in UTF-8"):
        read_manifest(path)
    path.write_text("patient_id;lesion_id;class;image;mask\n1;2;3;4;5\n")
    with pytest.raises(InputError, match="by semicolons or tabs: save it with commas"):
        read_manifest(path)
    path.write_text("patient_id,lesion_id,class,image,mask\nMustermann,2,3\n")
    with pytest.raises(InputError, match="row 2: 5 values are needed"):
        read_manifest(path)


@pytest.mark.parametrize("column", ["patient_id", "lesion_id", "class", "image", "mask"])
def test_a_lacking_column_is_named(write, column):
    path = write({name: value for name, value in row("one").items() if name != column})
    with pytest.raises(InputError, match=f"lacks the column {column}"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patient_id": " "}, "row 2: patient_id is empty"),
        ({"image": "erika/MRT"}, "row 2: the path in column image does not exist. Paths are relative"),
        ({"mask": "erika/none.nii"}, "row 2: the path in column mask does not exist"),
        (CENTRE | {"mask": "", "center_y_mm": "left"}, "row 2: without a mask, center_y_mm must be a number"),
        (CENTRE | {"mask": "", "center_y_mm": "nan"}, "row 2: without a mask, center_y_mm must be a number"),
        (CENTRE | {"mask": "", "diameter_mm": "0"}, "row 2: diameter_mm must be above 0"),
        ({"spacing_mm": "one"}, "row 2: spacing_mm must be a number of millimetres"),
        ({"spacing_mm": "-1"}, "row 2: spacing_mm must be above 0"),
        ({"source": "Dr. Erika Mustermann"}, "row 2: source must be one short word"),
    ],
)
def test_a_wrong_value_is_named_by_row_and_column_alone(write, changes, message):
    path = write(row("one", **changes))
    with pytest.raises(InputError, match=message) as caught:
        read_manifest(path)
    assert "erika" not in str(caught.value).lower()


def test_a_duplicate_lesion(write, tmp_path):
    path = write(row("one"), row("two"), row("one"))
    with pytest.raises(InputError, match="row 4: the lesion of row 2 is listed again"):
        read_manifest(path)
    (tmp_path / "zoe").mkdir()
    other = row("one", patient_id="other", image="zoe", **{"class": "b"})
    assert len(read_manifest(write(row("one"), other))) == 2


def test_an_image_belongs_to_one_patient_however_its_path_is_written(write, tmp_path):
    (tmp_path / "linked").symlink_to("erika")
    for image in ("erika/CT", "erika/../erika/CT", "linked/CT"):
        path = write(row("one"), row("two"), row("one", patient_id="other", image=image, **{"class": "b"}))
        with pytest.raises(InputError, match="row 4: the image of row 2 is listed for another patient") as caught:
            read_manifest(path)
        assert "erika" not in str(caught.value)


@pytest.mark.parametrize("second", ["0.7", ""])
def test_a_picture_has_one_spacing(write, second):
    path = write(row("one", spacing_mm="0.8"), row("two", spacing_mm=second, **{"class": "b"}))
    with pytest.raises(InputError, match="row 3: the image of row 2 is listed with another spacing_mm"):
        read_manifest(path)
    same = write(row("one", spacing_mm="0.8"), row("two", spacing_mm="0.80", **{"class": "b"}))
    assert len(read_manifest(same)) == 2


@pytest.mark.parametrize(
    ("first_line", "has"),
    [
        ("MRN-4711,Mustermann,cyst,erika/CT,erika/SEG.dcm", "none that is known"),
        ("Mustermann,image,mask", "image, mask"),
    ],
)
def test_what_stands_where_the_header_should_is_not_repeated(tmp_path, first_line, has):
    path = tmp_path / "manifest.csv"
    path.write_text(f"{first_line}\n1,2,3\n")
    with pytest.raises(InputError, match=f"lacks the column patient_id in its first line; it has {has}\\.") as caught:
        read_manifest(path)
    assert "Mustermann" not in str(caught.value)


def test_paths_that_cannot_be_reached_do_not_exist(write, tmp_path, monkeypatch):
    path = write(row("one", image="x" * 300))
    with pytest.raises(InputError, match="row 2: the path in column image does not exist") as caught:
        read_manifest(path)
    assert "xxx" not in str(caught.value)
    with pytest.raises(InputError, match="there is no such file"):
        read_manifest(tmp_path / ("x" * 300))
    path = write(row("one", mask="locked/SEG.dcm"))
    real = Path.stat

    def stat(self, **options):
        if "locked" in self.parts:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, **options)

    monkeypatch.setattr(Path, "stat", stat)  # root may enter every folder
    with pytest.raises(InputError, match="row 2: the path in column mask does not exist"):
        read_manifest(path)


def test_an_unknown_class_comes_with_a_suggestion(write):
    path = write(row("one"), row("two", **{"class": "hemangoma"}))
    with pytest.raises(InputError, match=r"row 3: unknown class 'hemangoma'; .* Did you mean 'hemangioma'\?"):
        read_manifest(path, ["cyst", "metastasis", "hemangioma"])


@pytest.mark.parametrize("count", [1, 21])
def test_too_few_and_too_many_classes(write, count):
    path = write(*(row(f"{k}", **{"class": f"class{k}"}) for k in range(count)))
    with pytest.raises(InputError, match=f"2 to 20 classes are needed, found {count}"):
        read_manifest(path)
