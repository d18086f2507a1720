import numpy as np
from dicom_examples import body, write_ct, write_manifest

from data_modules.inspection import describe_image, describe_volume, listed_values
from data_modules.lesion_measure import Reading
from data_modules.readers.image_file import open_image


def test_planes_are_named_by_their_normal(tmp_path):
    hu, _ = body((3, 32, 32))
    tilt = np.radians(20)
    planes = {
        "axial": (1, 0, 0, 0, 1, 0),
        "coronal": (1, 0, 0, 0, 0, -1),
        "sagittal": (0, 1, 0, 0, 0, -1),
        "oblique, nearest to axial": (1, 0, 0, 0, np.cos(tilt), np.sin(tilt)),
    }
    for name, orientation in planes.items():
        write_ct(tmp_path / name, hu, orientation=tuple(float(x) for x in orientation))
        image = open_image(tmp_path / name)
        assert f"3 slices of 32 x 32, {name}, from " in describe_image(image)[1]
        assert describe_volume(image.volume(), Reading())[0].endswith(f" mm, {name}")


def test_listed_values_are_those_of_the_row(tmp_path):
    rows = [{"lesion_id": "a\nb", "diameter_mm": "12.5"}, {"lesion_id": "c", "diameter_mm": "about 9"}]
    manifest = write_manifest(tmp_path / "m.csv", rows)
    assert listed_values(manifest, 3) == {"diameter_mm": 12.5}  # the first lesion's text runs over two lines
    assert listed_values(manifest, 4) == {}
