"""The stage of the feature-based baseline: the CNN's split, seeds and outputs, another classifier."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from data_modules.cohort import Cohort
from liverlab.arm_data import arm_seed, classifier_data, find_split
from liverlab.config import ExperimentConfig
from liverlab.control_training import control_notes
from liverlab.models.bovw import BagOfVisualWords
from liverlab.place import Place
from liverlab.predictions import write_predictions, write_training
from liverlab.stage_fit import track_scores
from liverlab.trained_on import write_lineage


def fit_bovw(folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, place: Place, experiment: str) -> None:
    """Fit a bag of visual words on the arm's training images and write one row of probabilities per test lesion.

    Raises:
        InputError: If the training side holds too few patients of a class.
    """
    cohort = Cohort.load(inputs[0])
    split = find_split(cohort, config, place)
    data = classifier_data(config, cohort, split)
    data.setup("fit")
    data.lineage.expect_no_test_patient()
    patients = cohort.patients[data.lineage.lesions]
    model = BagOfVisualWords(seed=arm_seed(config, "bovw", *place.settings.values()), **asdict(config.bovw))
    model.fit(data.train_images[:, 0].numpy(), data.train_labels.numpy(), patients)
    probabilities = torch.from_numpy(model.predict_proba(data.test_images[:, 0].numpy()))
    write_predictions(folder / "predictions.csv", cohort, split, probabilities)
    write_lineage(folder, data)
    write_training(folder / "training.json", config, split, synthetic=0, notes=control_notes(config, data))
    track_scores(config, folder, place, experiment, asdict(config.bovw))
