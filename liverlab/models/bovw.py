"""Bag of visual words with words chosen by mutual information (BoVW-MI): Diamant et al. 2017, IEEE TBME 64:1380-1392.

1. An ROI is cut into overlapping patches; a patch becomes a few principal components.
2. k-means over the patches of the training ROIs gives a dictionary; an ROI becomes the histogram of its words.
3. The words that tell most about the class are kept.
4. A support vector machine classifies the histograms.

Left out: the position of a patch, which such methods can add to its components (a lesion may lie in its ROI turned any
way); and normalising the grey values of a patch, since in CT the level itself tells a cyst from a solid lesion.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from data_modules.errors import InputError

Images = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

IMAGES_AT_ONCE = 32  # bounds memory: 11 MB of patches at 64 x 64 pixels in steps of 2
CALIBRATION_FOLDS = 5


class BagOfVisualWords:
    """Histograms of visual words, and a support vector machine on them; all is fitted on what `fit` is given.

    Args:
        patch_px: Side of a patch, in pixels.
        stride_px: Step from patch to patch.
        components: Principal components of a patch.
        words: Words of the dictionary.
        kept_share: Share of the words that is kept, by mutual information.
        learning_patches: About so many patches, drawn alike from all images, teach components and words.
        kernel: Of the support vector machine.
        penalty: C of the support vector machine.
        seed: Of the patches drawn and the start of k-means.
    """

    def __init__(
        self,
        *,
        patch_px: int,
        stride_px: int,
        components: int,
        words: int,
        kept_share: float,
        learning_patches: int,
        kernel: str,
        penalty: float,
        seed: int,
    ) -> None:
        self.patch_px, self.stride_px, self.learning_patches, self.seed = patch_px, stride_px, learning_patches, seed
        self.components = PCA(components, svd_solver="covariance_eigh")
        self.dictionary = MiniBatchKMeans(words, batch_size=4096, n_init=1, random_state=seed)
        self.selection = SelectKBest(word_information, k=max(1, round(kept_share * words)))
        self.machine = make_pipeline(self.selection, StandardScaler(), SVC(kernel=kernel, C=penalty))

    def fit(self, images: Images, labels: Integers, patients: Integers) -> None:
        """Learn dictionary, words to keep and classifier.

        Args:
            images: ROIs in (0, 1), shape (N, H, W).
            labels: Class indices, shape (N,).
            patients: Patient numbers, shape (N,): probabilities are calibrated on patients left out of the fit.

        Raises:
            InputError: If there are fewer patches than words, or too few patients of a class to leave some out.
        """
        splits = leave_patients_out(labels, patients)
        patches = self._draw(images)
        if len(patches) < self.dictionary.n_clusters:
            raise InputError(
                f"{len(images)} training images give {len(patches)} patches, too few for bovw.words="
                f"{self.dictionary.n_clusters}. Lower bovw.words or bovw.stride_px, or raise bovw.learning_patches."
            )
        self.dictionary.fit(self.components.fit_transform(patches))
        # the words are chosen anew in each calibration fit; temperature: softmax(decision / T), the decision stays
        self.classifier: Any = CalibratedClassifierCV(self.machine, method="temperature", cv=splits, ensemble=False)
        self.classifier.fit(self.histograms(images), labels)

    def predict_proba(self, images: Images) -> Floats:
        """Class probabilities, shape (N, classes)."""
        probabilities: Floats = self.classifier.predict_proba(self.histograms(images))
        return probabilities

    def histograms(self, images: Images) -> Floats:
        """Share of each image's patches that are nearest to each word of the whole dictionary, shape (N, words)."""
        words, rows = self.dictionary.n_clusters, []
        for patches in self._patches(images):
            nearest = self.dictionary.predict(self.components.transform(patches.reshape(-1, patches.shape[2])))
            for own in nearest.reshape(patches.shape[:2]):
                rows.append(np.bincount(own, minlength=words) / len(own))
        return np.array(rows)

    def _draw(self, images: Images) -> Images:
        """The patches to learn from, shape (patches, pixels)."""
        rng = np.random.default_rng(self.seed)
        per_image = -(-self.learning_patches // len(images))
        drawn = [own[rng.permutation(len(own))[:per_image]] for some in self._patches(images) for own in some]
        return np.concatenate(drawn)

    def _patches(self, images: Images) -> Iterator[Images]:
        """All patches of a few images at a time, shape (n, patches per image, pixels)."""
        side, step = self.patch_px, self.stride_px
        for start in range(0, len(images), IMAGES_AT_ONCE):
            windows = sliding_window_view(images[start : start + IMAGES_AT_ONCE], (side, side), axis=(1, 2))
            windows = windows[:, ::step, ::step]  # (n, rows, columns, side, side)
            yield windows.reshape(len(windows), -1, side**2)


def word_information(histograms: Floats, labels: Integers) -> Floats:
    """Mutual information, in nats, of the class and whether a word is more frequent than in the median image.

    Args:
        histograms: Shape (N, words).
        labels: Class indices, shape (N,).

    Returns:
        One value per word, shape (words,).
    """
    frequent = histograms > np.median(histograms, axis=0)
    of_class = np.unique(labels)[:, None] == labels  # (classes, N)
    joint = np.stack([of_class @ frequent.astype(float), of_class @ (~frequent).astype(float)]) / len(labels)
    independent = joint.sum(axis=0) * joint.sum(axis=1, keepdims=True)  # (2, classes, words)
    # 0 log 0 = 0
    ratio = np.divide(joint, independent, out=np.ones_like(joint), where=joint > 0)
    information: Floats = (joint * np.log(ratio)).sum(axis=(0, 1))
    return information


def leave_patients_out(labels: Integers, patients: Integers) -> list[tuple[Integers, Integers]]:
    """Up to five splits (fitted on, left out) with no patient on both sides and all classes on the first.

    Raises:
        InputError: If there are too few patients for that.
    """
    classes = np.unique(labels)
    fewest = min(len(np.unique(patients[labels == label])) for label in classes)
    folds = min(CALIBRATION_FOLDS, fewest)
    splits = list(StratifiedGroupKFold(folds).split(labels, labels, patients)) if folds > 1 else []
    if not splits or any(len(np.unique(labels[fitted])) < len(classes) for fitted, _ in splits):
        raise InputError(
            f"method=bovw needs two or more patients of every class on the training side; one class has {fewest}. "
            "More folds (n_folds) leave more patients there."
        )
    return splits
