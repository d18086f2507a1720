"""What one patient's files show: the physics of the scan, the tissues, and each lesion on its key slice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from data_modules.cohort import Lesion
from data_modules.phantom_check.edge import edge_f50
from data_modules.phantom_check.nps import noise_power
from data_modules.phantom_check.parenchyma import parenchyma
from data_modules.phantom_check.phantom_files import Hu, Mask, PhantomFolder, PhantomSeries, Row
from data_modules.readers.volume import Volume
from data_modules.wide_patch import bounding_centre, key_slice, long_diameter_mm, wide_patch

LOWEST_HU, HIGHEST_HU = -1024, 3071
RIM_MM = 1.5  # of a lesion, where smoothing mixes in the tissue around
INTERIOR_MM = 3.0  # from the edge, beyond which neither PSF nor an oblique wall reaches


@dataclass(frozen=True, eq=False)
class LiverMeasures:
    """One whole abdomen; HU, and frequencies in 1/mm.

    Attributes:
        noise_sd_hu: Standard deviation of parenchyma.
        planned_sd_hu: The same as planned, noise and texture together.
        noise_power: Spectrum at `nps.FREQUENCIES_PER_MM`, in HU^2 mm^2.
        f50_per_mm: Half-modulation frequency of the body's edge.
        liver_hu: Median of parenchyma.
        fat_hu: Median of subcutaneous fat.
        histogram: Voxels of the liver mask by HU from -1024 to 3071.
        right_of_middle_mm: How far the liver's centroid lies to the patient's right of the body's middle.
    """

    noise_sd_hu: float
    planned_sd_hu: float
    noise_power: npt.NDArray[np.float64]
    f50_per_mm: float
    liver_hu: float
    fat_hu: float
    histogram: npt.NDArray[np.int64]
    right_of_middle_mm: float


@dataclass(frozen=True, eq=False)
class LesionMeasures:
    """One lesion on its key slice; HU.

    Attributes:
        lesion: As an ingested cohort would hold it.
        subtype: From the manifest.
        patch: The wide patch, int16 of shape (256, 256).
        mean_hu: Over the mask.
        contrast_hu: That minus the liver's median (or that of the tissue around, in a slab).
        interior_hu: Over the part at least 3 mm from the edge; NaN if there is none.
        dark_hu: Lower quartile of the lightly smoothed lesion without its rim of 1.5 mm, minus liver.
        bright_hu: 95th percentile of it, minus liver.
    """

    lesion: Lesion
    subtype: str
    patch: npt.NDArray[np.int16]
    mean_hu: float
    contrast_hu: float
    interior_hu: float
    dark_hu: float
    bright_hu: float


@dataclass(frozen=True, eq=False)
class PatientMeasures:
    """All that was measured on one patient; `liver` is None where only slabs around lesions were written."""

    patient_id: str
    liver: LiverMeasures | None
    lesions: tuple[LesionMeasures, ...]


def measure_patient(phantom: PhantomFolder, patient_id: str) -> PatientMeasures:
    """Read and measure one patient."""
    liver, lesions = None, []
    for series in phantom.series(patient_id):
        if series.liver is not None:
            plan = phantom.plan(patient_id)
            liver = measure_liver(series, float(np.hypot(plan["noise_sd_hu"], plan["texture_hu"])))
        lesions += measure_lesions(series, None if liver is None else liver.liver_hu)
    return PatientMeasures(patient_id, liver, tuple(lesions))


def measure_liver(series: PhantomSeries, planned_sd_hu: float) -> LiverMeasures:
    """Measure a whole abdomen: noise and edge on up to twelve slices, tissues on all."""
    assert series.liver is not None
    spacing, slices = series.volume.spacing_mm[1], len(series.hu)
    some = np.linspace(0, slices - 1, min(slices, 12)).round().astype(int)
    box = (some, *_box(series.liver, margin=round(10 / spacing)))
    hu = series.hu[box]
    mask, residual = parenchyma(hu, series.liver[box], np.any(series.masks, axis=0)[box], spacing)
    inside = series.hu[series.liver].astype(np.int64)
    return LiverMeasures(
        noise_sd_hu=float(residual[mask].std()) if mask.any() else float("nan"),
        planned_sd_hu=planned_sd_hu,
        noise_power=noise_power(residual, mask, spacing),
        f50_per_mm=edge_f50(series.hu[some], spacing),
        liver_hu=float(np.median(hu[mask])) if mask.any() else float("nan"),
        fat_hu=subcutaneous_fat(series.hu[some[::3]], spacing),
        histogram=np.bincount(inside - LOWEST_HU, minlength=HIGHEST_HU - LOWEST_HU + 1),
        right_of_middle_mm=right_of_middle(series.volume, series.hu, series.liver),
    )


def _box(mask: Mask, margin: int) -> tuple[slice, slice]:
    """Rows and columns that hold a mask, and some around it."""
    rows, columns = (np.flatnonzero(mask.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    first, second = (slice(max(0, int(at[0]) - margin), int(at[-1]) + 1 + margin) for at in (rows, columns))
    return first, second


def subcutaneous_fat(hu: Hu, spacing_mm: float) -> float:
    """Median HU of fat between 4 and 25 mm below the skin, away from anything else; NaN if there is none."""
    smooth = ndimage.gaussian_filter(hu, (0, 2 / spacing_mm, 2 / spacing_mm))
    air = ~np.stack([ndimage.binary_fill_holes(one > -500) for one in smooth])
    depth = ndimage.distance_transform_edt(~air, sampling=(1e6, spacing_mm, spacing_mm))
    fat = (np.abs(smooth + 100) < 40) & (depth > 4) & (depth < 25)
    fat = ndimage.binary_erosion(fat, np.ones((1, 3, 3)), iterations=max(1, round(2 / spacing_mm)))
    return float(np.median(hu[fat])) if fat.any() else float("nan")


def right_of_middle(volume: Volume, hu: Hu, liver: Mask) -> float:
    """Distance in mm by which the liver's centroid lies to the patient's right of the body's middle, in LPS."""
    labels, _ = ndimage.label(hu[len(hu) // 2] > -300)
    body = np.argwhere(labels == np.bincount(labels.ravel())[1:].argmax() + 1)
    middle = np.array([len(hu) // 2, *(body.min(axis=0) + body.max(axis=0)) / 2])
    index = np.stack([middle, np.argwhere(liver).mean(axis=0)])
    world = volume.origin_mm + (index[:, ::-1] * volume.spacing_mm[::-1]) @ volume.direction.T
    return float(world[0, 0] - world[1, 0])


def measure_lesions(series: PhantomSeries, liver_hu: float | None) -> list[LesionMeasures]:
    """Measure each lesion of a series on its key slice.

    Args:
        series: The CT and its lesions.
        liver_hu: The patient's parenchyma; None to take the tissue around each lesion.
    """
    return [_measure_lesion(series, row, mask, liver_hu) for row, mask in zip(series.rows, series.masks, strict=True)]


def _measure_lesion(series: PhantomSeries, row: Row, mask: Mask, liver_hu: float | None) -> LesionMeasures:
    k, spacing_mm = key_slice(mask), series.volume.spacing_mm[1:]
    hu, own = series.hu[k], mask[k]
    depth = ndimage.distance_transform_edt(own, sampling=spacing_mm)
    if liver_hu is None:
        liver_hu = _around_hu(hu, np.any([other[k] for other in series.masks], axis=0), spacing_mm)
    smooth = ndimage.gaussian_filter(hu, 1 / spacing_mm[0])[depth >= min(RIM_MM, depth.max())]
    diameter, thickness = long_diameter_mm(own, spacing_mm), series.volume.thickness_mm
    return LesionMeasures(
        lesion=Lesion(row["lesion_id"], row["patient_id"], row["class"], diameter, spacing_mm[0], thickness, "phantom"),
        subtype=row["subtype"],
        patch=wide_patch(hu, spacing_mm=spacing_mm, centre=bounding_centre(own), diameter_mm=diameter),
        mean_hu=float(hu[own].mean()),
        contrast_hu=float(hu[own].mean()) - liver_hu,
        interior_hu=float(hu[depth >= INTERIOR_MM].mean()) if depth.max() >= INTERIOR_MM else float("nan"),
        dark_hu=float(np.percentile(smooth, 25)) - liver_hu,
        bright_hu=float(np.percentile(smooth, 95)) - liver_hu,
    )


def _around_hu(hu: Hu, lesions: Mask, spacing_mm: tuple[float, float]) -> float:
    """Median of soft tissue 3 to 10 mm from all lesions."""
    distance = ndimage.distance_transform_edt(~lesions, sampling=spacing_mm)
    ring = hu[(distance > 3) & (distance < 10) & (np.abs(hu - 100) < 100)]
    return float(np.median(ring)) if len(ring) else float("nan")
