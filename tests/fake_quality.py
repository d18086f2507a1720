"""Finished quality stages with invented numbers, in the layout that the stage writes, and what is gathered of them."""

import numpy as np
import torch
from fake_run import CLASSES

from liverlab.copies_record import write_split_copies
from liverlab.evaluation.evaluate import write_json
from liverlab.quality.copies import ClosePair, CopyReport
from liverlab.quality.copy_row import CopyRow
from liverlab.quality.image_set import ImageSet, SplitImages
from liverlab.quality.measured import ALL, Measured
from liverlab.quality.neighbours import Nearest
from liverlab.quality.orbit import Alignment
from liverlab.quality_files import write_measured
from liverlab.quality_record import write_quality
from liverlab.stages import Stage

DRAWS, IMAGES = 60, 8  # IMAGES of each class
# measure: values of synthetic, train and classic images; None where a set has none
MEASURES = {
    "kid": (0.31, 0.02, 0.04),
    "fid": (5.1, 1.2, 1.6),
    "precision": (0.71, 0.9, 0.88),
    "recall": (0.86, 0.88, 0.8),
    "density": (0.8, 1.0, 0.97),
    "coverage": (0.92, 0.94, 0.95),
    "tstr": (0.61, None, 0.66),
    "trtr": (None, 0.68, None),
    "trts": (0.8, None, None),
    "two_sample_auc": (0.93, 0.52, 0.56),
}
PIXELS = {"spectrum_distance": (0.4, 0.05, 0.08), "spectrum_outside": (0.7, 0.1, 0.2), "ms_ssim": (0.41, 0.21, None)}
FOUND = {"synthetic": False, "copycat": True, "noise": True, "held_out": False}  # by set, whether it is flagged


def fake_measured(classes, *, fold, seed, values=None, cnn=True):
    """All rows of a split: values of `MEASURES`, or given ones for a class, a little higher in each fold."""
    rng = np.random.default_rng([seed, fold])
    rows = []
    spaces = [("radiomics", MEASURES), ("random", MEASURES), *([("cnn", MEASURES)] if cnn else []), ("pixels", PIXELS)]
    for space, measures in spaces:
        for measure, triple in measures.items():
            for name in (ALL, *classes):
                mine = (values or {}).get((name, measure), triple)
                for images, value in zip(("synthetic", "train", "classic"), mine, strict=True):
                    if value is not None and (space != "cnn" or images == "synthetic"):
                        value = value + 0.01 * fold
                        draws = value + rng.normal(0, 0.02, DRAWS)
                        rows.append(Measured(space, images, name, measure, value, draws, 40, 20))
    return rows


def fake_images(classes, seed):
    """A few images of noise on both sides."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(classes)), IMAGES)

    def some():
        pixels = torch.from_numpy(rng.uniform(0, 1, (len(labels), 1, 64, 64))).float()
        return ImageSet(pixels, labels, np.arange(len(labels)))

    return SplitImages(tuple(classes), some(), some(), some(), some())


def fake_report(images, found=FOUND, p=0.3):
    """A search that flagged what `found` says; pairs of equal numbers, the first the closest."""
    rows = {
        name: [
            CopyRow(name, c, 24, 20, 18, 3, 0.125, 0.05, (0.0, 0.2), 0.0004 if flag else p, 0.2, 0.5, 0.7, 0.8,
                    flagged=flag, sentence=f"{name}: invented.")
            for c in (ALL, *images.class_names)
        ]
        for name, flag in found.items()
    }  # fmt: skip
    pairs = [ClosePair(i, i, 0.2 + 0.1 * i, 0.5 + 0.05 * i, Alignment(False, 40.0, 1.0, (0.0, 0.0))) for i in range(4)]
    count = len(images.synthetic)
    judged = Nearest(np.arange(count), np.linspace(0.2, 1, count), np.linspace(0.5, 1, count))
    works = found["copycat"] and found["noise"] and not found["held_out"]
    return CopyReport(rows, pairs, judged, works, "The instrument: invented.")


def fake_spectra(classes):
    """Ten frequencies, a band of one tenth, and images that lack the three highest."""
    low = np.linspace(0, -3, 10)
    line = low + np.where(np.arange(10) < 7, 0.05, -0.4)
    real = (low + 0.05).tolist()
    curves = {"low": low.tolist(), "high": (low + 0.1).tolist(), "held_out": real, "train": real}
    curves["synthetic"] = line.tolist()
    return {"frequency": np.linspace(0.05, 0.5, 10).tolist(), "classes": dict.fromkeys((ALL, *classes), curves)}


def fake_stages(runs, arm, *, kind="acgan", folds=3, repeats=1, classes=CLASSES, found=FOUND, values=None, cnn=True):
    """The quality stages and the classifiers of an arm, all of the former finished below `runs`."""
    quality, classifiers = [], []
    for repeat in range(repeats):
        for fold in range(folds):
            place = {"repeat": repeat, "fold": fold}
            pool = Stage("pool", kind, place, print, (Stage("generator", kind, place, print),))
            classifiers.append(Stage("classifier", arm, place, print, (pool,)))
            settings = place | {"quality": {"draws": DRAWS, "neighbours": 5}, "most_per_class": 300}
            stage = Stage("quality", kind, settings, print, (pool,))
            quality.append(stage)
            folder = stage.folder(runs)
            folder.mkdir(parents=True)
            images = fake_images(classes, seed=fold)
            write_measured(folder, fake_measured(classes, fold=fold, seed=repeat, values=values, cnn=cnn))
            write_split_copies(folder, images, fake_report(images, found), [f"L{fold}{i}" for i in range(40)])
            spaces = ["radiomics", "random", *(["cnn"] if cnn else [])]
            counts = dict.fromkeys(("train", "held_out", "classic", "synthetic"), dict.fromkeys(classes, IMAGES))
            about = {"spaces": [{"name": name, "about": f"{name}: invented"} for name in spaces], "counts": counts}
            write_json(folder / "quality.json", about | {"spectra": fake_spectra(classes)})
    return quality, classifiers


def write_fake_quality(folder, runs, arm, **given):
    """Gather invented stages into a run's folder; returns the findings."""
    quality, classifiers = fake_stages(runs, arm, **given)
    return write_quality(folder, runs, {arm: quality}, {arm: classifiers})
