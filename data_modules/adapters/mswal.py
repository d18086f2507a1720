"""MSWAL (Wu et al. 2025, arXiv:2503.13560), or any CT data in the layout of nnU-Net.

Layout: `imagesTr/<case>_0000.nii.gz` and `labelsTr/<case>.nii.gz`, the same with Ts.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK

from data_modules.adapters.label_rules import LabelRule, class_of
from data_modules.adapters.lesion_parts import list_parts
from data_modules.adapters.manifest_writer import LesionEntry, Listing
from data_modules.errors import InputError
from data_modules.readers.case_error import CaseError
from data_modules.readers.image_file import read_grid


def read(folder: Path, files: Path, rules: Sequence[LabelRule]) -> Listing:
    """List one lesion per connected part of the labels that a rule fits.

    Args:
        folder: Folder of imagesTr and labelsTr.
        files: Folder for the labelled masks.
        rules: Label number -> class.

    Returns:
        Lesions by case and label.

    Raises:
        InputError: If there is no label file.
    """
    paths = sorted(folder.glob("labelsT[rs]/*.nii.gz"))
    if not paths:
        text = "No labelsTr/<case>.nii.gz below the given folder, "
        raise InputError(text + "and beside it imagesTr/<case>_0000.nii.gz: the layout of nnU-Net is needed.")
    listing = Listing()
    for path in paths:
        case = path.name.removesuffix(".nii.gz")
        image = folder / path.parent.name.replace("labels", "images") / f"{case}_0000.nii.gz"
        if not image.is_file():
            listing.left_out["label files without an image"] += 1
            continue
        try:
            labels = read_grid(path).image
        except CaseError as error:
            listing.left_out[f"cases: {error.text}"] += 1
            continue
        numbers = [f"{value:g}" for value in np.unique(SimpleITK.GetArrayViewFromImage(labels)) if value]
        lesions = [(number, name) for number in numbers if (name := class_of(rules, number))]
        listing.left_out["cases without such a lesion"] += not lesions
        for number, name in lesions:
            entry = LesionEntry(case, f"{number}-", name, image)
            list_parts(listing, labels == float(number), files / f"{case}-{number}.nrrd", entry)
    return listing
