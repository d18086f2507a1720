"""The ACGAN's discriminator as a classifier: what it answers, whom it may be asked about, its place in the plan."""

import csv
import json
import math
from dataclasses import asdict

import pytest
import torch
from small_gans import acgan, train
from torch import nn

from data_modules.errors import InputError
from liverlab.arm_data import find_split
from liverlab.arms import arms_of
from liverlab.discriminator_stage import ask_discriminator, class_probabilities
from liverlab.finished_stage import find_stage
from liverlab.pipeline import plan_arm
from liverlab.place import Place
from liverlab.settings import load_experiment
from liverlab.stages import Stage, complete, in_order
from liverlab.training import CHECKPOINT

QUICK = ["profile=smoke", "tracking=none", "classic.size=32"]
NAME = "paper/acgan_discriminator"


def load(*more, name=NAME):
    return load_experiment(name, [*QUICK, *more])


def stages(config, kind):
    return [stage for stage in in_order(plan_arm(config, experiment="e")) if stage.kind == kind]


def known_head(model, *logits):
    """An ACGAN whose discriminator answers the same whatever it is shown: the source's logit and the classes'."""
    with torch.no_grad():
        model.discriminator.body[-1].weight.zero_()
        model.discriminator.body[-1].bias.copy_(torch.tensor(logits))
    return model


def write_acgan(cohort, folder, config, *, patients=None):
    """Folders of the cohort and of an ACGAN of one batch, with 9 for "real" and class shares of 1:2:5."""
    for name in ("cohort", "generator"):
        (folder / name).mkdir(parents=True)
    cohort.save(folder / "cohort")
    model = acgan()
    trainer = train(model)
    known_head(model, 9.0, 0.0, math.log(2), math.log(5))
    trainer.save_checkpoint(folder / "generator" / CHECKPOINT, weights_only=True)
    seen = patients or {cohort.lesions[i].patient_id for i in find_split(cohort, config, Place(0, 1)).train}
    (folder / "generator" / "patients.json").write_text(json.dumps(sorted(seen)))
    return [folder / "cohort", folder / "generator"]


def ask(folder, inputs, config, fold=1):
    ask_discriminator(folder, inputs, config=config, place=Place(0, fold), experiment="e")


class Brightness(nn.Module):
    """Class k gets k times the mean of the image, the source a large number that must not matter."""

    def forward(self, images):
        return torch.cat([torch.full((len(images), 1), 1000.0), images.mean((2, 3)) * torch.arange(3.0)], dim=1)


def test_the_class_head_is_shown_images_in_the_gans_range():
    model = acgan()
    model.discriminator = Brightness()
    levels = torch.tensor([0.0, 0.5, 1.0])  # in (0, 1), so -1, 0 and 1 to the discriminator
    found = class_probabilities(model, levels[:, None, None, None].expand(3, 1, 64, 64))
    for row, level in zip(found.tolist(), (-1, 0, 1), strict=True):
        odds = [math.exp(k * level) for k in range(3)]
        assert row == pytest.approx([x / sum(odds) for x in odds])


@pytest.mark.parametrize("kind", ["odena", "dcgan"])
def test_an_answer_has_no_chance_in_it_and_is_about_one_image_alone(kind):
    model = acgan(discriminator=kind).train()
    torch.manual_seed(0)
    images = torch.rand(4, 1, 64, 64)
    together, alone = class_probabilities(model, images), class_probabilities(model.train(), images[:1])
    assert torch.allclose(together[:1], alone, atol=1e-6)  # neither dropout nor the batch's own statistics


def test_rows_and_counts_of_a_split(tiny_cohort, tmp_path):
    inputs = write_acgan(tiny_cohort, tmp_path, load())
    ask(tmp_path, inputs, load())
    with (tmp_path / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    split = find_split(tiny_cohort, load(), Place(0, 1))
    assert [row["lesion_id"] for row in rows] == [tiny_cohort.lesions[i].lesion_id for i in split.test]
    for row in rows:
        shares = [float(row[f"p_{name}"]) for name in tiny_cohort.class_names]
        assert shares == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=1e-6)
        assert row["predicted"] == tiny_cohort.class_names[2]
    # 32 per fold, 2 folds, 16 lesions: 4 each
    images = json.loads((tmp_path / "training.json").read_text())["images"]
    assert images == {"real": 16, "classic": 48, "synthetic": 0}


def test_a_discriminator_that_saw_a_test_patient_is_refused(tiny_cohort, tmp_path):
    everybody = set(tiny_cohort.patient_ids)
    inputs = write_acgan(tiny_cohort, tmp_path, load(), patients=everybody)
    with pytest.raises(
        InputError, match=r"saw 12 patients, 4 of whom are not on the training side of repeat 0, fold 1"
    ):
        ask(tmp_path, inputs, load())
    (inputs[1] / "patients.json").write_text("[]")  # proves nothing
    with pytest.raises(InputError, match="saw 0 patients"):
        ask(tmp_path, inputs, load())
    assert not (tmp_path / "predictions.csv").exists()


def test_weights_that_are_no_numbers_are_no_result(tiny_cohort, tmp_path):
    inputs = write_acgan(tiny_cohort, tmp_path, load())
    state = torch.load(inputs[1] / CHECKPOINT, weights_only=True)
    state["state_dict"]["discriminator.body.0.bias"].fill_(math.nan)
    torch.save(state, inputs[1] / CHECKPOINT)
    with pytest.raises(InputError, match=r"ACGAN of paper-acgan_discriminator, r0-f1, diverged \(acgan.lr=0.0001\)"):
        ask(tmp_path, inputs, load())


def test_it_shares_the_acgans_of_the_acgan_arm_and_draws_no_pool():
    mine, theirs = load(), load(name="paper/acgan")
    assert [s.key for s in stages(mine, "generator")] == [s.key for s in stages(theirs, "generator")]
    assert not stages(mine, "pool")
    found = stages(mine, "classifier")
    assert [stage.name for stage in found] == [f"acgan-discriminator-classic-32-r0-f{fold}" for fold in range(3)]
    assert not {stage.key for stage in found} & {stage.key for stage in stages(theirs, "classifier")}
    assert not any(stage.on_all_ranks or stage.resumes for stage in found)


@pytest.mark.parametrize(
    ("setting", "same"),
    [
        ("synthetic.size=3", True),
        ("synthetic.pool_size=99", True),
        ("classifier.epochs=9", True),
        ("acgan.lr=1e-3", False),
        ("classic.size=40", False),
        ("control.reseed=1", False),
        ("seed=1", False),
    ],
)
def test_what_changes_the_stage(setting, same):
    keys = [[stage.key for stage in stages(config, "classifier")] for config in (load(), load(setting))]
    assert (keys[0] == keys[1]) is same


def test_the_table_has_the_six_published_rows_and_no_stage_twice():
    arms = arms_of("paper/table", ["profile=laptop"])
    planned = in_order([stage for arm in arms for stage in plan_arm(arm, experiment="t")])
    kinds = [stage.kind for stage in planned]
    assert {kind: kinds.count(kind) for kind in ("generator", "pool", "classifier")} == {
        "generator": 12, "pool": 6, "classifier": 18,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["generator=dcgan"], "the generator is dcgan; set generator=acgan"),
        (["generator=none"], "the generator is none; set generator=acgan"),
        (["augmentation=none"], "set augmentation=classic"),
        (["control.permuted_labels=true"], "control.permuted_labels has no place there"),
        (["curve.setting=synthetic.size", "curve.values=[1,2]"], "synthetic.size has no effect on a discriminator"),
    ],
)
def test_impossible_settings_are_named(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        load(*settings)


def test_it_is_no_network_to_export_or_to_ask(tmp_path):
    def write(folder, inputs):
        (folder / "predictions.csv").touch()

    complete(Stage("classifier", "acgan-discriminator-classic-32-r0-f0", {"discriminator": "acgan"}, write), tmp_path)
    with pytest.raises(InputError, match=r"^acgan-disc.* is part of a GAN, .* neither exported nor asked\. Name a cl"):
        find_stage("acgan-discriminator", ["classifier"], tmp_path)


def test_its_scores_are_tracked(tiny_cohort, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("liverlab.discriminator_stage.track_scores", lambda *given: told.append(given))
    ask(tmp_path, write_acgan(tiny_cohort, tmp_path, load()), load())
    assert told == [(load(), tmp_path, Place(0, 1), "e", asdict(load().acgan))]
