"""Crude checks of synthetic images: do they vary within a class, and do the classes differ?

A collapsed generator repeats one image per class; a generator that ignores its label draws every class alike. Both can
be seen in pixels, without a feature network. Neither check says whether an image looks like a lesion.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline

from liverlab.evaluation.metrics import Floats, Ints

COLLAPSED = 0.25  # of the real images' spread; our own choice, for a word in the report
NARROW = 0.5
MOST_IMAGES = 300  # per class: 45,000 pairs estimate a mean distance well enough
COMPONENTS = 16


def class_spread(
    real: npt.NDArray[Any],
    real_labels: Ints,
    synthetic: npt.NDArray[Any],
    synthetic_labels: Ints,
    class_names: tuple[str, ...],
    seed: int,
) -> list[dict[str, Any]]:
    """How far synthetic images of a class lie apart, relative to real ones, and whether they show their class.

    Args:
        real: Real training images, shape (N, 64, 64), on the same intensity scale as the synthetic ones.
        real_labels: Shape (N,).
        synthetic: Generated images, shape (M, 64, 64).
        synthetic_labels: The classes that the generator was asked for, shape (M,).
        class_names: A label is an index into them.
        seed: Of the draw where a class has more than 300 images.

    Returns:
        One row per class: class, real_mean_distance and synthetic_mean_distance (mean over pairs, root mean square
        difference of pixels), ratio, as_asked (share of synthetic images nearest to the real mean image of the class
        that was asked for) and note. None where a class has fewer than two images.
    """
    rng = np.random.default_rng(seed)
    as_asked = share_as_asked(real, real_labels, synthetic, synthetic_labels, len(class_names), seed)
    rows = []
    for c, name in enumerate(class_names):
        distances = [
            mean_distance(images[labels == c], rng)
            for images, labels in ((real, real_labels), (synthetic, synthetic_labels))
        ]
        ratio = distances[1] / distances[0] if distances[0] and distances[1] is not None else None
        row = {"class": name, "real_mean_distance": distances[0], "synthetic_mean_distance": distances[1]}
        rows.append(row | {"ratio": ratio, "as_asked": as_asked[c], "note": note_of(ratio)})
    return rows


def mean_distance(images: npt.NDArray[Any], rng: np.random.Generator) -> float | None:
    """Mean root mean square difference over pairs of images of shape (N, H, W); None for fewer than two."""
    if len(images) < 2:
        return None
    chosen = rng.permutation(len(images))[:MOST_IMAGES]
    flat = images[chosen].reshape(len(chosen), -1).astype(np.float64)
    return float(pdist(flat).mean() / np.sqrt(flat.shape[1]))


def note_of(ratio: float | None) -> str:
    """Words for a ratio of spreads; empty where nothing is wrong."""
    if ratio is None or ratio >= NARROW:
        return ""
    return "nearly identical (collapsed)" if ratio < COLLAPSED else "far less varied than real images"


def share_as_asked(
    real: npt.NDArray[Any],
    real_labels: Ints,
    synthetic: npt.NDArray[Any],
    synthetic_labels: Ints,
    num_classes: int,
    seed: int,
) -> list[float | None]:
    """Per class, the share of synthetic images whose nearest real class mean is the class that was asked for.

    Nearest centroid among the first principal components of the real images. Chance is about 1 / num_classes.
    """
    if len(np.unique(real_labels)) < 2 or len(synthetic) == 0:
        return [None] * num_classes
    components = min(COMPONENTS, len(real) - 1)
    nearest = make_pipeline(PCA(components, random_state=seed), NearestCentroid())
    nearest.fit(real.reshape(len(real), -1).astype(np.float64), real_labels)
    agree: Floats = nearest.predict(synthetic.reshape(len(synthetic), -1).astype(np.float64)) == synthetic_labels
    shares = [agree[synthetic_labels == c] for c in range(num_classes)]
    return [float(share.mean()) if len(share) else None for share in shares]


def spread_statement(rows: list[dict[str, Any]], class_names: list[str]) -> str:
    """The automatic sentence on crude samples, for the report.

    Args:
        rows: Rows of `class_spread` over all splits.
        class_names: In the order to name them.
    """
    narrow, unclear = [], []
    for name in class_names:
        mine = [row for row in rows if row["class"] == name]
        ratios = [row["ratio"] for row in mine if row["ratio"] is not None]
        if ratios and np.mean(ratios) < NARROW:
            narrow.append(f"{name} ({note_of(float(np.mean(ratios)))}; {np.mean(ratios):.2f} of the real spread)")
        asked = [row["as_asked"] for row in mine if row.get("as_asked") is not None]
        if asked and np.mean(asked) < 1.5 / len(class_names):
            unclear.append(f"{name} ({100 * np.mean(asked):.0f} %)")
    sentences = []
    if narrow:
        sentences.append(
            f"Too little variety in {', '.join(narrow)}: such images add copies of one idea, not new lesions."
        )
    if unclear:
        sentences.append(
            f"The class asked for can hardly be told from the pixels in {', '.join(unclear)}, where guessing gives "
            f"{100 / len(class_names):.0f} %: such images mislabel."
        )
    if not sentences:
        return "No collapse was found by this crude check of pixels; it does not show that the images are realistic."
    return " ".join(sentences) + " Read any difference between the arms with this in mind."
