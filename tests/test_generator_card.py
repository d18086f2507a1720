import json
import shutil
from importlib.metadata import version

import pytest

from liverlab.finished_stage import find_stage
from liverlab.generator_card import generator_card, last_measures, write_card


@pytest.fixture
def folder(finished, tmp_path):
    (folder,) = (finished / "runs").glob("generator/acgan-*")
    return shutil.copytree(folder, tmp_path / folder.name)


def card_of(folder):
    return generator_card(find_stage(str(folder), ["generator"]))


def test_the_card_counts_what_was_seen_and_names_no_patient(folder):
    card = card_of(folder)
    assert card["cohort"]["patients_seen"] == 6
    assert card["cohort"]["lesions_seen"] == {"cyst": 2, "metastasis": 2, "hemangioma": 2}
    assert not card["cohort"]["digital_phantom"]
    assert card["split"] == {"n_folds": 2, "repeat": 0, "fold": 0}
    assert card["settings"]["acgan"]["lr"] == 1e-4
    assert card["output"] == {"pixels": [64, 64], "range": [-1, 1], "window_hu": (-100, 240)}
    assert card["versions"]["torch"] == version("torch")
    assert card["licence_of_code"] == "Apache-2.0"
    for patient in json.loads((folder / "patients.json").read_text()):
        assert patient not in json.dumps(card)


def test_the_last_value_of_every_measure_is_told_by_class(tmp_path):
    log = tmp_path / "metrics.csv"
    log.write_text(
        "step,d_loss,kid_0,kid_2,label_effect,spread_0\n8,1.5,.3,.2,,1\n16,1.2,,,,\n24,1.1,.1,,.04,.9\n32,1.0,,,,\n"
    )
    expected = {"kid of a": 0.1, "kid of c": 0.2, "label_effect": 0.04, "spread of a": 0.9}
    assert last_measures(log, ("a", "b", "c")) == expected
    assert last_measures(tmp_path / "none.csv", ("a",)) == {}


@pytest.mark.parametrize(
    ("watched", "line"),
    [
        (None, "- not watched"),
        ([], "- nothing found"),
        ([{"kind": "collapsed", "sentence": "Epoch 3: cysts look alike."}], "- Epoch 3: cysts look alike."),
    ],
)
def test_findings_are_repeated(watched, line, folder, tmp_path):
    if watched is not None:
        (folder / "watch.json").write_text(json.dumps(watched))
    else:
        (folder / "watch.json").unlink(missing_ok=True)
    write_card(tmp_path, card_of(folder))
    page = (tmp_path / "generator_card.md").read_text().splitlines()
    assert page[page.index("## Watched during the fit") + 1] == line


def test_the_page_says_it_in_words(folder, tmp_path):
    write_card(tmp_path, card_of(folder))
    page = (tmp_path / "generator_card.md").read_text()
    assert "- to 64 x 64 pixels from -1 to 1, which stand for -100 and 240 HU" in page
    assert "- 6 patients; lesions: 2 cyst, 2 metastasis, 2 hemangioma" in page
    assert "Not for clinical use." in page
    assert json.loads((tmp_path / "generator_card.json").read_text())["name"] == folder.name


def test_a_phantom_is_called_one(folder):
    record = json.loads((folder / "stage.json").read_text())
    (folder / "stage.json").write_text(json.dumps(record | {"needs": ["cohort/phantom-0123456789"]}))
    assert card_of(folder)["limits"][-1].startswith("It saw a digital phantom and no patient")


def test_a_generator_that_saw_every_lesion_says_so(folder, tmp_path):
    assert "training side of one split" in card_of(folder)["limits"][0]
    record = json.loads((folder / "stage.json").read_text())
    record["settings"]["control"] = {"generator_sees": "everybody"}
    (folder / "stage.json").write_text(json.dumps(record))
    write_card(tmp_path, card_of(folder))
    page = (tmp_path / "generator_card.md").read_text()
    assert "- every lesion, also those that classifiers are tested on" in page
    assert "a leak on purpose" in page
    assert "training side" not in page
