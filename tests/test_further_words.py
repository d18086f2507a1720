import pytest
from fake_run import write_fake_run
from sklearn.metrics import brier_score_loss, log_loss
from test_page import Page, report

from liverlab.report.further_words import further_section


def test_a_class_that_was_never_called_is_named():
    arms = {"classic": {"further_classes": {"cyst": {"called": 3}, "metastasis": {"called": 0}}}}
    found = further_section({"arms": arms, "class_names": ["cyst", "metastasis"]})
    (sentence,) = found["never_called"]
    assert sentence.startswith("classic never called a lesion metastasis:")


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_guessing(classes):
    labels = list(range(classes))
    p = [[1 / classes] * classes] * classes
    found = further_section({"arms": {}, "class_names": labels})["guessing"]
    assert found["log_loss"] == pytest.approx(log_loss(labels, p))
    assert found["brier"] == pytest.approx(brier_score_loss(labels, p, scale_by_half=False))


def test_in_the_page(tmp_path):
    skill = {"classic": 0.65, "acgan": 0.7}
    page = Page(report(write_fake_run(tmp_path, skill, arm="acgan", baseline="classic")))
    for expected in ("Further metrics", "would have 0.667 and 1.099", "When an arm says “cyst”"):
        assert expected in page.text
