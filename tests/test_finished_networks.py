import json
import math
import shutil

import pytest
import torch
from torch import nn

from data_modules.errors import InputError
from liverlab.finished_networks import ReadyClassifier, draw_samples, load_classifier, load_generator
from liverlab.finished_stage import find_stage
from liverlab.predictions import patients_tested
from liverlab.training import CHECKPOINT
from liverlab.watched_fit import EMA_CHECKPOINT


def test_the_mean_is_subtracted_and_logits_become_probabilities():
    mean = torch.tensor([0.25, 0.5]).view(1, 1, 1, 2)
    ready = ReadyClassifier(nn.Flatten(), mean)
    # logits 0 and ln 3 are odds of 1 to 3
    images = mean + torch.tensor([0.0, math.log(3)]).view(1, 1, 1, 2)
    assert ready(images).tolist() == [pytest.approx([0.25, 0.75])]


def test_networks_are_loaded_for_use(finished):
    runs = finished / "runs"
    classifier = load_classifier(find_stage("classic-32-acgan-3", ["classifier"], runs))
    generator = load_generator(find_stage("acgan", ["generator"], runs))
    for network in (classifier, generator):
        assert not any(module.training for module in network.modules())
    # the mean of ROIs of HU 100 around lesions of -20 to 20, in the window -100 to 240
    assert 0.3 < float(classifier.mean.mean()) < 0.6
    assert classifier.mean.shape == (1, 1, 64, 64)


def test_a_classifier_whose_mean_holds_a_test_patient_is_not_loaded(finished, tmp_path):
    (folder,) = (finished / "runs").glob("classifier/classic-32-acgan-3-*")
    copied = shutil.copytree(folder, tmp_path / folder.name)
    lineage = json.loads((copied / "lineage.json").read_text())
    assert lineage["images"]["synthetic"] == 9  # 3 of each class and training fold
    (tested, *_) = patients_tested(copied)
    (copied / "lineage.json").write_text(json.dumps(lineage | {"mean_of": [*lineage["mean_of"], tested]}))
    with pytest.raises(AssertionError, match="a test patient is in the mean image"):
        load_classifier(find_stage(str(copied), ["classifier"]))


def test_samples_come_from_the_average_where_the_pool_did(finished, tmp_path):
    (folder,) = (finished / "runs").glob("generator/acgan-*")
    copy = shutil.copytree(folder, tmp_path / folder.name)
    record = json.loads((copy / "stage.json").read_text())
    record["settings"]["acgan"]["ema_decay"] = 0.9
    (copy / "stage.json").write_text(json.dumps(record))
    weights = torch.load(copy / CHECKPOINT, weights_only=True)
    weights["state_dict"]["generator.embedding.weight"][:] = 7
    torch.save(weights, copy / EMA_CHECKPOINT)
    embedding = load_generator(find_stage(str(copy), ["generator"])).generator.embedding.weight
    assert (embedding == 7).all()


def test_a_generator_that_diverged_gives_no_samples(finished, tmp_path):
    (folder,) = (finished / "runs").glob("generator/acgan-*")
    stage = find_stage(str(shutil.copytree(folder, tmp_path / folder.name)), ["generator"])
    weights = torch.load(stage.folder / CHECKPOINT, weights_only=True)
    weights["state_dict"]["generator.embedding.weight"][0] = math.nan
    torch.save(weights, stage.folder / CHECKPOINT)
    assert draw_samples(stage, "metastasis", 2, seed=0).shape == (2, 1, 64, 64)
    with pytest.raises(InputError, match=r"^acgan-\S+ diverged: its images are not finite\."):
        draw_samples(stage, "cyst", 2, seed=0)
