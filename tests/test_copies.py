import json
from dataclasses import replace

import numpy as np
import pytest
from lesion_textures import CLASSES, split_images

from liverlab.quality.copies import PAIRS, find_copies, gallery, left_out
from liverlab.quality.orbit import orbit


@pytest.fixture(scope="module")
def copied():
    images = split_images(copies=15, fresh=45)
    return images, find_copies(images, seed=0)


def test_planted_copies_are_found_and_the_controls_come_out_as_they_must(copied):
    _, report = copied
    assert list(report.rows) == ["synthetic", "copycat", "noise", "held_out"]
    assert all([row.class_name for row in rows] == ["all", *CLASSES] for rows in report.rows.values())
    assert report.instrument_works
    assert report.flagged
    (row, *_) = report.rows["synthetic"]
    assert row.copy_rate == pytest.approx(15 / 60, abs=0.05)
    assert report.sentence == row.sentence
    assert report.rows["copycat"][0].copy_rate == report.rows["noise"][0].copy_rate == 1.0


def test_the_closest_pairs_are_the_planted_ones(copied):
    images, report = copied
    assert len(report.pairs) == PAIRS
    for pair in report.pairs[:15]:
        assert pair.ratio < 0.1 < report.pairs[15].ratio
        assert str(pair.alignment) in ("turned by 90 degrees", "turned by 270 degrees")
        assert images.synthetic.labels[pair.synthetic] == images.train.labels[pair.train]


def test_the_gallery_shows_them_turned_alike(copied):
    images, report = copied
    shown = gallery(images, report)
    assert {name: each.shape for name, each in shown.items()} == dict.fromkeys(("synthetic", "train"), (PAIRS, 64, 64))
    # turned by a quarter: nothing is interpolated
    assert np.abs(shown["synthetic"][:15] - shown["train"][:15]).max() < 0.01
    assert np.abs(shown["synthetic"][15:] - shown["train"][15:]).max((1, 2)).min() > 0.1
    np.testing.assert_array_equal(shown["synthetic"][0], images.synthetic.images[report.pairs[0].synthetic, 0])


def test_fresh_images_are_not_flagged():
    report = find_copies(split_images(), seed=0)
    assert report.instrument_works
    assert not report.flagged
    assert report.sentence.startswith("No sign of copies")


def test_the_same_again(copied):
    images, report = copied
    assert find_copies(images, seed=0).as_json() == report.as_json()


def test_a_training_lesion_left_out_is_far_from_its_own_patient():
    train = split_images().train
    seen = left_out(train, orbit(train.images))
    assert np.isinf(seen.distances[0, :2]).all()  # lesions 0 and 1 are one patient's
    assert 0.2 < seen.distances[0, 2:].min() < 1.5
    assert (seen.labels == train.labels).all()


def test_it_is_json_even_where_there_is_too_little_to_tell():
    images = split_images()
    few = images.train.where(np.arange(4))
    report = find_copies(replace(images, train=few), seed=0)
    assert not report.instrument_works
    assert not report.flagged
    assert report.sentence.startswith("The instrument could not be tried on these data")
    told = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert told["rows"][0]["p"] is None
    assert told["rows"][0]["interval"] == [None, None]
    assert told["rows"][0]["sentence"] == "No finding: 2 training patients are too few, 3 are needed."
    assert told["pairs"][0]["transform"]


def test_a_pool_without_images():
    images = split_images()
    none = replace(images, synthetic=images.synthetic.where(np.arange(0)))
    report = find_copies(none, seed=0)
    assert report.pairs == []
    assert gallery(none, report)["train"].shape == (0, 64, 64)


def test_without_classic_images_the_lesions_with_noise_are_the_control():
    images = split_images()
    report = find_copies(replace(images, classic=images.classic.where(np.arange(0))), seed=0)
    assert report.instrument_works
    assert report.rows["copycat"][0].sentence.startswith("No finding: there are no images")
    assert report.sentence.startswith("No sign of copies")
