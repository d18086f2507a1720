"""Files that are there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write beside another, whose place it takes when all is written: a reader never sees half of it."""
    part = path.with_name(f".{path.name}.part")
    yield part
    part.replace(path)
