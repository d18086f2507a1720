from dataclasses import replace

import numpy as np
import pytest
from lesion_textures import CLASSES, image_set, split_images, textures

from liverlab.quality.copy_controls import HELD_OUT, MOST_PER_CLASS, NOISE_SD, copied_sets, halved_rows, instrument
from liverlab.quality.copy_row import CopyRow, Seen


def test_the_copied_sets():
    images = split_images()
    many = image_set(images.classic.images.repeat(15, 1, 1, 1))
    sets = copied_sets(replace(images, classic=many), seed=0)
    assert np.bincount(sets["copycat"].labels).tolist() == [MOST_PER_CLASS] * 3
    noise = sets["noise"].images - images.train.images
    assert noise.std().item() == pytest.approx(NOISE_SD, rel=0.05)
    assert sets["noise"].images.min() >= 0
    assert sets["noise"].images.max() <= 1


def test_halves_share_no_patient_and_their_middle_p_is_reported():
    train = image_set(textures(30, 1, 16), 2)
    distances = np.random.default_rng(0).uniform(0.5, 0.8, (90, 30)).astype(np.float32)
    test = Seen(distances[:60], np.arange(60) % 3, np.arange(60) // 3)
    rest = Seen(distances[60:], train.labels, 100 + train.patients)
    rows = halved_rows(test, rest, train, CLASSES, seed=0)
    assert [(row.count, row.held_out, row.held_out_patients) for row in rows] == [(30, 60, 25)] + [(10, 20, 20)] * 3
    assert not any(row.flagged for row in rows)
    assert rows[0].p > 0.2  # the middle one of 21, where p is at least uniform
    assert rows == halved_rows(test, rest, train, CLASSES, seed=0)


def rows(copycat, noise, held_out):
    flagged = {"copycat": copycat, "noise": noise, HELD_OUT: held_out}
    return {
        name: [CopyRow(name, "all", 9, 9, 9, p=0.0004 if each else 0.3, flagged=each)] for name, each in flagged.items()
    }


@pytest.mark.parametrize(
    ("found", "works", "words"),
    [
        ((True, True, False), True, "The instrument works"),
        ((False, True, False), False, "training lesions under classic transforms were not flagged"),
        ((True, False, False), False, "training lesions with noise on top were not flagged"),
        ((True, True, True), False, "lesions of held-out patients were flagged"),
    ],
)
def test_the_instrument_works_if_all_three_come_out_as_they_must(found, works, words):
    result, sentence = instrument(rows(*found))
    assert result == works
    assert words in sentence


def test_a_control_without_images_is_not_judged_and_no_failure():
    found = rows(True, True, False) | {"copycat": [CopyRow("copycat", "all", 0, 9, 9)]}
    works, words = instrument(found)
    assert works
    assert "data: training lesions with noise on top were flagged as copies" in words
    nothing = found | {"noise": [CopyRow("noise", "all", 0, 9, 9)]}
    assert instrument(nothing) == (
        False, "The instrument could not be tried on these data: too few lesions for any control.",
    )  # fmt: skip
