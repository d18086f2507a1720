"""`liverlab power`: before any training, what difference a cohort can show."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from data_modules.errors import InputError

if TYPE_CHECKING:
    from liverlab.evaluation.cohort_power import CohortPower

EPILOG = """examples:
  liverlab power --cohort data/my_cohort            what `liverlab ingest` wrote
  liverlab power --manifest my/manifest.csv         before anything is read but the table
  liverlab power --lesions 400 --patients 220       a cohort that is still to be collected
  liverlab power --lesions 2000                     the phantom, with the patients that it has"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    power = verbs.add_parser(
        "power",
        help="before any training: what difference a cohort can show, and how many lesions a difference needs",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    of = power.add_mutually_exclusive_group(required=True)
    of.add_argument("--cohort", type=Path, metavar="DIR", help="a folder that `liverlab ingest` wrote")
    of.add_argument("--manifest", type=Path, metavar="CSV", help="a manifest or its folder")
    of.add_argument("--lesions", type=int, metavar="N", help="so many lesions")
    power.add_argument("--patients", type=int, metavar="M", help="of so many patients; default: as many as the phantom")
    power.add_argument("--folds", type=int, default=3, help="that every class must fill; default: 3, as published")
    power.add_argument("--correlation", type=float, help="between lesions of one patient; default: .10")
    power.add_argument("--json", action="store_true", help="the numbers as JSON")
    power.set_defaults(command=_power, stopped="Stopped.")


def _power(options: argparse.Namespace) -> int:
    from liverlab.evaluation.cohort_power import CORRELATION, cohort_power, imagined_power

    correlation = CORRELATION if options.correlation is None else options.correlation
    if options.patients is not None and options.lesions is None:
        raise InputError("--patients goes with --lesions; a cohort or a manifest says itself how many it has.")
    if options.patients is not None:
        found = imagined_power(options.lesions, options.patients, correlation=correlation)
    else:
        found = cohort_power(_lesions(options), folds=options.folds, correlation=correlation)
    print(json.dumps(asdict(found), indent=1) if options.json else power_text(found))
    return 0


def _lesions(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Patient and class of each lesion."""
    if options.cohort:
        from data_modules.cohort import Cohort

        return [(lesion.patient_id, lesion.class_name) for lesion in Cohort.load(options.cohort).lesions]
    if options.manifest:
        from data_modules.ingest import manifest_of
        from data_modules.manifest import read_manifest

        return [(row.patient_id, row.class_name) for row in read_manifest(manifest_of(options.manifest))]
    from data_modules.phantom.plan import plan_cohort

    plans = plan_cohort(options.lesions, 0)
    return [(patient.patient_id, lesion.class_name) for patient in plans for lesion in patient.lesions]


def power_text(power: "CohortPower") -> str:
    """The sentence, the table and what both assume, for the terminal."""
    from liverlab.evaluation.cohort_power import DIFFERENCES
    from liverlab.report.summary import rounded

    classes = ", ".join(f"{count} {name}" for name, count in power.per_class.items())
    header = ["discordance", "finds", *(f"for {100 * d:g} points" for d in DIFFERENCES)]
    table = [header]
    for row in power.rows:
        finds = "nothing" if row.detectable is None else f"{100 * row.detectable:.1f} points"
        needed = ("cannot be" if n is None else f"{rounded(n)} lesions" for n in row.lesions.values())
        table.append([f"{row.discordance:.2f}", finds, *needed])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        [
            _sentence(power),
            "",
            *("  ".join(map(str.ljust, cells, widths)).rstrip() for cells in table),
            "",
            *([f"Classes: {classes}."] if classes else []),
            "Assumed: two arms tested once on every lesion, McNemar's test, two-sided 5 %, power 80 % (Connor 1987).",
            "Discordance: the share of lesions that exactly one arm classifies correctly; not known before a run.",
            f"Design effect {power.design_effect:.2f}: {power.cluster:.2f} lesions per patient, averaged over lesions, "
            f"of correlation {power.correlation:g} (assumed;",
            "--correlation sets it; Kish 1965, Eliasziw and Donner 1991).",
            "Not counted: that another training gives other networks. Repeats lessen that; they add no lesions.",
        ]
    )


def _sentence(power: "CohortPower") -> str:
    from liverlab.evaluation.cohort_power import LIKELY

    rows = [row for row in power.rows if row.discordance in LIKELY]
    found = [row.detectable for row in rows if row.detectable is not None]
    needed = [count for row in rows if (count := row.lesions[0.03]) is not None]
    given = f"your {power.lesions:,} lesions of {power.patients:,} patients"
    if not found:
        return (
            f"With {given} no difference is found in four of five cases: for 3 points you would need {_span(needed)}."
        )
    points = " to ".join(dict.fromkeys(f"{100 * d:.0f}" if d >= 0.03 else f"{100 * d:.1f}" for d in found))
    return (
        f"With {given} a difference of {points} points is found in four of five cases (discordance "
        f"{' to '.join(f'{d:g}'.removeprefix('0') for d in LIKELY)}); for 3 points you would need {_span(needed)}."
    )


def _span(counts: list[int]) -> str:
    from liverlab.report.summary import rounded

    return f"about {' to '.join(map(rounded, counts))} lesions"
