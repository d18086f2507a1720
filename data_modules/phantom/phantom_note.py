"""`PHANTOM.md`: what lies in a phantom's folder, for whoever finds it."""

from collections import Counter
from collections.abc import Sequence

from data_modules.phantom.phantom_cohort import PhantomCohort
from data_modules.phantom.phantom_truth import COLUMNS, Row, mimicked
from data_modules.phantom.plan import LARGEST_MM, MEDIAN_MM, REALISTIC_MEDIANS_MM, SMALLEST_MM
from data_modules.phantom.subtypes import SUBTYPES

INTRODUCTION = """# A digital phantom, not patients

Every image here was computed. No person was scanned, and no result on these images says anything about patients.
They exist so that liverlab can be tried and tested where there are no clinical data, on a task whose truth is known.
"""

MAKING = """## How it was made

Body, liver, vessels and lesions are drawn in millimetres with published Hounsfield units of the portal-venous phase.
Then a scanner looks at them: it averages over the slice, blurs by its point spread function, samples, and adds noise
of a scanner's strength and grain. Partial volume and soft edges therefore follow from size and slice thickness. A
mask holds the pixels that a lesion covers by half or more. The same settings give the same files, byte by byte.
"""

ONE_SIZE = """All classes share one distribution of diameters (lognormal, median {median:.1f}, {low:g} to {high:g} mm).
Size, and the grain of the noise in a crop that is scaled to the lesion, therefore tell nothing of the class.
"""

REALISTIC = """**Sizes differ by class here** (lognormal; medians {medians}; {low:g} to {high:g} mm).
This leaks the class twice: a classifier may learn the size alone, and in a crop scaled to the lesion it sees the size
as the grain of the noise, which is coarse around small lesions. What it scores here is no measure of having learnt
what the classes look like. Write the phantom without realistic sizes for that.
"""


def note(cohort: PhantomCohort, rows: Sequence[Row]) -> str:
    """The page, in Markdown; a pure function of the cohort and its manifest."""
    return "\n".join([INTRODUCTION, _contents(cohort, rows), MAKING, _lesions(cohort, rows), _columns()])


def _contents(cohort: PhantomCohort, rows: Sequence[Row]) -> str:
    patients = len({row["patient_id"] for row in rows})
    if cohort.roi_only:
        series = "`patients/<id>/L<n>/CT`, `SEG.dcm`: a small CT series around one lesion, and its mask (DICOM SEG)"
    else:
        series = "`patients/<id>/CT`, `SEG.dcm`, `LIVER.dcm`: a CT series, its lesions and its liver (DICOM SEG)"
    lines = [
        "## What is here",
        "",
        f"{len(rows)} lesions of {patients} synthetic patients, seed {cohort.seed}, as DICOM:",
        "",
        f"- {series}",
        "- `patients/<id>/truth.json`: what is known by construction of the scan and of each lesion",
        "- `manifest.csv`: one row per lesion, ready for `liverlab ingest`",
        "- `phantom.json`: the settings that write this folder again",
    ]
    if cohort.test_lesions:
        lines.append(f"- `test/`: an independent cohort of {cohort.test_lesions} lesions, never to be trained on")
    return "\n".join([*lines, ""])


def _lesions(cohort: PhantomCohort, rows: Sequence[Row]) -> str:
    counts = Counter((row["class"], row["subtype"]) for row in rows)
    totals = Counter(row["class"] for row in rows)
    lines = ["## Lesions", "", "| class | subtype | lesions | made to look like |", "|---|---|---|---|"]
    for name, subtypes in SUBTYPES.items():
        lines += [f"| {name} | {sub} | {counts[name, sub]} | {mimicked(name, sub) or '-'} |" for sub in subtypes]
    lines += ["", "In all: " + ", ".join(f"{totals[name]} {name}" for name in SUBTYPES) + ".", ""]
    text = REALISTIC if cohort.realistic_sizes else ONE_SIZE
    medians = ", ".join(f"{name} {median:g}" for name, median in REALISTIC_MEDIANS_MM.items())
    return "\n".join([*lines, text.format(median=MEDIAN_MM, medians=medians, low=SMALLEST_MM, high=LARGEST_MM)])


def _columns() -> str:
    lines = [f"| `{name}` | {meaning or 'likewise'} |" for name, meaning in COLUMNS.items()]
    return "\n".join(["## Columns of the manifest", "", "| column | meaning |", "|---|---|", *lines, ""])
