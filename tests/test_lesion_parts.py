from pathlib import Path

import numpy as np
import SimpleITK

from data_modules.adapters.lesion_parts import list_parts
from data_modules.adapters.manifest_writer import LesionEntry, Listing

ENTRY = LesionEntry("p", "cyst-", "cyst", Path("ct"))


def image(voxels):
    made = SimpleITK.GetImageFromArray(voxels.astype(np.uint8))
    made.SetSpacing((1, 1, 1))
    made.SetOrigin((5, 6, 7))
    return made


def test_each_large_part_is_a_lesion_the_largest_first_and_corners_connect(tmp_path):
    voxels = np.zeros((12, 30, 30))
    voxels[1:5, 1:5, 1:5] = 1  # 64 voxels, below the 65.4 mm3 of a sphere of 5 mm
    voxels[1:5, 10:14, 10:14] = 1  # 64 and 8 that touch at a corner
    voxels[5:7, 14:16, 14:16] = 1
    voxels[1:6, 20:25, 20:25] = 1  # 125
    listing = Listing()
    list_parts(listing, image(voxels), tmp_path / "masks" / "p.nrrd", ENTRY)
    assert [(x.patient_id, x.lesion_id, x.class_name, x.mask_label) for x in listing.entries] == [
        ("p", "cyst-1", "cyst", "1"),
        ("p", "cyst-2", "cyst", "2"),
    ]
    assert +listing.left_out == {"parts under 5 mm": 1}
    written = SimpleITK.ReadImage(str(tmp_path / "masks" / "p.nrrd"))
    assert np.bincount(SimpleITK.GetArrayFromImage(written).ravel())[1:].tolist() == [125, 72]
    assert written.GetOrigin() == (5, 6, 7)


def test_nothing_large_enough_writes_nothing(tmp_path):
    voxels = np.zeros((5, 9, 9))
    listing = Listing()
    list_parts(listing, image(voxels), tmp_path / "p.nrrd", ENTRY)
    assert +listing.left_out == {"empty masks": 1}
    voxels[2, 2, 2] = 1
    listing = Listing()
    list_parts(listing, image(voxels), tmp_path / "p.nrrd", ENTRY)
    assert (listing.entries, +listing.left_out) == ([], {"parts under 5 mm": 1})
    assert list(tmp_path.iterdir()) == []
