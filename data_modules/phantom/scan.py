"""From one patient to slices: body, organs, liver, vessels and lesions are painted, then the scanner sees them.

Slice by slice on thin sub-slices, so that partial volume, blur and noise arise as they do in a scanner.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_modules.phantom import imaging
from data_modules.phantom.canvas import Array, Box, Canvas
from data_modules.phantom.organs import paint_organ, paint_trunk
from data_modules.phantom.patient import SERIES, LesionModel, PatientModel, draw_patient, stream
from data_modules.phantom.physique import MATRIX, Physique
from data_modules.phantom.plan import PatientPlan
from data_modules.phantom.truth import LesionTruth, Mask, lesion_truth
from data_modules.phantom.vessels import MASS_EFFECT, paint_vessels

MARGIN_MM = 15.0  # of a whole scan, above and below the lesions
ROI_SLICES = 2  # of a lesion's own scan, above and below its key slice
ROI_DIAMETERS, ROI_PIXELS = 1.72, 8  # half-width of a lesion's own scan: the wide patch and room for its filters
SUB_SLICES = {1.0: 2, 2.0: 3, 2.5: 3, 3.0: 3, 5.0: 5}  # by slice thickness in mm


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
    hu, liver = np.empty(shape, np.float32), np.empty(shape, np.bool_)
    masks = {id(m): np.zeros(shape, np.bool_) for m in model.lesions}
    painter = _Painter(model, grid)
    for k, z in enumerate(grid.z):
        hu[k], liver[k], covered = painter.slice(float(z), texture[k])
        for lesion, box, coverage in covered:
            masks[id(lesion)][k][box[1:]] = coverage >= 0.5
    hu = imaging.blur(hu, body.spacing_mm, body.psf_sigma_mm)
    pixels = imaging.to_integers(hu + np.float32(body.noise_sd_hu) * imaging.scanner_noise(shape, body.spacing_mm, rng))
    truths = []
    for lesion in grid.lesions:
        own = masks[id(lesion)]
        k = int(own.sum(axis=(1, 2)).argmax())
        others = ~liver[k] | np.any([mask[k] for mask in masks.values()], axis=0)
        truths.append(lesion_truth(model, lesion, pixels[k], own[k], others))
    origin = [round(float(t + p), 2) for t, p in zip(table, (grid.x[0], grid.y[0], grid.z[0]), strict=True)]
    own_masks = tuple(masks[id(m)] for m in grid.lesions)
    whole = liver if grid.series == 0 else None
    return Scan(pixels, tuple(truths), own_masks, whole, (origin[0], origin[1], origin[2]), body)


class _Painter:
    """Paints slices of one patient on one grid; what is alike in all of them is kept."""

    def __init__(self, model: PatientModel, grid: _Grid) -> None:
        self._model, self._grid = model, grid
        body = model.body
        self._trunk = self._canvas(np.zeros(1))
        x, y, _ = self._trunk.points(self._trunk.everywhere())
        self._wall_level = model.anatomy.wall_level(x, y)
        self._wall = self._trunk.cover(self._wall_level)
        self._skin = paint_trunk(self._trunk, body, self._wall)
        self._liver_box = self._trunk.box(
            (-body.cavity_x_mm, -body.cavity_y_mm, -1), (0.6 * body.cavity_x_mm, body.cavity_y_mm, 1)
        )

    def _canvas(self, z: npt.NDArray[np.float64]) -> Canvas:
        shape = (len(z), len(self._grid.y), len(self._grid.x))
        return Canvas(self._grid.x, self._grid.y, z.astype(np.float32), np.empty(shape, np.float32))

    def slice(self, z: float, texture: Array) -> tuple[Array, Mask, list[tuple[LesionModel, Box, Array]]]:
        """One slice before blur and noise: HU (Y, X), the liver's pixels, and the coverage by each lesion in a box."""
        body, parts = self._model.body, SUB_SLICES[self._model.body.thickness_mm]
        trunk = self._canvas(np.array([z]))
        trunk.hu[:] = self._trunk.hu
        for organ in self._model.organs:
            paint_organ(trunk, organ, self._wall if organ.in_cavity else self._skin)
        canvas = self._canvas(z + (np.arange(parts) - (parts - 1) / 2) * body.thickness_mm / parts)
        canvas.hu[:] = trunk.hu
        liver = self._paint_liver(canvas)
        strength = np.float32(body.texture_hu) * liver
        covered, pushed = [], texture
        for lesion in self._model.lesions:
            pushed = self._push(pushed, lesion, z)
            if abs(z - lesion.centre[2]) < lesion.reach_mm + body.thickness_mm / 2:
                box, coverage = self._paint_lesion(canvas, strength, lesion)
                liver[:, box[1], box[2]] = np.maximum(liver[:, box[1], box[2]], coverage)
                covered.append((lesion, box, coverage.mean(axis=0)))
        hu: Array = canvas.hu.mean(axis=0) + strength.mean(axis=0) * pushed
        return hu, liver.mean(axis=0) >= 0.5, covered

    def _paint_liver(self, canvas: Canvas) -> Array:
        """Paint liver, vessels and gallbladder; return the liver's coverage, of the canvas' shape."""
        anatomy, box = self._model.anatomy, (slice(None), *self._liver_box[1:])
        x, y, z = canvas.points(box)
        coverage = canvas.cover(anatomy.liver_level(x, y, z, self._wall_level[0, box[1], box[2]]))
        canvas.paint(box, coverage, self._model.body.liver)
        paint_vessels(canvas, self._model.vessels)
        if anatomy.gallbladder:
            bile = canvas.cover(anatomy.gallbladder.level(x, y, z)) * self._wall[:, box[1], box[2]]
            canvas.paint(box, bile, anatomy.gallbladder.hu)
            coverage *= 1 - bile
        liver = np.zeros_like(canvas.hu)
        liver[box] = coverage
        return liver

    def _paint_lesion(self, canvas: Canvas, strength: Array, lesion: LesionModel) -> tuple[Box, Array]:
        """Paint one lesion; return its box and how far it covers each pixel there."""
        low, high = lesion.centre - lesion.reach_mm, lesion.centre + lesion.reach_mm
        box = canvas.box((low[0], low[1], -np.inf), (high[0], high[1], np.inf))
        points = tuple(p - np.float32(c) for p, c in zip(canvas.points(box), lesion.centre, strict=True))
        x, y, z = points
        level = lesion.shape.level(x, y, z)
        inside = canvas.cover(self._wall_level[:, box[1], box[2]])
        soft = canvas.cover(level, lesion.look.edge_mm) * inside
        canvas.paint(box, soft, lesion.look.hu(-level, (x, y, z)))
        strength[box] += soft * (np.float32(lesion.look.texture_hu) - strength[box])
        return box, canvas.cover(level) * inside

    def _push(self, texture: Array, lesion: LesionModel, z: float) -> Array:
        """Texture as the lesion's growth has bent it, out to two diameters."""
        reach = 4 * lesion.radius_mm
        low, high = lesion.centre - reach, lesion.centre + reach
        if not low[2] < z < high[2]:
            return texture
        box = self._trunk.box((low[0], low[1], -1), (high[0], high[1], 1))
        x, y, _ = self._trunk.points(box)
        if x.size < 2 or y.size < 2:
            return texture
        cx, cy, cz = lesion.centre.astype(np.float32)
        offset = (x[0] - cx, y[0] - cy, np.asarray(z - cz, np.float32))
        result = texture.copy()
        result[box[1:]] = imaging.push_texture(texture[box[1:]], offset, lesion.radius_mm, MASS_EFFECT)
        return result
