"""One phantom patient and one scanner setting: everything drawn before the anatomy, with published distributions."""

from dataclasses import dataclass

import numpy as np

MATRIX = 512
WALL_MM = 11.0  # muscle with the ribs
LIVER_HU = (62.0, 123.0)  # portal-phase medians that occur; values beyond are drawn again


@dataclass(frozen=True)
class Physique:
    """Scan geometry in mm and tissue values in HU at the portal-venous phase.

    `half_width_mm` and `half_depth_mm` are the body's, `cavity_x_mm` and `cavity_y_mm` those of the space inside fat
    and muscle, `noise_sd_hu` the standard deviation of one slice, `texture_hu` that of parenchyma without noise,
    `psf_sigma_mm` the blur of the scanner's kernel.
    """

    spacing_mm: float
    thickness_mm: float
    noise_sd_hu: float
    texture_hu: float
    psf_sigma_mm: float
    half_width_mm: float
    half_depth_mm: float
    cavity_x_mm: float
    cavity_y_mm: float
    steatotic: bool
    liver: float
    portal_vein: float
    hepatic_vein: float
    aorta: float
    spleen: float
    muscle: float
    fat: float


def draw_physique(thickness_mm: float, rng: np.random.Generator) -> Physique:
    """Draw a patient who is scanned at this slice thickness.

    Liver values (unenhanced plus enhancement) and noise (median 10.5 HU at 5 mm) follow published measurements of
    portal-phase CT; the field of view fits the body, as a technologist would set it. A Gaussian PSF of .64 mm has its
    f50 at .29/mm, as measured with abdominal kernels.
    """
    spacing = rng.uniform(0.60, 0.90)
    half_width = 0.5 * MATRIX * spacing * rng.uniform(0.86, 0.96)
    half_depth = half_width * rng.uniform(0.66, 0.74)
    rind_mm = 6 + 0.28 * (half_width - 125)  # subcutaneous fat
    steatotic = bool(rng.uniform() < 0.12)
    return Physique(
        spacing_mm=round(spacing, 4),
        thickness_mm=thickness_mm,
        noise_sd_hu=float(np.clip(10.5 * np.exp(0.12 * rng.normal()), 9, 14) * np.sqrt(5 / thickness_mm)),
        texture_hu=rng.uniform(3, 5),
        psf_sigma_mm=rng.uniform(0.62, 0.66),
        half_width_mm=half_width,
        half_depth_mm=half_depth,
        cavity_x_mm=half_width - rind_mm - WALL_MM,
        cavity_y_mm=half_depth - rind_mm - WALL_MM,
        steatotic=steatotic,
        liver=_liver_hu(steatotic, rng),
        portal_vein=rng.uniform(150, 180),
        hepatic_vein=rng.uniform(140, 170),
        aorta=rng.uniform(140, 170),
        spleen=rng.uniform(115, 130),
        muscle=rng.uniform(55, 65),
        fat=float(np.clip(rng.normal(-100, 2), -104, -96)),
    )


def _liver_hu(steatotic: bool, rng: np.random.Generator) -> float:
    parts = ((30, 8), (36, 9)) if steatotic else ((58, 9), (47, 10))
    while True:
        liver = float(sum(rng.normal(*part) for part in parts))
        if LIVER_HU[0] <= liver <= LIVER_HU[1]:
            return liver
