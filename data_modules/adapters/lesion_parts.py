"""A mask of all lesions of a class -> a mask with one label per connected part, one part for one lesion.

Lesions that touch stay one. Parts below 5 mm are left out (our choice): mostly specks of the segmentation, and too
small to be told apart in CT.
"""

import math
from dataclasses import replace
from pathlib import Path

import SimpleITK

from data_modules.adapters.manifest_writer import LesionEntry, Listing

MIN_DIAMETER_MM = 5.0  # of the sphere of equal volume


def list_parts(listing: Listing, mask: SimpleITK.Image, path: Path, entry: LesionEntry) -> None:
    """Write the labelled parts of a mask, the largest first, and list one lesion for each.

    Args:
        listing: Receives the lesions, and the number of parts left out.
        mask: 0 and 1.
        path: NRRD file to write; not written without a part that is large enough.
        entry: The lesions' common values; their number is appended to its lesion_id.
    """
    smallest_mm3 = math.pi / 6 * MIN_DIAMETER_MM**3
    relabel = SimpleITK.RelabelComponentImageFilter()
    relabel.SetMinimumObjectSize(math.ceil(smallest_mm3 / math.prod(mask.GetSpacing())))
    parts = relabel.Execute(SimpleITK.ConnectedComponent(mask, True))  # True: corners connect
    number, found = relabel.GetNumberOfObjects(), relabel.GetOriginalNumberOfObjects()
    listing.left_out["empty masks"] += not found
    listing.left_out[f"parts under {MIN_DIAMETER_MM:g} mm"] += found - number
    if number:
        path.parent.mkdir(parents=True, exist_ok=True)
        SimpleITK.WriteImage(SimpleITK.Cast(parts, SimpleITK.sitkUInt16), str(path), useCompression=True)
    for k in map(str, range(1, number + 1)):
        listing.entries.append(replace(entry, lesion_id=entry.lesion_id + k, mask=path, mask_label=k))
