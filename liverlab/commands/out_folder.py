"""`--out`: seen to be possible before the work, and written as one when it is done."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_modules.errors import InputError


def expect_writable(out: Path) -> None:
    """See that a file or folder can be made, or written to, without making it.

    Raises:
        InputError: If a file is in the way of a folder, nothing may be written there, or the name is too long.
    """
    out = out.resolve()
    try:
        _beside(out, "temp").exists()  # the longest name that is needed
        found = next((path for path in out.parents if path.exists()), out)
    except OSError as error:
        raise InputError(f"--out cannot be made there ({error.strerror}). Name another.") from None
    if not found.is_dir():
        raise InputError(f"--out: {found.name} is a file, and nothing can be made below it. Name another.")
    if not os.access(found, os.W_OK):
        raise InputError(f"--out: nothing may be written to {found}. Name another.")


def expect_folder(out: Path, what: str) -> set[str]:
    """See that a folder is new, or one that the finished WHAT can take the place of.

    Returns:
        The names of what it holds now.

    Raises:
        InputError: If it is a file, the folder that one is in, or a mount.
    """
    if not out.exists():
        return set()
    if not out.is_dir():
        raise InputError(f"{out} is a file. Name a new folder.")
    if out.is_mount() or out.samefile(Path.cwd()):
        raise InputError(f"{out} cannot be replaced by the finished {what}. Name a new folder inside it.")
    return {path.name for path in out.iterdir()}


def expect_new(out: Path, what: str) -> None:
    """See that a folder is new, or empty and one that the finished WHAT can take the place of.

    Raises:
        InputError: If not.
    """
    if expect_folder(out, what):
        raise InputError(f"{out} is not empty. Name a new folder.")


@contextmanager
def written_as_one(out: Path) -> Iterator[Path]:
    """A folder to write to that takes the place of OUT at the end; if anything stops that, OUT stays as it was."""
    out = out.resolve()
    part, old = _beside(out, "temp"), _beside(out, "old")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    part.mkdir(parents=True)
    try:
        yield part
        if out.exists():
            shutil.rmtree(old, ignore_errors=True)
            out.replace(old)
        part.replace(out)
    finally:
        if old.exists() and not out.exists():
            old.replace(out)
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _beside(out: Path, ending: str) -> Path:
    return out.parent / f".{out.name}.{ending}"
