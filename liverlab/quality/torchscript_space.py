"""Features of the user's own: a TorchScript file, pinned by its SHA-256.

Loading such a file runs what is in it, so nothing of it is looked at before its hash is known to be the pinned one.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from data_modules.errors import InputError
from liverlab.config import QualityConfig
from liverlab.quality.image_set import Floats

Network = torch.jit.ScriptModule


def check_torchscript(config: QualityConfig, size: int | None = None) -> None:
    """Refuse a file that would fail only when images are measured, hours later; nothing where none is set.

    Args:
        config: Settings.
        size: Pixels per side of the images that it will be given; two such images are tried. None: it is only loaded.

    Raises:
        InputError: If the file is missing, not pinned, another than the pinned one, not TorchScript, or (with `size`)
            does not give one finite row of numbers per image.
    """
    if config.torchscript is None:
        if config.torchscript_sha256 is not None:
            raise InputError("quality.torchscript_sha256 is set, but no file: set quality.torchscript to its path too.")
        return
    read = torchscript_features(config)
    if size is not None:
        read(torch.linspace(0, 1, 2 * size * size).reshape(2, 1, size, size))


def torchscript_features(config: QualityConfig) -> Callable[[Tensor], Floats]:
    """The user's network: numbers of shape (N, D) of images of shape (N, 1, H, W) in (0, 1).

    Raises:
        InputError: As `check_torchscript`; the network's answers are checked whenever it is asked.
    """
    assert config.torchscript is not None
    path = Path(config.torchscript)
    network = _load(path, _pinned(path, config.torchscript_sha256))

    def read(images: Tensor) -> Floats:
        return _numbers(_ask(network, images, path), len(images), path)

    return read


def describe(config: QualityConfig) -> str:
    """A sentence on which file it is."""
    assert config.torchscript is not None
    assert config.torchscript_sha256 is not None
    return f"The user's own network {Path(config.torchscript).name}, SHA-256 {config.torchscript_sha256.lower()}."


def _pinned(path: Path, pinned: str | None) -> bytes:
    """The file's bytes. They are read once: a file that changes after its hash was taken changes nothing."""
    if not path.is_file():
        raise InputError(f"quality.torchscript: there is no file {path}; name a TorchScript file, or none (null).")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if pinned is None:
        raise InputError(
            f"quality.torchscript: {path} is code, and is run only if it is known to be the file that you mean; if it "
            f"is, set quality.torchscript_sha256={found}"
        )
    if pinned.lower() != found:
        raise InputError(
            f"quality.torchscript: the SHA-256 of {path} is {found}, not {pinned} as quality.torchscript_sha256 says, "
            "so it was not loaded; name the file that was pinned, or pin this one."
        )
    return content


def _load(path: Path, content: bytes) -> Network:
    try:
        network: Network = torch.jit.load(io.BytesIO(content), map_location="cpu")  # type: ignore[no-untyped-call]  # torch's own
    except RuntimeError:  # what torch raises for any other file
        raise InputError(
            f"quality.torchscript: {path} is not TorchScript; write it with "
            "torch.jit.trace(network.eval(), images).save(path)."
        ) from None
    return network.eval()


@torch.no_grad()
def _ask(network: Network, images: Tensor, path: Path) -> object:
    with torch.random.fork_rng(devices=[]):  # it may draw random numbers; then the same every time
        torch.default_generator.manual_seed(0)
        try:
            return network(images.clone())  # it may write into what it is given
        except (RuntimeError, torch.jit.Error) as error:  # whatever went wrong in the user's code
            raise InputError(
                f"quality.torchscript: {path} failed on images of shape {tuple(images.shape)} in (0, 1), which it must "
                f"take: {str(error).strip().splitlines()[-1]}"
            ) from None


def _numbers(answer: object, count: int, path: Path) -> Floats:
    if not isinstance(answer, Tensor):
        what = f"a {type(answer).__name__}"
    elif answer.ndim != 2 or len(answer) != count or not answer.shape[1]:
        what = f"shape {tuple(answer.shape)}"
    elif answer.is_complex() or not answer.isfinite().all():
        what = "numbers that are not finite or not real"
    else:
        numbers: Floats = answer.double().numpy()
        return numbers
    raise InputError(
        f"quality.torchscript: {path} gave {what} for {count} images; it must give one row of finite numbers for each, "
        f"shape ({count}, D)."
    )
