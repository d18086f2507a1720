"""Where every training image comes from, as arrays: one entry per image, whatever their number."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.pool import Provenance

SOURCES = ("real", "classic", "synthetic", "control")
NONE = -1


@dataclass(frozen=True, eq=False)
class Lineage:
    """Origin of the training images of one split, in their order.

    Attributes:
        cohort: All lesions.
        split: The split whose training side this is.
        sources: Index into `SOURCES` of each image, shape (N,).
        lesions: Position in the cohort of the lesion that an image shows, -1 for an image of a pool, shape (N,).
        pools: Provenance of the pools that were added.
        leak_on_purpose: Whether they may come from test patients: a control that shows what a leak buys.
    """

    cohort: Cohort
    split: Split
    sources: npt.NDArray[np.int8]
    lesions: npt.NDArray[np.int64]
    pools: tuple[Provenance, ...] = ()
    leak_on_purpose: bool = False

    @classmethod
    def of_lesions(cls, cohort: Cohort, split: Split, lesions: npt.NDArray[np.int64]) -> "Lineage":
        """Of images that show these lesions: each lesion's first image is the lesion as it is."""
        sources = np.ones(len(lesions), dtype=np.int8)
        sources[np.unique(lesions, return_index=True)[1]] = 0
        return cls(cohort, split, sources, lesions)

    def first(self, images: int) -> "Lineage":
        """Of so many images, from the first on."""
        return replace(self, sources=self.sources[:images], lesions=self.lesions[:images])

    def with_pool(self, pool: Provenance, images: int, *, leak_on_purpose: bool) -> "Lineage":
        """The same with the images of a pool after the others."""
        source = SOURCES.index(pool.source)
        return replace(
            self,
            sources=np.append(self.sources, np.full(images, source, dtype=np.int8)),
            lesions=np.append(self.lesions, np.full(images, NONE)),
            pools=(*self.pools, pool),
            leak_on_purpose=leak_on_purpose,
        )

    def __len__(self) -> int:
        return len(self.sources)

    def patients(self) -> set[str]:
        """Pseudonyms of the patients of the lesions that the images show; pools not counted."""
        return patients_of(self.cohort, np.unique(self.lesions[self.lesions >= 0]).tolist())

    def expect_no_test_patient(self) -> None:
        """See that nothing of a test patient is among the images, but by a leak on purpose: ours to answer for."""
        seen = self.patients()
        if not self.leak_on_purpose:
            seen = seen.union(*(pool.patients for pool in self.pools))
        shared = seen & patients_of(self.cohort, self.split.test)
        where = f"the training images of repeat {self.split.repeat}, fold {self.split.fold}"
        assert not shared, f"{len(shared)} test patients are among {where}"

    def summary(self) -> dict[str, Any]:
        """As plain values: images by source, patients, and each pool with those that it comes from."""
        counts = np.bincount(self.sources, minlength=len(SOURCES)).tolist()
        return {
            "images": dict(zip(SOURCES, counts, strict=True)),
            "patients": sorted(self.patients()),
            "pools": [asdict(pool) for pool in self.pools],
        }


def patients_of(cohort: Cohort, lesions: Sequence[int]) -> set[str]:
    """Pseudonyms of the patients of some lesions."""
    return {cohort.lesions[i].patient_id for i in lesions}
