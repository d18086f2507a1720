"""One place of the cross-validation."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """Which split a stage belongs to.

    Attributes:
        repeat: Number of the repeat, from 0.
        fold: Number of the fold, from 0.
        inner: Whether it is the split's training side alone, split once more to select on; no test lesion is in it.
    """

    repeat: int
    fold: int
    inner: bool = False

    @property
    def name(self) -> str:
        """Such as "r0-f1" or "r0-f1-inner"; fit for a folder's name and a W&B id."""
        return f"r{self.repeat}-f{self.fold}" + ("-inner" if self.inner else "")

    @property
    def settings(self) -> dict[str, object]:
        """What a stage of this place depends on, and what its seeds are derived from."""
        numbers: dict[str, object] = {"repeat": self.repeat, "fold": self.fold}
        return numbers | ({"inner": True} if self.inner else {})
