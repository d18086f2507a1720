"""What was looked for in a run's own files that could have let test lesions into training, and what was found."""

from collections.abc import Sequence

from data_modules.cohort import Cohort
from data_modules.folds import Split
from data_modules.lineage import patients_of
from data_modules.pool import SamplePool


def leak_checks(cohort: Cohort, splits: Sequence[Split], pools: Sequence[SamplePool]) -> list[dict[str, str]]:
    """What was looked for in this run's own files, and what was found; a failed check is a failure of ours."""
    shared = sum(len(patients_of(cohort, s.train) & patients_of(cohort, s.test)) for s in splits)
    checks = [("Patients on both sides of a split", f"{shared} in {len(splits)} splits")]
    if pools:
        seen = sum(
            len(set(p.provenance.patients) & patients_of(cohort, s.test)) for p, s in zip(pools, splits, strict=True)
        )
        checks.append(("Test patients that a generator saw", f"{seen} in {len(pools)} pools"))
        assert seen == 0
    assert shared == 0
    return [{"check": check, "result": result} for check, result in checks]
