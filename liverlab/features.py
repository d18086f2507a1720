"""Where a trained CNN puts the test lesions of one split: its last layer's features on a plane (paper, Fig. 9).

t-SNE: van der Maaten and Hinton 2008, J. Mach. Learn. Res. 9:2579; begun from the principal components, so that the
picture depends less on the seed: Kobak and Berens 2019, doi 10.1038/s41467-019-13056-x.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from data_modules.classic import render_originals
from data_modules.cohort import Cohort
from data_modules.whole_file import replacing
from liverlab.finished_networks import load_classifier
from liverlab.finished_stage import FinishedStage
from liverlab.generator_record import Arms
from liverlab.stages import Stage, complete, read_record
from liverlab.trained_on import TrainedOn

Floats = npt.NDArray[np.float32]
COLUMNS = ("arm", "repeat", "fold", "lesion_id", "class", "predicted", "x", "y")
FILE = "features.csv"
PERPLEXITY = 30.0  # scikit-learn's default, and the upper end of what van der Maaten and Hinton found to matter little
FEWEST = 4  # lesions: with fewer, nobody has a neighbour by perplexity
MOST = 300  # lesions: the exact method takes the square of their number


def write_features(path: Path, runs: Path, arms: Arms, names: Sequence[str]) -> None:
    """Write a table of the first split's test lesions in the features of each of these arms that is a CNN.

    Columns: arm, repeat, fold, lesion_id, class, predicted, x, y; x and y are t-SNE's, of every arm for itself. They
    are computed once per classifier and kept below `runs`.

    Args:
        path: File to write.
        runs: Folder of all runs.
        arms: Finished classifier stages by arm.
        names: The arms to show.
    """
    with replacing(path) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for arm in names:
            classifier = arms[arm][0]
            if "classifier" in classifier.settings:  # a CNN
                with (complete(map_stage(classifier), runs) / FILE).open(newline="") as rows:
                    writer.writerows({"arm": arm} | row for row in csv.DictReader(rows))


def map_stage(classifier: Stage) -> Stage:
    """The map of one finished classifier: a stage of its own, so that a second run finds it."""
    settings = {"perplexity": PERPLEXITY, "lesions": MOST}
    return Stage("features", classifier.name, settings, map_lesions, (classifier.needs[0], classifier))


def map_lesions(folder: Path, inputs: Sequence[Path]) -> None:
    """Write one row per test lesion, none where they cannot be told apart.

    Args:
        folder: Where to write.
        inputs: Folders of the cohort and of the classifier.
    """
    cohort = Cohort.load(inputs[0])
    stage = FinishedStage(inputs[1], read_record(inputs[1]), TrainedOn.load(inputs[1]))
    with (inputs[1] / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:MOST]
    position = {lesion.lesion_id: i for i, lesion in enumerate(cohort.lesions)}
    images = render_originals(cohort, [position[row["lesion_id"]] for row in rows], stage.roi)
    with torch.no_grad():
        plane = on_a_plane(load_classifier(stage).features(images).numpy())
    with (folder / FILE).open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS[1:], extrasaction="ignore")
        writer.writeheader()
        for row, (x, y) in zip(rows, plane, strict=False):
            writer.writerow(row | {"class": row["label"], "x": f"{x:.4f}", "y": f"{y:.4f}"})


def on_a_plane(features: Floats) -> Floats:
    """Two coordinates per lesion by t-SNE, seed 0; neighbours stay neighbours, nothing else is kept.

    Args:
        features: Shape (lesions, width).

    Returns:
        Shape (lesions, 2); (0, 2) for fewer than four lesions, and where fewer than two features differ between them.
    """
    lesions = len(features)
    if lesions < FEWEST or (features.std(axis=0) > 0).sum() < 2:
        return np.zeros((0, 2), np.float32)
    from sklearn.manifold import TSNE  # not needed where the map is there

    method = TSNE(perplexity=min(PERPLEXITY, (lesions - 1) / 3), init="pca", method="exact", random_state=0)
    plane: Floats = method.fit_transform(features)
    return plane
