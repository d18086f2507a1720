"""What is known of a phantom's lesion by construction, and what the scanner left of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist

from data_modules.phantom.canvas import Array
from data_modules.phantom.patient import LesionModel, PatientModel
from data_modules.phantom.plan import LesionPlan

LOST = 0.2  # of the contrast: more, and the lesion counts as hit by partial volume
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LesionTruth:
    """What is known of one lesion by construction.

    Attributes:
        plan: Class, subtype and long diameter.
        short_diameter_mm: Across the long one, on the key slice.
        true_contrast_hu: Mean of the lesion minus the liver's value, before the scanner.
        measured_contrast_hu: Mean over the mask on the key slice minus the median of the liver around it.
        partial_volume: Whether the scanner took more than a fifth of the contrast.
        subcapsular: Whether it reaches the liver's surface.
        touches_vessel: Whether a vessel of 4 mm or more runs along its surface.
    """

    plan: LesionPlan
    short_diameter_mm: float
    true_contrast_hu: float
    measured_contrast_hu: float
    partial_volume: bool
    subcapsular: bool
    touches_vessel: bool


def lesion_truth(
    patient: PatientModel, lesion: LesionModel, hu: npt.NDArray[np.int16], mask: Mask, others: Mask
) -> LesionTruth:
    """Compare a lesion with its picture.

    Args:
        patient: Gives the liver and the vessels.
        lesion: The lesion.
        hu: Its key slice, (Y, X).
        mask: The lesion on it, (Y, X).
        others: Pixels that are not liver: other lesions and what lies outside the organ, (Y, X).
    """
    true = _mean_hu(lesion) - patient.body.liver
    near, far = (ndimage.binary_dilation(mask, iterations=n) for n in (3, 8))
    ring = far & ~near & ~others
    around = float(np.median(hu[ring])) if ring.any() else patient.body.liver
    measured = float(hu[mask].mean()) - around
    return LesionTruth(
        plan=lesion.plan,
        short_diameter_mm=_short_diameter(mask) * patient.body.spacing_mm,
        true_contrast_hu=true,
        measured_contrast_hu=measured,
        partial_volume=abs(measured) < (1 - LOST) * abs(true),
        subcapsular=patient.is_subcapsular(lesion),
        touches_vessel=patient.touches_vessel(lesion),
    )


def _mean_hu(lesion: LesionModel, nodes: int = 81) -> float:
    """Mean HU of the section through the lesion's centre."""
    axis = np.linspace(-lesion.reach_mm, lesion.reach_mm, nodes, dtype=np.float32)
    points = (axis[None, None, :], axis[None, :, None], np.zeros((1, 1, 1), np.float32))
    level: Array = lesion.shape.level(*points)
    return float(lesion.look.hu(-level, points)[level < 0].mean())


def _short_diameter(mask: Mask) -> float:
    """Width of a mask across its longest line, in pixels."""
    points = np.argwhere(mask).astype(np.float64)
    hull = points[ConvexHull(points).vertices] if len(points) > 3 else points
    apart = cdist(hull, hull)
    a, b = np.unravel_index(int(apart.argmax()), apart.shape)
    along = (hull[b] - hull[a]) / max(apart[a, b], 1e-9)
    across = hull @ np.array([-along[1], along[0]])
    return float(np.ptp(across)) + 1
