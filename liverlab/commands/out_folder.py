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
