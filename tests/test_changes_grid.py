import json

import numpy as np
import pytest
from fake_run import write_fake_run
from test_page import Page, report

from liverlab.report.changes_grid import changes_sentence, seeds_sentence


@pytest.fixture
def folder(tmp_path):
    return write_fake_run(tmp_path, {"classic": 0.6, "acgan": 0.7}, arm="acgan", baseline="classic")


@pytest.mark.parametrize(("gained", "lost", "left"), [(9, 4, "5 more"), (4, 9, "5 fewer"), (4, 4, "as many")])
def test_gains_and_losses_in_words(gained, lost, left):
    total = {"both": 100, "gained": gained, "lost": lost, "neither": 20}
    sentence = changes_sentence({"arm": "acgan", "baseline": "classic"}, total, 1)
    assert f"acgan got {gained} lesions right that classic got wrong, and {lost} wrong" in sentence
    assert f"{left} in all, out of {120 + gained + lost}." in sentence


def test_with_repeats_they_are_answers_and_not_lesions():
    total = {"both": 700, "gained": 60, "lost": 40, "neither": 110}
    sentence = changes_sentence({"arm": "a", "baseline": "b"}, total, 5)
    assert sentence == (
        "a got 60 answers right that b got wrong, and 40 wrong that b got right: 20 more in all, out of 910 answers "
        "(182 lesions in each of 5 repeats)."
    )


def test_seeds_alone():
    assert seeds_sentence(None, 1) == ""
    assert "7 lesions were gained and 6 lost" in seeds_sentence({"gained": 7, "lost": 6}, 1)
    assert "7 answers were gained and 6 lost" in seeds_sentence({"gained": 7, "lost": 6}, 2)


def test_pseudonyms_and_images_in_the_page(folder):
    page = Page(report(folder))
    shown = json.loads((folder / "metrics.json").read_text())["changes"]["shown"]
    lesions = [change["lesion_id"] for part in shown.values() for change in part]
    assert lesions
    assert all(lesion in page.text for lesion in lesions)
    assert "hold no images of them" in page.text
    images = np.full((len(lesions), 64, 64), 90, dtype=np.uint8)
    np.savez(folder / "changes.npz", lesions=np.array(lesions), images=images)
    page = Page(report(folder))
    assert sum(any(image["alt"].endswith(lesion) for lesion in lesions) for image in page.all("img")) == len(lesions)
    assert "hold no images of them" not in page.text


def test_the_table_says_what_it_counts(tmp_path):
    for repeats, unit in ((1, "Lesions by class."), (2, "Answers by class: one of each lesion in each repeat.")):
        shape = {"arm": "acgan", "baseline": "classic", "repeats": repeats}
        page = Page(report(write_fake_run(tmp_path / str(repeats), {"classic": 0.6, "acgan": 0.7}, **shape)))
        assert unit in page.text


def test_lesions_without_an_image_are_counted(folder):
    report(folder)
    shown = json.loads((folder / "metrics.json").read_text())["changes"]["shown"]
    lesions = [change["lesion_id"] for part in shown.values() for change in part]
    images = np.full((len(lesions) - 2, 64, 64), 90, dtype=np.uint8)
    np.savez(folder / "changes.npz", lesions=np.array(lesions[2:]), images=images)
    assert f"Of 2 of the {len(lesions)} lesions the files of this run hold no image." in Page(report(folder)).text


def test_arms_that_agree_on_everything(tmp_path):
    folder = write_fake_run(tmp_path, {"classic": 0.6}, arm="classic", baseline=None)
    assert "Lesions gained and lost" not in Page(report(folder)).text
