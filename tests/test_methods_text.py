import json
import re

import pytest
from fake_holdout import write_fake_holdout
from full_run import CHOSEN, QUALITY, TWO, write_full_run

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.rule import Rule, freeze
from liverlab.report.known_facts import Facts, read_facts
from liverlab.report.methods_text import methods_text, write_methods

# a word that stands for each thing a run may have used
WORDS = {
    "folds": "cross-validation",
    "holdout": "hold-out side",
    "holm": "Holm",
    "mcnemar": "McNemar",
    "corrected_t": "Nadeau and Bengio",
    "flips": "permutation test",
    "rule": "A benefit needed",
    "wilson": "Wilson",
    "owen": "deviation of a sample of repeats",
    "acgan": "ACGAN",
    "dcgan": "DCGAN",
    "attempts": "begun again with another seed",
    "worth": "isotonic",
    "bovw": "bag of visual words",
    "head": "class head of a generator",
    "quality": "kernel inception distance",
    "copies": "Copies of training lesions",
    "a_a": "A/A",
    "second": "trained once more with the published budget",
    "frozen": "frozen when the run began",
    "nested": "nested selection",
    "author": "[Author to complete",
    "leak": "a control, on images of all lesions",
    "calibration": "temperature",
    "chosen": "was the best of 2 arms on the test lesions, which favours it",
    "seen": "Generators of acgan saw the tested patients, on purpose",
}
ALWAYS = {"folds", "mcnemar", "flips", "rule", "corrected_t"}  # of a pair of arms compared over folds
THREE = {"no_aug": 0.5, **TWO}
VARIANTS = {
    "pair": ({"generator": None}, ALWAYS),
    "acgan": ({}, ALWAYS | {"acgan", "attempts"}),
    "dcgan": ({"generator": "dcgan"}, ALWAYS | {"dcgan", "attempts"}),
    "one arm": ({"skill": {"classic": 0.6}, "generator": None}, {"folds"}),
    "declared pairs": (
        {"skill": THREE, "generator": None, "changes": {"also_compare": [["classic", "no_aug"]]}},
        ALWAYS | {"holm"},
    ),
    "all right": ({"skill": {"classic": 0.6, "acgan": 9.0}, "generator": None}, ALWAYS | {"wilson"}),
    "quality": ({"quality": QUALITY}, ALWAYS | {"acgan", "attempts", "quality", "copies"}),
    "patients": ({"generator": None, "changes": {"cohort.phantom": False}}, ALWAYS | {"author"}),
    "words": ({"generator": None, "changes": {"arms.acgan.steps": None}}, ALWAYS | {"bovw"}),
    "head": ({"changes": {"arms.acgan.steps": None}}, ALWAYS | {"acgan", "attempts", "head"}),
    "a_a": ({"generator": None, "changes": {"noise_floor": ["acgan", "classic"]}}, ALWAYS | {"a_a"}),
    "second": (
        {"skill": THREE, "generator": None, "changes": {"by_epochs": {"classic": "no_aug"}}},
        ALWAYS | {"second"},
    ),
    "nested": ({"generator": None, "changes": {"arms.acgan.choices": [{"size": 100}]}}, ALWAYS | {"nested"}),
    "leak": ({"changes": {"arms.acgan.leak_on_purpose": True}}, ALWAYS | {"acgan", "attempts", "leak", "seen"}),
    "chosen": (CHOSEN, ALWAYS | {"chosen"}),
}


def text_of(folder):
    return " ".join(methods_text(read_facts(folder))[0].values())


def with_arms(facts, changes):
    """The text on statistics after a change of every arm."""
    kept = ("accuracy", "specificity", "macro_sensitivity", "per_class")
    arms = {name: {key: arm[key] for key in kept} | changes for name, arm in facts["metrics.arms"].items()}
    metrics = facts["metrics"] | {"arms": arms}
    return methods_text(Facts(**facts.parts | {"metrics": metrics}))[0]["Statistical analysis"]


def used(text):
    return {name for name, word in WORDS.items() if word in text}


@pytest.mark.parametrize("name", VARIANTS)
def test_only_what_was_used_is_named(tmp_path, name):
    settings, expected = VARIANTS[name]
    assert used(text_of(write_full_run(tmp_path, **settings))) - {"calibration"} == expected


def test_hold_out_with_a_curve_of_real_lesions(tmp_path):
    folder = write_fake_holdout(tmp_path)
    evaluate(folder, draws=200, flips=200)
    text = text_of(folder)
    assert used(text) - {"calibration"} == {"holdout", "flips", "rule", "mcnemar", "owen", "worth"}
    assert "A hold-out side of 57 lesions of 30 patients was tested on in each of 3 repeats" in text
    assert "averaged over repeats" in text


def test_calibration_is_named_where_it_was_measured(tmp_path):
    facts = read_facts(write_full_run(tmp_path))
    text = with_arms(facts, {"reliability": {}, "further": {"mcc": {"estimate": 0.5, "interval": None}}})
    assert "temperature of best fit" in text
    assert "Described beside them: Matthews’ correlation" in text
    assert "Brier" not in text


def test_what_came_from_fewer_samples_is_said(tmp_path):
    folder = write_full_run(tmp_path, generator=None)
    assert "of these samples" not in text_of(folder)  # of 200 all were used
    evaluate(folder, draws=600, flips=100)
    text = text_of(folder)
    assert "600 bootstrap samples of patients" in text
    assert "every arm and metric" not in text
    assert (
        "ROC curves and their areas, average precision, Brier score, log-loss and calibration got the first 500 of "
        "these samples." in text
    )


def test_wilson_is_named_for_every_kind_of_proportion(tmp_path):
    facts = read_facts(write_full_run(tmp_path, generator=None))
    one = {"estimate": 1.0, "interval": [0.9, 1.0]}
    for name, further in (
        ("ppv", {"further_classes": {"cyst": {"called": 19, "ppv": one}}}),
        ("npv", {"further": {"npv": one}}),
        ("reliability", {"reliability": {"points": [{"correct": 1.0, "interval": [0.9, 1.0]}]}}),
    ):
        assert "Wilson" in with_arms(facts, further), name
    for name, further in (
        ("mcc", {"further": {"mcc": one}}),
        ("without interval", {"further": {"npv": one | {"interval": None}}}),
    ):
        assert "Wilson" not in with_arms(facts, further), name


def test_calibration_of_a_holdout_holds_no_repeats(tmp_path):
    folder = write_fake_holdout(tmp_path)
    evaluate(folder, draws=200, flips=200)
    assert "but not of calibration, the deviation of a sample of repeats was added" in text_of(folder)


def test_images_of_a_leak_were_not_unseen(tmp_path):
    pool = QUALITY["pools"][0]
    quality = QUALITY | {"pools": [pool | {"leak": True}]}
    assert "no generator had seen one, beside" in text_of(write_full_run(tmp_path / "no", quality=QUALITY))
    text = text_of(write_full_run(tmp_path / "leak", quality=quality))
    assert "of whom no generator had seen one but those of acgan, on purpose, beside" in text


def test_measures_of_nearest_neighbours_have_samples_of_their_own(tmp_path):
    text = text_of(write_full_run(tmp_path / "near", quality=QUALITY))
    assert "samples of patients; for density and coverage each patient of a sample counted once [" in text
    pool = QUALITY["pools"][0] | {"rows": [{"features": "radiomics", "measure": "kid"}]}
    text = text_of(write_full_run(tmp_path / "far", quality=QUALITY | {"pools": [pool]}))
    assert "counted once" not in text


def test_what_the_search_for_leaks_noted_is_told(tmp_path):
    checks = [
        {"check": "DCGAN_aug: trained on labels dealt out anew", "result": "0.9 right", "verdict": "noted"},
        {"check": "Patients on both sides of a split", "result": "0 in 3 splits", "verdict": "clean"},
    ]
    text = text_of(write_full_run(tmp_path, generator=None, changes={"leak_checks": checks}))
    assert "training: DCGAN_aug: trained on labels dealt out anew; Patients on both sides of a split." in text
    assert "Noted: DCGAN_aug: trained on labels dealt out anew (0.9 right)." in text


def test_the_frozen_rule_is_named_with_its_numbers(tmp_path):
    rule = Rule(draws=200, flips=200, rope=0.02)
    freeze(tmp_path, rule)
    text = text_of(write_full_run(tmp_path))
    assert "frozen" in used(text)
    assert f"(rule {rule.hash})" in text
    assert "200 bootstrap samples of patients" in text
    assert "exchanged the arms within random sets of patients, 200 times" in text
    assert "p < 0.05 and a probability of an advantage above 97.5 %" in text
    assert "within 2 percentage points" in text


def test_the_published_settings_in_words(tmp_path):
    text = text_of(write_full_run(tmp_path))
    for part in (
        "57 lesions of 30 simulated patients",
        "64 × 64 pixels; values from −100 to 240",
        "rotated each lesion 30 times, by 0 to 180°",
        "flipped (3 times), translated (7 times, by up to 4 pixels or 0.1 lesion diameters",
        "3 pairs of 3 × 3 convolution and 2 × 2 max-pooling (32, 64, 128 filters), a dense layer of 256 units",
        "Nesterov momentum of 0.9, a learning rate of 0.001, batches of 64",
        "1,500 optimizer steps in every arm",
        "100 uniform random numbers",
        "learning rate 0.0001, betas 0.5 and 0.999",
        "PyTorch 2.13.0",
        "Seeds were 7 for splits, images and networks and 0 for bootstrap",
    ):
        assert part in text
    assert "None" not in text


def test_no_result_stands_in_it(tmp_path):
    folder = write_full_run(tmp_path, {"classic": 0.6, "acgan": 0.75})
    metrics, text = json.loads((folder / "metrics.json").read_text()), text_of(folder)
    comparison = metrics["comparison"]
    shown = [100 * arm["accuracy"]["estimate"] for arm in metrics["arms"].values()]
    shown += [100 * comparison["estimate"], 100 * comparison["detectable"]]
    assert not [value for value in shown if f"{value:.1f}" in text]
    assert comparison["verdict"] not in text.replace("all else was inconclusive", "").replace("A benefit needed", "")


def test_a_run_that_knows_little_is_given_few_words(tmp_path):
    folder = write_full_run(tmp_path, generator=None)
    run = json.loads((folder / "run.json").read_text())
    for key in ("leak_checks", "networks", "versions"):
        del run[key]
    (folder / "run.json").write_text(json.dumps(run | {"config_yaml": "name: fake\n"}))
    paragraphs, _ = methods_text(read_facts(folder))
    assert "Software" in paragraphs
    assert "liverlab" not in paragraphs["Software"]
    assert "searched for leaks" not in paragraphs["Design"]
    assert "rotated" not in " ".join(paragraphs.values())
    assert "Augmentation and generators" in paragraphs  # the numbers of images are in run.json


def test_markdown_with_numbered_references(tmp_path):
    folder = write_full_run(tmp_path)
    write_methods(folder, read_facts(folder))
    text = (folder / "methods.md").read_text()
    body, references = text.split("## References")
    assert body.startswith("# Methods\n\n**Data.** The data were a digital phantom")
    cited = [int(number) for number in re.findall(r"\[(\d+)[\],]", body)]
    assert min(cited) == 1
    assert references.strip().splitlines()[0].startswith("1. Frid-Adar")
    assert max(cited) == len(references.strip().splitlines())
    assert "[@" not in text
