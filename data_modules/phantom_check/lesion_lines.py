"""What lesions must show: attenuation by class, and how well trivial features tell the classes."""

from collections.abc import Sequence

import numpy as np

from data_modules.cohort import Cohort
from data_modules.folds import make_splits
from data_modules.phantom_check.check_lines import Line
from data_modules.phantom_check.difficulty import best_accuracy, grain
from data_modules.phantom_check.measure import LesionMeasures
from data_modules.phantom_check.nps import Floats

PUBLISHED_CONTRAST_HU = {"cyst": -92, "metastasis": -42}  # Chen et al. 2016, PMC5026898, Table A1
FEWEST_LESIONS = 60  # for an accuracy that means something
FOLDS, REPEATS = 5, 10
CNN = "paper CNN with classic augmentation"
FEWEST_FOR_MEDIAN = 20  # lesions: contrasts spread by 25 HU, so that the median of a few says little


def lesion_lines(lesions: Sequence[LesionMeasures]) -> list[Line]:
    """The lines on attenuation and contrast."""
    lines = [_cyst_line(lesions)]
    for name, published in PUBLISHED_CONTRAST_HU.items():
        contrast = np.array([x.contrast_hu for x in lesions if x.lesion.class_name == name])
        target = f"{published - 8} to {published + 8} HU"
        lines.append(_median_line(f"{name}, median contrast to liver", target, contrast, published - 8, published + 8))
    typical = [x for x in lesions if x.subtype == "typical"]
    dark, bright = (np.array([getattr(x, name) for x in typical]) for name in ("dark_hu", "bright_hu"))
    what = "typical hemangioma minus liver:"
    lines.append(_median_line(f"{what} dark part", "-91 to -10 HU", dark, -91, -10))
    lines.append(_median_line(f"{what} nodules", "above 0 HU", bright, 0, np.inf))
    return lines


def _cyst_line(lesions: Sequence[LesionMeasures]) -> Line:
    what, target = "cyst interior, 15 mm and more", "0-18 HU in 95 %"
    inside = np.array([x.interior_hu for x in lesions if x.subtype == "simple" and x.lesion.diameter_mm >= 15])
    if not len(inside):
        return Line(what, target, "", None, "no such cyst")
    good = (inside >= 0) & (inside <= 18)
    note = f"median {np.median(inside):.1f}, from {inside.min():.1f} to {inside.max():.1f} HU; simple ones"
    return Line(what, target, f"{good.sum()} of {len(good)}", bool(good.mean() >= 0.95), note)


def _median_line(what: str, target: str, values: Floats, low: float, high: float) -> Line:
    if not len(values):
        return Line(what, target, "", None, "no such lesion")
    middle = float(np.median(values))
    ok = low < middle < high if len(values) >= FEWEST_FOR_MEDIAN else None
    return Line(what, target, f"{middle:.1f} HU", ok, f"{len(values)} lesions" + (", too few" if ok is None else ""))


def difficulty_lines(lesions: Sequence[LesionMeasures]) -> list[Line]:
    """The lines on three-class accuracy, patient-grouped and cross-validated."""
    targets = {
        "brightness": ("accuracy by mean HU alone", "65-72 %"),
        "size": ("accuracy by diameter alone", "<= 40 %"),
        "grain": ("accuracy by noise grain alone", "<= 40 %"),
    }
    cnn = Line(CNN, "72-85 %", "", None, "measured by `make experiment EXP=classic_aug`")
    if len(lesions) < FEWEST_LESIONS:
        note = f"needs {FEWEST_LESIONS} lesions"
        return [*(Line(what, target, "", None, note) for what, target in targets.values()), cnn]
    shares = accuracies(lesions)
    lines = []
    for name, (what, target) in targets.items():
        low, high = (65, 72) if name == "brightness" else (0, 40)
        lines.append(Line(what, target, f"{shares[name]:.1f} %", low <= shares[name] <= high))
    note = f"largest class {shares['largest']:.1f} %; by thickness and spacing alone {shares['scanner']:.1f} %"
    lines[-1] = Line(lines[-1].what, lines[-1].target, lines[-1].measured, lines[-1].ok, note)
    return [*lines, cnn]


def accuracies(lesions: Sequence[LesionMeasures]) -> dict[str, float]:
    """Accuracy in per cent by "brightness", "size", "grain" and "scanner"; and the share of the "largest" class."""
    names = tuple(dict.fromkeys(x.lesion.class_name for x in lesions))
    cohort = Cohort(names, tuple(x.lesion for x in lesions), np.stack([x.patch for x in lesions]))
    features = {
        "brightness": np.array([[x.mean_hu] for x in lesions]),
        "size": np.log([[x.lesion.diameter_mm] for x in lesions]),
        "grain": grain(cohort),
        "scanner": np.array([[x.lesion.thickness_mm, x.lesion.spacing_mm] for x in lesions]),
    }
    splits = [split for repeat in range(REPEATS) for split in make_splits(cohort, folds=FOLDS, repeat=repeat)]
    shares = {name: 100 * best_accuracy(cohort, values, splits) for name, values in features.items()}
    return shares | {"largest": 100 * float(np.bincount(cohort.labels).max()) / len(cohort)}
