"""From one patient to CT series: the scanner sees what is painted, and the truth stands beside it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_modules.phantom import imaging
from data_modules.phantom.canvas import Array
from data_modules.phantom.painter import SUB_SLICES, Painter
from data_modules.phantom.patient import SERIES, LesionModel, PatientModel, draw_patient, stream
from data_modules.phantom.physique import MATRIX, Physique
from data_modules.phantom.plan import PatientPlan
from data_modules.phantom.truth import LesionTruth, Mask, lesion_truth

MARGIN_MM = 15.0  # of a whole scan, above and below the lesions
ROI_SLICES = 2  # of a lesion's own scan, above and below its key slice
ROI_DIAMETERS, ROI_PIXELS = 1.72, 8  # half-width of a lesion's own scan: the wide patch and room for its filters
CHUNK = 2_000_000  # pixels of sub-slices painted at once: many small slices, or one large


@dataclass(frozen=True, eq=False)
class Scan:
    """One series and its truth.

    Attributes:
        hu: int16 of shape (Z, Y, X), ascending in z.
        lesions: The lesions that the series is there for.
        masks: One bool array (Z, Y, X) for each of them: pixels that it covers by half or more.
        liver: The same for the liver with all that lies in it; None in a series of one lesion only.
        origin_mm: LPS position of the first slice's first pixel.
        body: The patient and the scan geometry.
    """

    hu: npt.NDArray[np.int16]
    lesions: tuple[LesionTruth, ...]
    masks: tuple[Mask, ...]
    liver: Mask | None
    origin_mm: tuple[float, float, float]
    body: Physique


@dataclass(frozen=True, eq=False)
class _Grid:
    """Pixels and slices to scan: coordinates in mm within the body; `series` numbers the scans of a patient."""

    series: int
    x: Array
    y: Array
    z: npt.NDArray[np.float64]
    lesions: tuple[LesionModel, ...]


def make_scans(patient: PatientPlan, seed: int, *, roi_only: bool) -> list[Scan]:
    """Draw and scan one patient; a pure function of its arguments.

    Returns:
        One scan of the whole abdomen; or with `roi_only` a small scan around each lesion: the same lesion in the
        same body on the same pixels, with noise of its own.
    """
    model = draw_patient(patient, seed)
    rng = stream(model.seed, SERIES)
    table = rng.uniform((-8, -190, -900), (8, -130, -500))  # where the patient lies
    return [_scan(model, grid, table) for grid in _grids(model, float(rng.uniform()), roi_only)]


def _grids(model: PatientModel, shift: float, roi_only: bool) -> list[_Grid]:
    """The whole body, or the surroundings of each lesion on the same pixels and slices."""
    thickness, axis = model.body.thickness_mm, _axis(model.body)
    low = min(m.centre[2] - m.radius_mm for m in model.lesions) - MARGIN_MM
    high = max(m.centre[2] + m.radius_mm for m in model.lesions) + MARGIN_MM
    z = low + (np.arange(np.ceil((high - low) / thickness) + 1) - shift) * thickness
    if not roi_only:
        return [_Grid(0, axis, axis, z, model.lesions)]
    grids = []
    for i, lesion in enumerate(model.lesions):
        key = int(np.abs(z - lesion.centre[2]).argmin())
        reach = ROI_DIAMETERS * lesion.plan.diameter_mm + ROI_PIXELS * model.body.spacing_mm
        x, y = (_even(axis[np.abs(axis - c) <= reach]) for c in lesion.centre[:2])
        grids.append(_Grid(i + 1, x, y, z[max(key - ROI_SLICES, 0) : key + ROI_SLICES + 1], (lesion,)))
    return grids


def _axis(body: Physique) -> Array:
    return ((np.arange(MATRIX) - (MATRIX - 1) / 2) * body.spacing_mm).astype(np.float32)


def _even(axis: Array) -> Array:
    return axis[: len(axis) // 2 * 2]


def _scan(model: PatientModel, grid: _Grid, table: npt.NDArray[np.float64]) -> Scan:
    """Paint and image one series."""
    body, rng = model.body, stream(model.seed, SERIES, grid.series)
    shape = (len(grid.z), len(grid.y), len(grid.x))
    texture = imaging.tissue_texture(shape, body.spacing_mm, body.thickness_mm, body.psf_sigma_mm, rng)
    painter = Painter(model, grid.x, grid.y)
    step = max(1, CHUNK // (shape[1] * shape[2] * SUB_SLICES[body.thickness_mm]))
    chunks = [painter.paint(grid.z[k : k + step], texture[k : k + step]) for k in range(0, shape[0], step)]
    hu, liver, masks = (np.concatenate(parts, axis=-3) for parts in zip(*chunks, strict=True))
    hu = imaging.blur(hu, body.spacing_mm, body.psf_sigma_mm)
    pixels = imaging.to_integers(hu + np.float32(body.noise_sd_hu) * imaging.scanner_noise(shape, body.spacing_mm, rng))
    truths = []
    own_masks = tuple(mask for lesion, mask in zip(model.lesions, masks, strict=True) if lesion in grid.lesions)
    for lesion, mask in zip(grid.lesions, own_masks, strict=True):
        k = int(mask.sum(axis=(1, 2)).argmax())
        truths.append(lesion_truth(model, lesion, pixels[k], mask[k], ~liver[k] | masks[:, k].any(axis=0)))
    origin = [round(float(t + p), 2) for t, p in zip(table, (grid.x[0], grid.y[0], grid.z[0]), strict=True)]
    whole = liver if grid.series == 0 else None
    return Scan(pixels, tuple(truths), own_masks, whole, (origin[0], origin[1], origin[2]), body)
