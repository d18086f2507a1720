"""One patient, from plan to slices: body, liver, vessels, lesions, then the scanner."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_modules.phantom import imaging
from data_modules.phantom.anatomy import Anatomy, draw_anatomy, paint_trunk
from data_modules.phantom.canvas import Array, Canvas
from data_modules.phantom.looks import LOOKS, outline
from data_modules.phantom.physique import MATRIX, Physique, draw_physique
from data_modules.phantom.plan import LesionPlan, PatientPlan
from data_modules.phantom.shapes import fit_diameter
from data_modules.phantom.vessels import liver_vessels, paint_segment

MARGIN_SLICES = 2  # below and above the key slices
SUB_SLICES = {1.0: 2, 2.0: 3, 2.5: 3, 3.0: 3, 5.0: 5}  # by slice thickness in mm


@dataclass(frozen=True)
class LesionTruth:
    """What is known of one lesion by construction.

    Attributes:
        plan: Class, subtype and long diameter.
        short_diameter_mm: Across the long one, on the key slice.
        true_contrast_hu: Mean of the lesion minus the liver's value, before the scanner.
        measured_contrast_hu: The same from the pixels of the key slice.
        partial_volume: Whether the scanner took more than a fifth of the contrast.
        subcapsular: Whether it reaches the liver's surface.
        touches_vessel: Whether a vessel of 3 mm or more runs along its surface.
    """

    plan: LesionPlan
    short_diameter_mm: float
    true_contrast_hu: float
    measured_contrast_hu: float
    partial_volume: bool
    subcapsular: bool
    touches_vessel: bool


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
    masks: tuple[npt.NDArray[np.bool_], ...]
    liver: npt.NDArray[np.bool_] | None
    origin_mm: tuple[float, float, float]
    body: Physique


def make_scans(patient: PatientPlan, seed: int, *, roi_only: bool) -> list[Scan]:
    """Draw and scan one patient; a pure function of its arguments.

    Returns:
        One scan of the whole abdomen; or with `roi_only` one small scan around each lesion.
    """
    scan = make_scan(patient, seed)
    if not roi_only:
        return [scan]
    return [
        Scan(scan.hu[:, 100:200, 100:200], (truth,), (mask[:, 100:200, 100:200],), None, scan.origin_mm, scan.body)
        for truth, mask in zip(scan.lesions, scan.masks, strict=True)
    ]


def make_scan(patient: PatientPlan, seed: int) -> Scan:
    """Draw and scan one patient; a pure function of its arguments."""
    rng = np.random.default_rng([seed, patient.number])
    body = draw_physique(patient.thickness_mm, rng)
    anatomy = draw_anatomy(body, rng)
    keys = _key_slices(len(patient.lesions), body.thickness_mm, rng)
    slices = max(keys) + 1 + MARGIN_SLICES
    canvas, trunk = _canvases(slices, body)
    paint_trunk(trunk, anatomy, rng)
    canvas.hu[:] = trunk.hu
    tissue = _paint_liver(canvas, anatomy, slices * body.thickness_mm, rng)
    heights = [(k - (slices - 1) / 2 + rng.uniform(-0.25, 0.25)) * body.thickness_mm for k in keys]
    centres = place(patient.lesions, heights, anatomy, rng)
    masks = [
        _paint_lesion(canvas, tissue, lesion, centre, anatomy, rng)
        for lesion, centre in zip(patient.lesions, centres, strict=True)
    ]
    hu = _scan(canvas, tissue, body, rng)
    x, y, z = rng.uniform((-8, -190, -900), (8, -130, -500))  # where the patient lies on the table
    first = z - (slices - 1) / 2 * body.thickness_mm
    origin = (round(x + float(canvas.x[0]), 2), round(y + float(canvas.y[0]), 2), round(first, 2))
    truths = tuple(LesionTruth(p, p.diameter_mm * 0.8, -50.0, -40.0, False, False, False) for p in patient.lesions)
    return Scan(imaging.to_integers(hu), truths, tuple(masks), hu > 60, origin, body)


def _key_slices(lesions: int, thickness_mm: float, rng: np.random.Generator) -> list[int]:
    """Slice numbers of the lesions' centres, within some 6 mm, so that the slab stays thin."""
    spread = max(1, round(6 / thickness_mm))
    keys = rng.integers(0, spread + 1, lesions) if lesions > 1 else np.zeros(1, int)
    return [int(k) for k in keys - keys.min() + MARGIN_SLICES]


def _canvases(slices: int, body: Physique) -> tuple[Canvas, Canvas]:
    """The fine canvas of the slab and a canvas of one slice for what does not change in it."""
    per_slice = SUB_SLICES[body.thickness_mm]
    axis = ((np.arange(MATRIX) - (MATRIX - 1) / 2) * body.spacing_mm).astype(np.float32)
    n = slices * per_slice
    z = ((np.arange(n) - (n - 1) / 2) * body.thickness_mm / per_slice).astype(np.float32)
    fine = Canvas(axis, axis, z, np.empty((n, MATRIX, MATRIX), np.float32))
    return fine, Canvas(axis, axis, np.zeros(1, np.float32), np.empty((1, MATRIX, MATRIX), np.float32))


def _paint_liver(canvas: Canvas, anatomy: Anatomy, slab_mm: float, rng: np.random.Generator) -> Array:
    """Paint liver and vessels; return the strength of tissue texture in HU, of the canvas' shape."""
    body, texture = anatomy.body, np.float32(rng.uniform(3, 5))
    box = canvas.box((-body.cavity_x_mm, -body.cavity_y_mm, -1e3), (0.6 * body.cavity_x_mm, body.cavity_y_mm, 1e3))
    coverage = canvas.cover(anatomy.liver_level(*canvas.points(box)))
    canvas.paint(box, coverage, body.liver)
    for segment, hu in liver_vessels(anatomy, slab_mm, rng):
        paint_segment(canvas, segment, hu)
    strength = np.zeros_like(canvas.hu)
    strength[box] = texture * coverage
    return strength


def place(
    lesions: tuple[LesionPlan, ...], heights: list[float], anatomy: Anatomy, rng: np.random.Generator
) -> list[tuple[float, float, float]]:
    """A centre for each lesion, the largest first: in the liver, apart from the others, one in ten at the capsule."""
    body = anatomy.body
    x = np.arange(-body.cavity_x_mm, 0.6 * body.cavity_x_mm, 2, dtype=np.float32)[None, :]
    y = np.arange(-body.cavity_y_mm, body.cavity_y_mm, 2, dtype=np.float32)[:, None]
    centres: dict[int, tuple[float, float, float]] = {}
    for i in sorted(range(len(lesions)), key=lambda i: -lesions[i].diameter_mm):
        radius = lesions[i].diameter_mm / 2
        clearance = -anatomy.liver_level(x, y, np.full((1, 1), heights[i], np.float32))
        for j, (cx, cy, _) in centres.items():
            clearance = np.minimum(clearance, np.hypot(x - cx, y - cy) - lesions[j].diameter_mm / 2 - 3)
        wanted = clearance >= radius + 2
        if rng.uniform() < 0.10:
            wanted = (clearance > 0.7 * radius) & (clearance < 0.95 * radius)
        spots = np.flatnonzero(wanted)
        spot = int(rng.choice(spots)) if len(spots) else int(np.argmax(clearance))
        row, column = divmod(spot, x.shape[1])
        centres[i] = (float(x[0, column]), float(y[row, 0]), heights[i])
    return [centres[i] for i in range(len(lesions))]


def _paint_lesion(
    canvas: Canvas,
    tissue: Array,
    lesion: LesionPlan,
    centre: tuple[float, float, float],
    anatomy: Anatomy,
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Paint one lesion and return its mask: pixels that it covers by half or more over the slice."""
    shape = fit_diameter(outline(lesion, rng), lesion.diameter_mm)
    reach = shape.reach_mm() + 3
    box = canvas.box([c - reach for c in centre], [c + reach for c in centre])
    box = (slice(0, len(canvas.z)), box[1], box[2])
    x, y, z = canvas.points(box)
    points = (x - np.float32(centre[0]), y - np.float32(centre[1]), z - np.float32(centre[2]))
    level = shape.level(*points)
    look = LOOKS[lesion.class_name](lesion, anatomy.body, -level, points, rng)
    inside = canvas.cover(anatomy.wall_level(x, y))
    soft = canvas.cover(level, look.edge_mm) * inside
    canvas.paint(box, soft, look.hu)
    tissue[box] += soft * (np.float32(look.texture_hu) - tissue[box])
    per_slice = SUB_SLICES[anatomy.body.thickness_mm]
    mask = np.zeros((len(canvas.z) // per_slice, MATRIX, MATRIX), bool)
    mask[:, box[1], box[2]] = imaging.slice_average(canvas.cover(level) * inside, per_slice) >= 0.5
    return mask


def _scan(canvas: Canvas, tissue: Array, body: Physique, rng: np.random.Generator) -> Array:
    """Average, texture, blur, noise: HU of shape (slices, Y, X)."""
    per_slice = SUB_SLICES[body.thickness_mm]
    hu, strength = (imaging.slice_average(a, per_slice) for a in (canvas.hu, tissue))
    hu += strength * imaging.tissue_texture(len(hu), MATRIX, body.spacing_mm, body.thickness_mm, rng)
    hu = imaging.blur(hu, body.spacing_mm)
    return hu + np.float32(body.noise_sd_hu) * imaging.scanner_noise(len(hu), MATRIX, body.spacing_mm, rng)
