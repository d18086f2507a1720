import numpy as np
import pytest

from liverlab.evaluation.spread import class_spread, mean_distance, share_as_asked, spread_statement

NAMES = ("cyst", "metastasis")
LABELS = np.repeat([0, 1], 60)


def noise(deviation, level=(0.0, 0.0), seed=0):
    rng = np.random.default_rng(seed)
    return np.array(level)[LABELS][:, None, None] + rng.normal(0, deviation, (120, 64, 64))


def test_mean_distance_of_independent_noise_is_sqrt_2_of_its_deviation():
    assert mean_distance(noise(0.3), np.random.default_rng(0)) == pytest.approx(0.3 * np.sqrt(2), rel=0.01)
    assert mean_distance(noise(0.3)[:1], np.random.default_rng(0)) is None


def test_mean_distance_of_three_constant_images_by_hand():
    images = np.array([0.0, 1.0, 3.0])[:, None, None] * np.ones((3, 64, 64))
    assert mean_distance(images, np.random.default_rng(0)) == pytest.approx((1 + 3 + 2) / 3)


def test_ratio_and_note_name_the_collapsed_class_only():
    synthetic = noise(0.3, (0, 1), seed=1)
    synthetic[LABELS == 1] = 1 + 0.1 * (synthetic[LABELS == 1] - 1)
    rows = class_spread(noise(0.3, (0, 1)), LABELS, synthetic, LABELS, NAMES, seed=0)
    assert [row["class"] for row in rows] == list(NAMES)
    assert [row["ratio"] for row in rows] == pytest.approx([1.0, 0.1], rel=0.02)
    assert [row["note"] for row in rows] == ["", "nearly identical (collapsed)"]
    statement = spread_statement(rows, list(NAMES))
    assert "metastasis (nearly identical (collapsed); 0.10 of the real spread)" in statement
    assert "cyst" not in statement


def test_images_that_show_the_class_asked_for_and_images_that_do_not():
    real = noise(0.3, (0, 1))
    assert share_as_asked(real, LABELS, noise(0.3, (0, 1), 1), LABELS, 2, 0) == [1, 1]
    assert share_as_asked(real, LABELS, noise(0.3, (0, 0), 1), LABELS, 2, 0) == [1, 0]
    rows = class_spread(real, LABELS, noise(0.3, (0, 0), 1), LABELS, NAMES, seed=0)
    assert "hardly be told from the pixels in metastasis (0 %), where guessing gives 50 %" in spread_statement(
        rows, list(NAMES)
    )


def test_a_class_without_synthetic_images_has_no_ratio():
    rows = class_spread(noise(0.3, (0, 1)), LABELS, noise(0.3)[:60], LABELS[:60], NAMES, seed=0)
    assert rows[1]["ratio"] is None
    assert rows[1]["as_asked"] is None
    assert "No collapse was found" in spread_statement(rows[1:], list(NAMES))
