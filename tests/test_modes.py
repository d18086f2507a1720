import numpy as np
import pytest

from liverlab.quality.measured import Measured
from liverlab.quality.modes import mode_finding

COMMON = np.array([-2.0, -1.0, 1.0, 2.0])  # standard deviation sqrt(2.5)


def pair(measure, synthetic, train, *, error=0.01, space="radiomics", class_name="cyst", common=0.0):
    """Synthetic and training rows whose difference has a standard error."""
    own, shared = error * COMMON / COMMON.std(), common * COMMON[::-1] ** 3
    about = {"class_name": class_name, "measure": measure, "count": 60, "reference": 20, "features": space}
    return [
        Measured(images="synthetic", value=synthetic, draws=synthetic + shared + own, **about),
        Measured(images="train", value=train, draws=train + shared, **about),
    ]


def rows(recall=(0.9, 0.9), coverage=(0.97, 0.97), precision=(0.9, 0.9), **about):
    return [
        *pair("recall", *recall, **about),
        *pair("coverage", *coverage, **about),
        *pair("precision", *precision, **about),
    ]


def test_a_generator_like_training_lesions_is_not_flagged():
    assert mode_finding(rows()) == []
    assert mode_finding(rows(recall=(1.0, 0.8), coverage=(1.0, 0.8))) == []  # better is no fault


def test_the_sentence_names_space_class_values_and_error():
    [found] = mode_finding(rows(recall=(0.62, 0.93), error=0.07, class_name="metastasis"))
    assert (found["class"], found["space"]) == ("metastasis", "radiomics")
    assert found["sentence"] == (
        "In the features radiomics, 62% of the held-out lesions of class metastasis lie among the synthetic images, "
        "93% among as many training lesions: 31 points fewer, with a standard error of 7."
    )


def test_coverage_alone_is_enough_and_all_classes_are_said_in_words():
    [found] = mode_finding(rows(coverage=(0.8, 0.97), class_name="all", space="random"))
    assert found["sentence"] == (
        "In the features random, 80% of the held-out lesions of all classes have a synthetic image nearby, 97% one of "
        "as many training lesions: 17 points fewer, with a standard error of 1."
    )


def test_both_are_one_finding():
    [found] = mode_finding(rows(recall=(0.5, 0.9), coverage=(0.8, 0.97)))
    assert found["sentence"].count("points fewer") == 2


def test_images_unlike_any_lesion_are_called_so():
    [found] = mode_finding(rows(recall=(0.1, 0.9), precision=(0.2, 0.9)))
    assert found["sentence"].endswith(
        "Of the synthetic images 20% lie among held-out lesions, of training lesions 90%: they may be unlike any real "
        "lesion rather than of too few kinds."
    )


@pytest.mark.parametrize(
    ("lack", "error", "flagged"),
    [(0.10, 0.04, True), (0.10, 0.06, False), (0.06, 0.001, True), (0.04, 0.001, False)],
)
def test_clear_is_two_standard_errors_and_five_points(lack, error, flagged):
    assert bool(mode_finding(rows(recall=(0.9 - lack, 0.9), error=error))) is flagged


def test_what_the_draws_have_in_common_does_not_count():
    assert mode_finding(rows(recall=(0.8, 0.9), error=0.01, common=1.0))


def test_every_space_and_class_is_judged_by_itself():
    measured = rows(recall=(0.5, 0.9)) + rows(space="random") + rows(recall=(0.5, 0.9), class_name="all")
    assert [(found["space"], found["class"]) for found in mode_finding(measured)] == [
        ("radiomics", "cyst"),
        ("radiomics", "all"),
    ]


def test_without_training_lesions_or_numbers_nothing_is_said():
    alone = [row for row in rows(recall=(0.1, 0.9)) if row.images == "synthetic"]
    assert mode_finding(alone) == []
    assert mode_finding(rows(recall=(np.nan, np.nan), coverage=(np.nan, np.nan))) == []
    assert mode_finding(rows(recall=(0.1, 0.9), error=np.nan)) == []
