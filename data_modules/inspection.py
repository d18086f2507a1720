"""What the readers saw of one image, in lines for a terminal; free of names, identifiers, dates and descriptions."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.uid import UID

from data_modules.lesion_measure import Reading
from data_modules.physics import geometry_doubts, reader_doubt, sentences, slice_doubts, usable_hu
from data_modules.readers.ct_series import CTFolder
from data_modules.readers.image_file import ImageFile
from data_modules.readers.slice_header import SliceHeader
from data_modules.readers.volume import Volume

PLANES = ("sagittal", "coronal", "axial")  # by the axis of the normal: x, y, z


def describe_image(image: CTFolder | ImageFile) -> list[str]:
    """The series and stacks of an opened image."""
    if isinstance(image, ImageFile):
        return ["one volume in one file"]
    stacks = [stack for stack in image.stacks if stack]
    series = len({stack[0].series_uid for stack in stacks})
    count = f"{series} series, {len(stacks)} stack{'s' * (len(stacks) > 1)}"
    return [count, *(f"  stack {n}: {_stack(stack)}" for n, stack in enumerate(stacks, start=1))]


def _stack(stack: Sequence[SliceHeader]) -> str:
    first = stack[0]
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(row, column)
    along = sorted(float(np.dot(header.position, normal)) for header in stack)
    syntaxes = sorted({UID(header.transfer_syntax).name for header in stack})
    known = [name for name in syntaxes if not name[0].isdigit()]  # an unregistered UID is its own name
    return (
        f"{len(stack)} slices of {first.shape[1]} x {first.shape[0]}, {_plane(normal)}, "
        f"from {along[0]:.1f} to {along[-1]:.1f} mm, thickness {first.thickness_mm:g} mm, "
        f"{', '.join(known) or 'unregistered transfer syntax'}"
    )


def describe_volume(volume: Volume, reading: Reading) -> list[str]:
    """Geometry of a volume, and the checks on it and on its middle slice.

    Raises:
        CaseError: If its values cannot be HU.
    """
    z, y, x = volume.shape
    dz, dy, dx = volume.spacing_mm
    sides = [f"{n * mm:.0f}" for n, mm in ((x, dx), (y, dy))]
    hu = usable_hu(volume.read_slice(z // 2), reading.hu_window, eight_bit=volume.eight_bit)
    doubts = [*map(reader_doubt, volume.warnings), *geometry_doubts(volume), *slice_doubts(hu)]
    return [
        f"geometry     {x} x {y} x {z} voxels of {dx:.4g} x {dy:.4g} x {dz:.4g} mm, {_plane(volume.direction[:, 2])}",
        f"  thickness  {volume.thickness_mm:g} mm",
        f"  field      {' x '.join(sides)} mm",
        f"  HU         {hu.min():.0f} to {hu.max():.0f} on the middle slice",
        *(f"  {text}" for text in sentences([(0, doubt) for doubt in doubts])),
    ]


def _plane(normal: npt.NDArray[np.float64]) -> str:
    axis = int(np.abs(normal).argmax())
    exact = abs(normal[axis]) > 0.999
    return PLANES[axis] if exact else f"oblique, nearest to {PLANES[axis]}"


def listed_values(manifest: Path, row: int) -> dict[str, float]:
    """The numbers that a manifest lists for a row, which a mask overrules; without those that are empty."""
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        values = next(values for values in reader if reader.line_num == row)
    listed = {}
    for name, text in values.items():
        if name and name.strip().endswith("_mm") and text:
            try:
                listed[name.strip()] = float(text)
            except ValueError:  # a note; the mask is what counts
                continue
    return listed
