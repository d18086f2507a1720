"""Small trees in the layout of public data sets, and what a manifest of one must pass."""

import csv

import numpy as np
import SimpleITK

from data_modules.adapters.dataset_formats import make_manifest
from data_modules.ingest import ingest
from data_modules.manifest import read_manifest

SPACING_MM = (2.5, 0.8, 0.7)  # z, y, x
ORIGIN_MM = (-20.0, -30.0, -50.0)  # x, y, z


def write_volume(path, values, spacing_mm=SPACING_MM, origin_mm=ORIGIN_MM):
    """Write an array (Z, Y, X) as an image file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(np.asarray(values, dtype=np.int16))
    image.SetSpacing(spacing_mm[::-1])
    image.SetOrigin(origin_mm)
    SimpleITK.WriteImage(image, str(path))


def rows_of(manifest, *columns):
    """Values of the named columns, row by row."""
    with manifest.open(newline="") as file:
        return [tuple(row[name] for name in columns) for row in csv.DictReader(file)]


def make(name, folder, labels=()):
    """The manifest of a tree, in a folder beside it, and the printed summary."""
    out = folder.parent / "lists" / f"{name}.csv"
    return out, make_manifest(name, folder, out, labels)


def ingested(manifest):
    """The cohort of a manifest from which nothing is refused."""
    assert len(read_manifest(manifest)) == len(rows_of(manifest, "image"))
    cohort, report = ingest(manifest, salt_file=manifest.parent / "salt")
    assert report.skipped == ()
    return cohort
