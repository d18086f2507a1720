"""LLD-MMRI (Lou et al. 2024, arXiv:2402.17246): multi-phase liver MRI with a box around each lesion.

Layout: `labels/Annotation.json` and `images/<patient>/<studyUID>/<seriesUID>.nii.gz`. The image files say 1 x 1 x 1 mm;
the true spacing and origin stand in the annotation, so that a corrected copy is written. Categories, keys and the ends
of the boxes follow the authors' own reader (github.com/LMMMEng/LLD-MMRI2023, main/preprocess/crop_roi.py).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import SimpleITK

from data_modules.adapters.label_rules import LabelRule, class_of
from data_modules.adapters.manifest_writer import LesionEntry, Listing
from data_modules.errors import InputError
from data_modules.readers.case_error import CaseError
from data_modules.readers.image_file import read_grid

CATEGORIES = (
    *("Hepatic_hemangioma", "Intrahepatic_cholangiocarcinoma", "Hepatic_abscess", "Hepatic_metastasis", "Hepatic_cyst"),
    *("FOCAL_NODULAR_HYPERPLASIA", "Hepatocellular_carcinoma"),
)
PHASE = "C+V"  # venous, as the CT of the paper that this project follows


def read(folder: Path, files: Path, rules: Sequence[LabelRule]) -> Listing:
    """List the lesions of the venous phase by centre and diameter.

    Args:
        folder: Folder of images and labels.
        files: Folder for the corrected images.
        rules: Name of the category -> class.

    Returns:
        Lesions by patient. The centre is that of the largest box on one slice, the diameter its longer side.

    Raises:
        InputError: If Annotation.json is missing or of another form.
    """
    path = folder / "labels" / "Annotation.json"
    if not path.is_file():
        raise InputError("No labels/Annotation.json below the given folder, and beside it images/<patient>/....")
    try:
        patients = sorted(json.loads(path.read_text(encoding="utf-8"))["Annotation_info"].items())
    except (ValueError, LookupError, TypeError, AttributeError):
        raise InputError("labels/Annotation.json is not JSON with an object 'Annotation_info'.") from None
    listing = Listing()
    for patient, series in patients:
        try:
            _list_patient(listing, patient, series, folder, files, rules)
        except CaseError as error:
            listing.left_out[f"patients: {error.text}"] += 1
        except (LookupError, TypeError, ValueError, AttributeError):
            listing.left_out["patients whose annotation is not of the known form"] += 1
    return listing


def _list_patient(
    listing: Listing, patient: str, series: list[dict[str, Any]], folder: Path, files: Path, rules: Sequence[LabelRule]
) -> None:
    found = [one for one in series if one["phase"] == PHASE]
    if len(found) != 1:
        listing.left_out[f"patients without exactly one series of phase {PHASE}"] += 1
        return
    if Path(patient).name != patient:  # it becomes a file's name
        raise ValueError("a patient's key is one word")
    one = found[0]
    lesions = []
    for key, lesion in one["annotation"]["lesion"].items():
        number = int(lesion["category"])
        category = CATEGORIES[number] if 0 <= number < len(CATEGORIES) else ""
        if name := class_of(rules, category):
            lesions.append((key, name, _largest_box(lesion["bbox"])))
        else:
            listing.left_out[f"lesions of category {category}" if category else "lesions without a category"] += 1
    if not lesions:
        return
    source = folder / "images" / patient / one["studyUID"] / f"{one['seriesUID']}.nii.gz"
    target = files / f"{patient}.nrrd"
    image = _with_geometry(source, one)
    target.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, str(target), useCompression=True)
    spacing = image.GetSpacing()
    for key, name, (x_min, y_min, x_max, y_max, k) in lesions:
        # the boxes' far ends lie outside, as in a Python slice
        centre = image.TransformContinuousIndexToPhysicalPoint([(x_min + x_max - 1) / 2, (y_min + y_max - 1) / 2, k])
        diameter = max((x_max - x_min) * spacing[0], (y_max - y_min) * spacing[1])
        listing.entries.append(
            LesionEntry(patient, key, name, target, center_mm=centre, diameter_mm=diameter, phase=f"MRI {PHASE}")
        )


def _largest_box(bbox: dict[str, Any]) -> tuple[float, ...]:
    """(x_min, y_min, x_max, y_max, slice) of the slice with the largest box, in voxels."""
    ends = ("x_min", "y_min", "x_max", "y_max")
    boxes = [tuple(float(box[key]) for key in (*ends, "slice_idx")) for box in bbox["2D_box"]]
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))


def _with_geometry(path: Path, series: dict[str, Any]) -> SimpleITK.Image:
    """The image with its spacing and origin from the annotation (pixel_spacing as in DICOM: rows first)."""
    image = read_grid(path).image
    y, x, z = (float(value) for value in (*series["pixel_spacing"], series["slice_spacing"]))
    if min(x, y, z) <= 0:
        raise ValueError("spacings are above 0")
    image.SetSpacing([x, y, z])
    image.SetOrigin([float(value) for value in series["origin"]])
    image.SetDirection([1, 0, 0, 0, 1, 0, 0, 0, 1])
    return image
