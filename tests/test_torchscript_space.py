"""Files that are right and all that may be wrong with one."""

import hashlib

import numpy as np
import pytest
import torch
from torch import nn

from data_modules.errors import InputError
from liverlab.config import QualityConfig
from liverlab.quality.torchscript_space import check_torchscript, describe, torchscript_features

IMAGES = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class MeanAndPeak(nn.Module):
    def forward(self, images):
        return torch.stack([images.mean((1, 2, 3)), images.amax((1, 2, 3))], dim=1)


class Dropped(nn.Module):
    def forward(self, images):
        return nn.functional.dropout(images.flatten(1), 0.5, self.training)


class Noisy(nn.Module):
    def forward(self, images):
        return torch.rand_like(images).flatten(1)


class Blackened(nn.Module):
    def forward(self, images):
        return images.zero_().flatten(1)


class Pair(nn.Module):
    def forward(self, images):
        return images.flatten(1), images.flatten(1)


class WholeBatch(nn.Module):
    def forward(self, images):
        return images.flatten(1).mean(0, keepdim=True)


class Logarithm(nn.Module):
    def forward(self, images):
        return (images - 1).flatten(1).log()


class Strict(nn.Module):
    def forward(self, images):
        assert images.shape[1] == 3, "colour images only"
        return images.flatten(1)


def pinned(folder, network):
    path = folder / "own.pt"
    torch.jit.script(network).save(path)
    return QualityConfig(torchscript=str(path), torchscript_sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_its_numbers_are_the_features(tmp_path):
    config = pinned(tmp_path, MeanAndPeak())
    found = torchscript_features(config)(IMAGES)
    assert (found.shape, found.dtype) == ((4, 2), np.float64)
    pixels = IMAGES.numpy().reshape(4, -1)
    np.testing.assert_allclose(found, np.stack([pixels.mean(1), pixels.max(1)], axis=1), rtol=1e-6)
    assert describe(config) == f"The user's own network own.pt, SHA-256 {config.torchscript_sha256}."
    check_torchscript(config, 8)
    upper = QualityConfig(torchscript=config.torchscript, torchscript_sha256=config.torchscript_sha256.upper())
    check_torchscript(upper)  # as some systems print it


def test_it_is_used_as_after_training_and_its_weights_gather_no_gradients(tmp_path):
    found = torchscript_features(pinned(tmp_path, nn.Sequential(Dropped(), nn.Linear(64, 64)).train()))
    assert found(IMAGES).shape == (4, 64)
    found = torchscript_features(pinned(tmp_path, Dropped().train()))
    np.testing.assert_array_equal(found(IMAGES), IMAGES.flatten(1))


def test_what_it_draws_at_random_is_the_same_every_time_and_nobody_else_s(tmp_path):
    read = torchscript_features(pinned(tmp_path, Noisy()))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = read(IMAGES)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(read(IMAGES), first)


def test_images_stay_as_they_are_whatever_it_does_to_them(tmp_path):
    before = IMAGES.clone()
    assert not torchscript_features(pinned(tmp_path, Blackened()))(IMAGES).any()
    assert torch.equal(IMAGES, before)


def test_without_a_file_there_is_nothing_to_check():
    check_torchscript(QualityConfig())


def refusal(config, size=None):
    with pytest.raises(InputError) as caught:
        check_torchscript(config, size)
    return str(caught.value)


def test_a_hash_alone_names_no_file():
    assert refusal(QualityConfig(torchscript_sha256="0" * 64)) == (
        "quality.torchscript_sha256 is set, but no file: set quality.torchscript to its path too."
    )


def test_a_file_that_is_not_there(tmp_path):
    assert refusal(QualityConfig(torchscript=str(tmp_path / "no.pt"), torchscript_sha256="0" * 64)) == (
        f"quality.torchscript: there is no file {tmp_path / 'no.pt'}; name a TorchScript file, or none (null)."
    )


@pytest.fixture
def not_loaded(monkeypatch):
    """Whatever loads a file fails the test: loading runs code."""
    monkeypatch.setattr(torch.jit, "load", None)


@pytest.mark.usefixtures("not_loaded")
def test_a_file_without_a_hash_is_not_loaded_and_its_hash_is_said(tmp_path):
    config = pinned(tmp_path, MeanAndPeak())
    message = refusal(QualityConfig(torchscript=config.torchscript))
    assert message.endswith(f"if it is, set quality.torchscript_sha256={config.torchscript_sha256}")


@pytest.mark.usefixtures("not_loaded")
def test_another_file_than_the_pinned_one_is_not_loaded(tmp_path):
    config = pinned(tmp_path, MeanAndPeak())
    found = pinned(tmp_path, Noisy()).torchscript_sha256  # now lies in its place
    message = refusal(config)
    assert f"is {found}, not {config.torchscript_sha256} as quality.torchscript_sha256 says" in message


@pytest.mark.parametrize("content", ["weights", "text", "nothing"])
def test_what_is_not_torchscript(tmp_path, content):
    path = tmp_path / "own.pt"
    if content == "weights":
        torch.save(nn.Linear(2, 2).state_dict(), path)
    else:
        path.write_text("" if content == "nothing" else "layers: 3")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert refusal(QualityConfig(torchscript=str(path), torchscript_sha256=sha256)) == (
        f"quality.torchscript: {path} is not TorchScript; write it with "
        "torch.jit.trace(network.eval(), images).save(path)."
    )


@pytest.mark.parametrize(
    ("network", "what"),
    [
        (nn.Identity(), "shape (2, 1, 8, 8)"),
        (WholeBatch(), "shape (1, 64)"),
        (Pair(), "a tuple"),
        (Logarithm(), "numbers that are not finite or not real"),
    ],
)
def test_answers_other_than_a_finite_row_per_image(tmp_path, network, what):
    config = pinned(tmp_path, network)
    check_torchscript(config)  # loads
    assert refusal(config, 8) == (
        f"quality.torchscript: {config.torchscript} gave {what} for 2 images; it must give one row of finite numbers "
        "for each, shape (2, D)."
    )
    with pytest.raises(InputError, match="for 4 images"):
        torchscript_features(config)(IMAGES)


@pytest.mark.parametrize(("network", "why"), [(nn.Conv2d(3, 2, 3), "have 3 channels"), (Strict(), "colour images")])
def test_a_network_of_other_images(tmp_path, network, why):
    message = refusal(pinned(tmp_path, network), 8)
    assert "failed on images of shape (2, 1, 8, 8) in (0, 1), which it must take: RuntimeError: " in message
    assert why in message
    assert "\n" not in message
