"""A tiny cohort in a phantom's layout whose physics is known: analytic edges, white noise, no drawing code."""

import json

import dicom_examples
import numpy as np
from scipy.special import ndtr

from data_modules.phantom.phantom_cohort import PhantomCohort, write_cohort_file

SIZE, SPACING_MM, SLICES, THICKNESS_MM = 288, 0.9, 5, 5.0
BODY_MM, SKIN_MM, LIVER_MM, NOISE_HU, PSF_MM = 115.0, 2.0, 85.0, 12.0, 0.64
LESIONS = (("cyst", "simple", 20.0, 9.0), ("hemangioma", "atypical", 16.0, 60.0))  # class, subtype, diameter, HU


def disc_profile(radius, sigma_mm=PSF_MM):
    """HU at a distance from a body's middle: air, 2 mm of skin at 45, fat at -100, blurred by a Gaussian."""
    edge, inner = ((r - radius) / sigma_mm for r in (BODY_MM, BODY_MM - SKIN_MM))
    return -1000 + 1045 * ndtr(edge) - 145 * ndtr(inner)


def axes_mm(size=SIZE, spacing_mm=SPACING_MM):
    at = (np.arange(size) - (size - 1) / 2) * spacing_mm
    return at[:, None], at[None, :]


def slices(patient):
    """HU (Z, Y, X) as integers, the liver's mask and one mask per lesion."""
    y, x = axes_mm()
    radius = np.hypot(y, x)
    liver = (radius < LIVER_MM) & (x < 0)
    hu = np.where(liver, 100.0, disc_profile(radius))
    masks = []
    for (_, _, diameter, value), centre in zip(LESIONS, (-30, 30), strict=True):
        masks.append(np.hypot(y - centre, x + 45) < diameter / 2)
        hu = np.where(masks[-1], value, hu)
    stack = [np.broadcast_to(mask, (SLICES, SIZE, SIZE)) for mask in (liver, *masks)]
    noise = np.random.default_rng(patient).normal(0, NOISE_HU, stack[0].shape)
    return np.clip(np.rint(hu + noise), -1024, 3071).astype(np.int16), stack[0], stack[1:]


def write_cohort(out, patients=2, roi_only=False):
    """Write the whole layout; with `roi_only` a series of 80 x 80 pixels around each lesion."""
    rows = []
    for number in range(1, patients + 1):
        name = f"P{number:04d}"
        hu, liver, masks = slices(number)
        folder = out / "patients" / name
        whole = (slice(None),) * 3
        boxes = [(slice(None), slice(r, r + 80), slice(50, 130)) for r in (70, 137)]
        for i, (box, lesion, mask) in enumerate(zip(boxes, LESIONS, masks, strict=True), start=1):
            place = f"patients/{name}/L{i}" if roi_only else f"patients/{name}"
            if roi_only or i == 1:
                part = box if roi_only else whole
                ids = [f"{name}-L{i}"] if roi_only else [f"{name}-L1", f"{name}-L2"]
                dicom_examples.write_ct(out / place / "CT", hu[part], (THICKNESS_MM, SPACING_MM, SPACING_MM))
                own = [mask[part]] if roi_only else masks
                dicom_examples.write_seg(out / place / "SEG.dcm", out / place / "CT", own, ids)
            rows.append(
                {
                    "patient_id": name,
                    "lesion_id": f"{name}-L{i}",
                    "class": lesion[0],
                    "image": f"{place}/CT",
                    "mask": f"{place}/SEG.dcm",
                    "mask_label": f"{name}-L{i}",
                    "diameter_mm": f"{lesion[2]}",
                    "subtype": lesion[1],
                    "mimics": "metastasis" if i == 2 else "",
                }
            )
        if not roi_only:
            dicom_examples.write_seg(folder / "LIVER.dcm", folder / "CT", [liver], ["liver"])
        plan = {"noise_sd_hu": NOISE_HU, "texture_hu": 0.0, "liver": 100.0, "fat": -100.0}
        (folder / "truth.json").write_text(json.dumps({"scan": plan, "lesions": []}))
    write_cohort_file(out, PhantomCohort(lesions=3, roi_only=roi_only))
    (out / "PHANTOM.md").write_text("not patients")
    dicom_examples.write_manifest(out / "manifest.csv", rows)
    return out
