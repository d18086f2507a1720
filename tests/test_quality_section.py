"""The two sections of the page, on a run's folder with invented measurements."""

import json

import numpy as np
import pytest
from fake_quality import FOUND, write_fake_quality
from fake_run import CLASSES, write_fake_run
from test_page import Page, report

from liverlab.evaluation.evaluate import write_json
from liverlab.report.quality_section import quality_section


def write(folder, **given):
    """A run with a generator and what was measured of its images; the findings go where the run's own would."""
    write_fake_run(folder, {"classic": 0.65, "acgan": 0.7}, arm="acgan", baseline="classic", generator="acgan")
    found = write_fake_quality(folder, folder / "runs", "acgan", **given)
    facts = json.loads((folder / "run.json").read_text())
    write_json(folder / "run.json", facts | {"quality_findings": found})
    return folder


def section(folder):
    """What the includes are given."""
    run = json.loads((folder / "run.json").read_text())
    metrics = {"generators": run["generators"], "arms": run["arms"], "class_names": run["class_names"]}
    return quality_section(folder, metrics, run)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return report(write(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_sentences_before_numbers_and_every_figure_beside_its_floors(text, page):
    assert text.index("lesions are covered about as well by the synthetic images") < text.index("Coverage: share of")
    labels = [svg.get("aria-label", "") for svg in page.all("svg")]  # a legend has none
    # means of three folds, each a hundredth above the one before
    for begin, values in (
        ("KID", "Synthetic 0.320, Training lesions 0.030, Classic images 0.050"),
        ("Accuracy", "Synthetic 0.620, Training lesions 0.690, Classic images 0.670"),
        ("MS-SSIM", "cyst, synthetic 0.420, cyst, training lesions 0.220, metastasis"),
    ):
        assert [label for label in labels if label.startswith(begin) and values in label]
    assert sum("frequencies outside the held-out band: acgan 30 %" in label for label in labels) == len(CLASSES)


def test_images_of_a_leak_are_not_said_to_be_of_unseen_patients(tmp_path, page):
    assert "whom neither generator nor classifier saw, in features" in page.text
    folder = write(tmp_path)
    quality = json.loads((folder / "quality.json").read_text())
    quality["pools"][0]["leak"] = True
    write_json(folder / "quality.json", quality)
    expected = "neither generator nor classifier saw (but the generators of acgan, on purpose), in features"
    assert expected in Page(report(folder)).text


def test_the_page_stays_one_that_everybody_can_read(text, page):
    assert page.outside == []  # every table scrolls inside a box
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert all(image["alt"] for image in page.all("img"))
    assert len(text) < 1_500_000


def test_every_measure_by_class_is_in_the_details(text):
    table = text.split('aria-label="Quality of the synthetic images of acgan"')[1].split("</table>")[0]
    for space in ("In radiomics", "In random networks", "In the split’s CNN", "In the images themselves"):
        assert space in table
    # the CNN was fitted on the training side: its features tell nothing of training images
    block = table.split("In the split’s CNN")[1].split("In the images themselves")[0]
    assert "training lesions" not in block
    assert block.count('<td class="text">synthetic</td>') == 9  # of the ten measures, trtr is one of real images


def test_no_sign_of_copies_beside_controls_that_were_found(text, page):
    assert "No sign of copies." in page.text
    assert "The same search found the copies that were planted to test it" in page.text
    table = text.split('aria-label="Search for copies in acgan"')[1].split("</table>")[0]
    assert table.count("<td>flagged</td>") == 2  # both that are copies
    assert "The 12 closest pairs" in page.text  # four of three splits
    pairs = [image["alt"] for image in page.all("img") if "nearest training lesion" in image["alt"]]
    assert len(pairs) == 12
    assert pairs[0].endswith("cyst, 0.20")
    assert "are copies of training lesions" not in page.text


def test_copies_are_told_beside_the_verdict(tmp_path):
    found = Page(report(write(tmp_path, found=FOUND | {"synthetic": True})))
    classes = "of cyst, metastasis and hemangioma"
    assert f"Copies of training lesions were found among the images {classes}." in found.text
    assert f"Some synthetic images of acgan are copies of training lesions {classes}" in found.text


def test_kinds_that_are_left_out_are_told_beside_the_verdict(tmp_path):
    found = Page(report(write(tmp_path, values={("cyst", "coverage"): (0.4, 0.9, 0.9)})))
    assert "The synthetic images of acgan leave held-out lesions of cyst uncovered that real training" in found.text
    assert "Where the images of acgan fall short" in found.text
    assert "lesions of class cyst have a synthetic image nearby" in found.text


def test_without_a_cnn_of_the_split_the_rest_stands(tmp_path):
    found = section(write(tmp_path, cnn=False))
    ((arm, (sentence,)),) = found["missing"]
    assert (arm, sentence[:40]) == ("acgan", "The split’s CNN lends no features: the r")
    assert found["statements"][0][1][0].startswith("Held-out lesions are covered")


def test_too_few_images_say_so_and_the_rest_stands(tmp_path):
    measures = ("precision", "recall", "density", "coverage")
    found = section(write(tmp_path, values={("cyst", measure): (np.nan, np.nan, np.nan) for measure in measures}))
    ((_, (first, second)),) = found["missing"]
    assert first == "Too few images of cyst for Precision, Recall, Density and Coverage."
    assert "need at least 6 images of each class" in second
    assert found["statements"][0][1][0].startswith("Held-out lesions are covered")


def test_a_run_whose_images_were_not_measured_says_so_and_one_without_any_says_nothing(tmp_path):
    folder = tmp_path / "run"
    write_fake_run(folder, {"a": 0.6, "b": 0.6}, arm="b", baseline="a", generator="acgan")
    found = Page(report(folder))
    assert "neither compared with held-out lesions nor searched for copies: there is no quality.json" in found.text
    assert "Are they copies?" not in found.text
    plain = write_fake_run(tmp_path / "plain", {"a": 0.6, "b": 0.6}, arm="b", baseline="a")
    assert section(plain) is None


def test_a_missing_gallery_leaves_the_rest(tmp_path):
    folder = write(tmp_path)
    (folder / "gallery.npz").unlink()
    (block,) = section(folder)["copies"]
    assert block["pairs"] == []
    assert block["sentences"][0].startswith("No sign of copies.")


def test_names_are_text_never_markup(tmp_path):
    names = {"classes": ("<u>one", "two & $y$")}
    folder = write_fake_run(tmp_path, {"<b>": 0.6, 'a"&b': 0.7}, arm='a"&b', baseline="<b>", generator="acgan", **names)
    write_fake_quality(folder, tmp_path / "runs", 'a"&b', **names)
    found = Page(report(folder))
    assert "<u>one" in found.text
    assert not found.all("u")
