from math import sqrt

import numpy as np
import pytest
from lesion_textures import CLASSES, image_set, textures

from liverlab.quality.copy_row import Seen, copy_rows

TRAIN = image_set(textures(30, 1, 16), 2)


def far(count, seed, patients=None):
    """Images about as far from every training lesion, in turns of each class."""
    distances = np.random.default_rng(seed).uniform(0.5, 0.8, (count, 30)).astype(np.float32)
    labels = np.arange(count) % 3
    return Seen(distances, labels, np.arange(count) if patients is None else patients)


def with_copies(seen, share):
    """The first of each class are near one lesion of their class."""
    distances = seen.distances.copy()
    for i in range(round(share * len(distances))):
        distances[i, i % 30] = 0.05
    return Seen(distances, seen.labels, seen.patients)


def rows_of(seen, held_out):
    return {row.class_name: row for row in copy_rows("synthetic", seen, held_out, TRAIN, CLASSES)}


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_a_known_rate_of_copies_is_found(share):
    rows = rows_of(with_copies(far(300, 0), share), far(60, 3))
    assert list(rows) == ["all", *CLASSES]
    for name, row in rows.items():
        assert share <= row.copy_rate < share + (0.08 if name == "all" else 0.16)
        assert row.interval[0] < share <= row.interval[1]
        assert (row.copies, row.near_rate) == (round(row.copy_rate * row.count), pytest.approx(row.copy_rate, abs=0.1))
    assert rows["all"].flagged
    assert rows["all"].sentence.startswith("Copies: ")
    assert rows["cyst"].flagged == (share > 0.2)  # 20 patients of a class notice 1 - (.05 / 4) ** (1/20) = 20 %
    assert rows["cyst"].noticed_from == pytest.approx(0.2, abs=0.03)
    assert rows["cyst"].expected_rate == pytest.approx(1 / 21)


def test_without_copies_nothing_is_flagged_and_the_sentence_says_what_would_be():
    row = rows_of(far(300, 0), far(60, 1))["all"]
    assert not row.flagged
    assert row.p > 0.05
    assert "Copies would be noticed from 8% on" in row.sentence  # 1 - (.05 / 4) ** (1/60), and a little, for 300
    assert row.neighbour_ratio == pytest.approx(row.held_out_ratio, abs=0.02)


def test_images_that_are_nearer_to_all_lesions_alike_are_smooth_and_no_copies():
    real = far(300, 0)
    row = rows_of(Seen(0.6 * real.distances, real.labels, real.patients), far(60, 1))["all"]
    assert row.near_rate == 1.0
    assert row.c_t == pytest.approx(-sqrt(3 * 100 * 20 / 121))  # every pair of every class
    assert not row.flagged


def test_lesions_of_few_patients_say_less():
    few = far(60, 1, patients=np.arange(60) // 6)
    assert rows_of(far(300, 0), few)["all"].noticed_from == pytest.approx(1 - (0.05 / 4) ** (1 / 10), abs=0.01)


def test_too_few_are_said_and_judged_by_nobody():
    held_out = far(60, 1)
    rows = rows_of(far(9, 0), held_out.where(np.flatnonzero(held_out.labels != 2)[:40]))
    assert rows["hemangioma"].sentence == "No finding: 0 held-out patients with hemangioma are too few, 5 are needed."
    assert np.isnan(rows["hemangioma"].p)
    assert not rows["hemangioma"].flagged
    assert rows["all"].count == 6  # the classes that both have
    assert rows_of(far(0, 0), held_out)["all"].sentence.startswith("No finding: there are no images")
    two = copy_rows("synthetic", far(9, 0), held_out, image_set(TRAIN.images, 15), CLASSES)
    assert two[0].sentence == "No finding: 2 training patients are too few, 3 are needed."
    assert rows_of(far(1, 0), held_out.where(np.arange(0, 15, 3)))["all"].sentence.startswith("No finding: with so few")


def test_all_classes_are_judged_in_the_mixture_of_the_held_out_lesions():
    held_out = far(90, 1)
    mixed = held_out.where(np.flatnonzero((held_out.labels == 0) | (np.arange(90) < 45)))  # 30, 15, 15
    assert rows_of(far(60, 0), mixed)["all"].count == 20 + 10 + 10
