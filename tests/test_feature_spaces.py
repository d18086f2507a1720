import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from liverlab.config import QualityConfig
from liverlab.quality import cnn_space, feature_spaces, radiomics
from liverlab.quality.feature_spaces import SETS, standardised
from liverlab.quality.image_set import ImageSet, SplitImages

COUNTS = {"train": 30, "held_out": 12, "classic": 20, "synthetic": 300}


def split(size=32):
    def images(which):
        count = COUNTS[which]
        pixels = torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(count)) ** 2
        return ImageSet(pixels, np.arange(count) % 3, np.arange(count))

    return SplitImages(("cyst", "metastasis", "hemangioma"), **{which: images(which) for which in SETS})


def test_without_cnn_and_file_there_are_two_whole_spaces():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    radiomic, random = feature_spaces.feature_spaces(split(), None, QualityConfig())
    assert torch.equal(torch.get_rng_state(), before)
    assert [(space.name, space.whole) for space in (radiomic, random)] == [("radiomics", True), ("random", True)]
    assert [len(random.features[which]) for which in SETS] == [5] * 4
    for space in (radiomic, random):
        for which, count in COUNTS.items():
            for rows, train in zip(space.features[which], space.features["train"], strict=True):
                assert rows.shape == (count, train.shape[1])
                assert np.isfinite(rows).all()
                if which == "train":
                    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-9)
                    np.testing.assert_allclose(rows.var(axis=0), 1)


def test_rows_are_the_images_in_their_order_over_all_batches():
    images = split()
    (radiomic, _) = feature_spaces.feature_spaces(images, None, QualityConfig())
    entropy = radiomics.radiomics(images.synthetic.images)[:, radiomics.NAMES.index("entropy")]
    assert len(entropy) > feature_spaces.BATCH
    correlations = [abs(np.corrcoef(entropy, column)[0, 1]) for column in radiomic.features["synthetic"][0].T]
    assert max(correlations) == pytest.approx(1)


def test_standardised_as_train_is():
    found = standardised({"train": np.array([[1.0], [3.0]]), "held_out": np.array([[4.0], [2.0]])})
    np.testing.assert_allclose(found["train"], [[-1], [1]])
    np.testing.assert_allclose(found["held_out"], [[2], [0]])


def test_features_that_are_constant_on_train_are_left_out_and_outliers_held_back():
    third = np.float64(np.float32(1) / 3)
    train = np.array([[0, third, 1, -1], [0, third * (1 + 1e-7), 1, 1]])
    found = standardised({"train": train, "synthetic": np.array([[5, third, 2, 300.0]])})
    np.testing.assert_allclose(found["train"], [[-1], [1]])
    np.testing.assert_allclose(found["synthetic"], [[10]])


def test_the_cnn_s_space_has_neither_train_nor_classic(monkeypatch, tmp_path):
    def first_pixels(folder):
        assert folder == tmp_path
        return lambda images: images[:, 0, 0, :20].double().numpy()

    monkeypatch.setattr(cnn_space, "cnn_features", first_pixels)
    cnn = feature_spaces.feature_spaces(split(), tmp_path, QualityConfig())[-1]
    assert (cnn.name, cnn.whole, list(cnn.features)) == ("cnn", False, ["held_out", "synthetic"])
    assert [cnn.features[which][0].shape for which in cnn.features] == [(12, 16), (300, 16)]
    monkeypatch.setattr(cnn_space, "cnn_features", lambda folder: lambda images: np.zeros((len(images), 20)))
    left = feature_spaces.feature_spaces(split(), tmp_path, QualityConfig())
    assert [space.name for space in left] == ["radiomics", "random"]  # a dead layer tells nothing


def test_a_file_of_the_user_s_is_a_space_of_its_own(tmp_path):
    path = tmp_path / "own.pt"
    torch.jit.script(nn.Sequential(nn.AvgPool2d(16), nn.Flatten())).save(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    images, config = split(), QualityConfig(torchscript=str(path), torchscript_sha256=sha256)
    own = feature_spaces.feature_spaces(images, None, config)[-1]
    assert (own.name, own.whole) == ("own", True)
    assert sha256 in own.about
    corner = images.train.images[:, 0, :16, :16].mean((1, 2)).double().numpy()
    np.testing.assert_allclose(own.features["train"][0][:, 0], (corner - corner.mean()) / corner.std(), atol=1e-4)


def test_the_same_twice():
    first, second = (feature_spaces.feature_spaces(split(), None, QualityConfig()) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        for which in SETS:
            for rows, again in zip(one.features[which], other.features[which], strict=True):
                np.testing.assert_array_equal(rows, again)


def test_a_set_without_images_has_no_rows_and_the_others_are_as_they_were():
    images = split()
    none = replace(images, classic=images.classic.where(np.arange(0)))
    spaces = (feature_spaces.feature_spaces(each, None, QualityConfig()) for each in (none, images))
    for without, space in zip(*spaces, strict=True):
        for rows, held_out in zip(without.features["classic"], space.features["held_out"], strict=True):
            assert rows.shape == (0, held_out.shape[1])
        np.testing.assert_array_equal(without.features["held_out"][0], space.features["held_out"][0])
