import json

import numpy as np
import pytest
import SimpleITK
from dataset_trees import make, rows_of, write_volume

from data_modules.errors import InputError
from data_modules.ingest import ingest
from data_modules.manifest import read_manifest

PHASES = ("C+V", "In Phase")
# x_min, y_min, x_max, y_max, slice; ends outside, so that the box on slice 3 holds columns 20..29 and rows 12..17
BOXES = [(22, 14, 26, 17, 2), (20, 12, 30, 18, 3)]


def lesion(category, boxes=BOXES):
    keys = ("x_min", "y_min", "x_max", "y_max", "slice_idx")
    return {"category": category, "bbox": {"2D_box": [dict(zip(keys, box, strict=True)) for box in boxes]}}


def series(patient, phase, *lesions):
    return {
        "studyUID": f"{patient}-study",
        "seriesUID": f"{patient}-{phase}",
        "phase": phase,
        "pixel_spacing": [0.8, 0.7],
        "slice_spacing": 2.5,
        "slice_thickness": 5,
        "origin": [-10, -20, 30],
        "annotation": {
            "num_targets": len(lesions),
            "lesion": {str(k): one for k, one in enumerate(lesions)},
        },
    }


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "LLD"
    values = np.full((6, 40, 50), 300)
    values[3, 12:18, 20:30] = 900
    info = {
        "MR1": [series("MR1", phase, lesion(0), lesion(6)) for phase in PHASES],
        "MR2": [series("MR2", phase, lesion("3")) for phase in PHASES],
        "MR3": [series("MR3", phase, lesion(-1)) for phase in PHASES],
        "MR4": [series("MR4", "DWI", lesion(4))],
        "MR5": [series("MR5", "C+V", lesion(4)) | {"origin": None}],
        "MR6": [series("MR6", "C+V", lesion(4))],
        "MR7": [series("MR7", "C+V", lesion(4)) | {"pixel_spacing": [0.8, 0]}],
        "MR8": [series("MR8", "C+V") | {"annotation": {"lesion": []}}],
        "../MR9": [series("MR9", "C+V", lesion(4))],
    }
    for patient, scans in info.items():
        for one in scans:
            path = folder / "images" / patient / one["studyUID"] / f"{one['seriesUID']}.nii.gz"
            write_volume(path, values, (1, 1, 1), (0, 0, 0))
    (folder / "images" / "MR6" / "MR6-study" / "MR6-C+V.nii.gz").unlink()
    (folder / "labels").mkdir()
    (folder / "labels" / "Annotation.json").write_text(json.dumps({"Annotation_info": info}))
    return folder


def test_the_lesions_of_the_venous_phase_in_true_millimetres(tree):
    manifest, text = make("lld-mmri", tree)
    centre = [f"center_{axis}_mm" for axis in "xyz"]
    # columns 20..29 centre on 24.5: -10 + 24.5 * .7; rows 12..17 on 14.5: -20 + 14.5 * .8; slice 3: 30 + 3 * 2.5
    place = ("7.15", "-8.4", "37.5", "7.0", "MRI C+V", "LLD-MMRI")  # ten columns of .7 mm
    assert rows_of(
        manifest, "patient_id", "lesion_id", "class", "image", *centre, "diameter_mm", "phase", "source"
    ) == [
        ("MR1", "0", "hemangioma", "lld-mmri_files/MR1.nrrd", *place),
        ("MR2", "0", "metastasis", "lld-mmri_files/MR2.nrrd", *place),
    ]
    lines = text.splitlines()
    assert "      4  left out: patients whose annotation is not of the known form" in lines
    assert lines[0] == "2 lesions of 2 patients: 1 hemangioma, 1 metastasis."
    assert sorted(line.split("left out: ")[1] for line in lines[1:-1]) == [
        "lesions of category Hepatocellular_carcinoma",
        "lesions without a category",
        "patients whose annotation is not of the known form",
        "patients without exactly one series of phase C+V",
        "patients: an image file cannot be decoded: it is truncated, damaged or of another format than its name says.",
    ]
    assert "roi.intensity=minmax" in lines[-1]
    image = SimpleITK.ReadImage(str(manifest.parent / "lld-mmri_files" / "MR1.nrrd"))
    np.testing.assert_allclose([*image.GetSpacing(), *image.GetOrigin()], [0.7, 0.8, 2.5, -10, -20, 30])


def test_the_lesion_lies_in_the_middle_of_its_patch(tree):
    manifest, _ = make("lld-mmri", tree)
    assert len(read_manifest(manifest)) == 2
    cohort, report = ingest(manifest, salt_file=manifest.parent / "salt")
    assert report.skipped == ()
    # the patch is 3.4 x 7 mm wide; the box of 7 x 4.8 mm is bright, the rest is not
    pixels_per_mm = 256 / (3.4 * 7)
    half = (round(4.8 / 2 * pixels_per_mm), round(7 / 2 * pixels_per_mm))
    for patch in cohort.patches:
        assert patch[128, 128] > 850
        for axis in (0, 1):
            profile = patch[128] if axis else patch[:, 128]
            assert all(profile[128 + side * (half[axis] - 6)] > 700 for side in (-1, 1))
            assert all(profile[128 + side * (half[axis] + 6)] < 500 for side in (-1, 1))


def test_a_wrong_tree_is_a_sentence(tree):
    with pytest.raises(InputError, match=r"No labels/Annotation\.json below the given folder"):
        make("lld-mmri", tree / "labels")
    for text in ("{", "[]", '{"Annotation_info": []}'):
        (tree / "labels" / "Annotation.json").write_text(text)
        with pytest.raises(InputError, match=r"labels/Annotation\.json is not JSON with an object 'Annotation_info'"):
            make("lld-mmri", tree)
