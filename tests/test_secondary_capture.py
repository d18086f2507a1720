import io
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK

from data_modules.readers.case_error import CaseError
from data_modules.readers.image_file import open_image
from data_modules.secondary_capture import CaptureSeries, secondary_captures

CYSTS = CaptureSeries(
    generator="acgan-r0-f0-0123456789",
    software="liverlab 0.1.0",
    class_name="Zyste (gutartig, größer)",
    number=1,
    derivation="Synthetic image of class cyst. Not a patient. Not for clinical use.",
    window_hu=(-100.0, 240.0),
)


def images(seed=0, count=2):
    values = np.random.default_rng(seed).random((count, 16, 24), dtype=np.float32)
    values[:, 0, :2] = 0, 1
    return values


def datasets(*arguments):
    return [pydicom.dcmread(io.BytesIO(file)) for file in secondary_captures(*arguments)]


def test_pixels_are_the_window_in_12_bits_read_by_pydicom_and_simpleitk(tmp_path):
    drawn = images()
    for i, (file, image) in enumerate(zip(secondary_captures(drawn, CYSTS), drawn, strict=True)):
        (tmp_path / f"{i}.dcm").write_bytes(file)
        d = pydicom.dcmread(tmp_path / f"{i}.dcm")
        assert d.pixel_array.shape == (16, 24)
        assert d.pixel_array[0, :2].tolist() == [0, 4095]
        hu = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / f"{i}.dcm")))[0]
        assert np.abs(hu - (image * 340 - 100)).max() <= 340 / 4095 / 2 + 1e-3


def test_every_shown_field_says_that_it_is_synthetic():
    for d in datasets(images(), CYSTS):
        assert d.SOPClassUID == d.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
        assert (d.Modality, d.ConversionType, d.BurnedInAnnotation, d.QualityControlImage) == ("OT", "SYN", "NO", "YES")
        assert d.ImageType == ["DERIVED", "SECONDARY"]
        assert d.PatientName == "SYNTHETIC^LIVERLAB"
        assert d.SeriesDescription == "SYNTHETIC - NOT A PATIENT - Zyste (gutartig, größer)"
        assert "NOT FOR CLINICAL USE" in d.StudyDescription
        assert d.DerivationDescription.endswith("Not for clinical use.")


def test_same_images_same_bytes_and_other_images_other_uids():
    assert list(secondary_captures(images(), CYSTS)) == list(secondary_captures(images(), CYSTS))
    others = replace(CYSTS, class_name="metastasis", number=2, derivation="Another.")
    drawn = [*datasets(images(), CYSTS), *datasets(images(1), CYSTS), *datasets(images(), others)]
    uids = [d.SOPInstanceUID for d in drawn]
    assert len(set(uids)) == 6
    assert all(uid.is_valid and uid.startswith("2.25.") for uid in uids)
    assert len({d.SeriesInstanceUID for d in drawn}) == 2
    assert len({d.StudyInstanceUID for d in drawn}) == 1


def test_values_without_hu_claim_none():
    (d,) = datasets(images(count=1), replace(CYSTS, window_hu=None))
    assert "RescaleSlope" not in d
    assert "WindowCenter" not in d


def test_no_reader_takes_it_for_a_ct(tmp_path):
    for i, file in enumerate(secondary_captures(images(), CYSTS)):
        (tmp_path / f"{i}.dcm").write_bytes(file)
    with pytest.raises(CaseError):
        open_image(tmp_path).volume()


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dicom3tools")
@pytest.mark.parametrize("series", [CYSTS, replace(CYSTS, window_hu=None), replace(CYSTS, generator="x" * 80)])
def test_a_validator_finds_neither_errors_nor_warnings(series, tmp_path):
    paths = [tmp_path / f"{i}.dcm" for i in range(2)]
    for path, file in zip(paths, secondary_captures(images(), series), strict=True):
        path.write_bytes(file)
        printed = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=True).stderr
        assert printed.split() == ["SCImage"]
    entities = subprocess.run(["dcentvfy", *paths], capture_output=True, text=True, check=True)
    assert entities.stdout + entities.stderr == ""
