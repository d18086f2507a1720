"""What makes a training a control: labels that are wrong on purpose, and what is noted of it."""

import numpy as np
import numpy.typing as npt

from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.lesion_data import LesionDataModule
from liverlab.config import ControlConfig, ExperimentConfig

Labels = npt.NDArray[np.int64]


def shown_labels(cohort: Cohort, split: Split, control: ControlConfig, seed: int) -> Labels | None:
    """The class under which every lesion is shown in training, shape (lesions,); None: its own.

    Test lesions keep theirs.

    Args:
        cohort: All lesions.
        split: Its training side may be changed.
        control: `permuted_labels` deals the training lesions' labels out anew. `corrupted_labels` is the share of each
            class, times its training lesions and rounded, that gets one of the other classes, each as likely; a larger
            share contains the smaller.
        seed: Of the draws.
    """
    if not (control.permuted_labels or control.corrupted_labels):
        return None
    shown, train = cohort.labels.copy(), np.array(split.train)
    rng = np.random.default_rng(seed)
    if control.permuted_labels:
        shown[train] = rng.permutation(shown[train])
        return shown
    classes = len(cohort.class_names)
    for label in range(classes):
        own = rng.permutation(train[cohort.labels[train] == label])
        others = (label + rng.integers(1, classes, len(own))) % classes
        wrong = round(control.corrupted_labels * len(own))
        shown[own[:wrong]] = others[:wrong]
    return shown


def control_notes(config: ExperimentConfig, data: LesionDataModule) -> list[str]:
    """What was done to this training that an ordinary arm's has not; none for an ordinary arm."""
    control, train = config.control, list(data.split.train)
    wrong = f"{(data.shown_as[train] != data.cohort.labels[train]).sum()} of {len(train)} training lesions"
    notes = {
        f"other seeds than its twin's (control.reseed={control.reseed})": control.reseed,
        "no real image in training, though the subtracted mean is that of the real ones": not control.real_images,
        f"{wrong} shown under another class": control.corrupted_labels,
        f"training labels dealt out anew, which gave {wrong} another class": control.permuted_labels,
    }
    return [note for note, applies in notes.items() if applies]
