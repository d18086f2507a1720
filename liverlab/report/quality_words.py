"""What was measured on the synthetic images, in words; and why something was not."""

from collections.abc import Mapping, Sequence
from typing import Any

from liverlab.quality.measured import ALL
from liverlab.report.generator_words import listed

NBSP = "\u00a0"
# name, and what it says: for the table and the figures
MEASURES = {
    "kid": ("KID", "distance of two sets of images; 0: none to be seen"),
    "fid": ("FID", "distance of two normal distributions; above 0 for equal sets too"),
    "precision": ("Precision", "share of images that lie among held-out lesions"),
    "recall": ("Recall", "share of held-out lesions that lie among the images"),
    "density": ("Density", "how densely images lie where held-out lesions are; 1 for equal sets"),
    "coverage": ("Coverage", "share of held-out lesions with such an image nearby"),
    "tstr": ("Accuracy", "of held-out lesions, after training on these images alone"),
    "trtr": ("Accuracy", "of held-out lesions, after training on these images alone"),  # the same, of real ones
    "trts": ("Accuracy on them", "of these images, after training on real lesions"),
    "two_sample_auc": ("AUROC", "of telling the images from held-out lesions; 0.5: guessing"),
    "spectrum_distance": ("Spectrum", "distance from the held-out lesions’ mean spectrum, in log10 of power"),
    "spectrum_outside": ("Spectrum outside", "share of frequencies outside the held-out band"),
    "ms_ssim": ("MS-SSIM", "likeness of two images of a class; 1: the same image"),
}
SETS = {
    "synthetic": "synthetic",
    "train": "training lesions",
    "classic": "classic images",
    "held_out": "held-out lesions",
}
SPACES = {
    "radiomics": "radiomics",
    "random": "random networks",
    "cnn": "the split’s CNN",
    "own": "the user’s network",
    "pixels": "the images themselves",
}
NOT_MEASURED = (
    "The synthetic images of this run were neither compared with held-out lesions nor searched for copies: there is no "
    "quality.json. Either quality.measured was false, or an earlier version wrote the run. Running the experiment "
    "again with quality.measured=true adds it; finished stages are kept."
)
NO_CNN = (
    "The split’s CNN lends no features: the run has no plain CNN of these splits that never saw a synthetic image, or "
    "its last layer is dead."
)
LEAK = (
    "{arm} is a leak on purpose: its generator saw the held-out lesions too, so that being near to them is no merit "
    "of these images; the search for copies looks for those of training lesions, not for those of held-out ones."
)

MARGIN = 0.1  # of held-out lesions; ours: covered about as well are those of whom no tenth more can be uncovered

Pool = Mapping[str, Any]  # of `quality.json`
Row = Mapping[str, Any]


def cautions(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence for each arm and kind of finding, for the verdict's box."""
    kinds = {
        "drops_modes": "The synthetic images of {arm} leave held-out lesions{of} uncovered that real training lesions "
        "cover: they show fewer kinds, or are unlike real lesions.",
        "copies": "Some synthetic images of {arm} are copies of training lesions{of}: they add weight, not variety, "
        "and show patients.",
    }
    found: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        found.setdefault((finding["arm"], finding["kind"]), []).append(finding["class"])
    return [kinds[kind].format(arm=arm, of=_of(classes)) for (arm, kind), classes in found.items()]


def _of(classes: Sequence[str]) -> str:
    """E.g. " of cyst and metastasis"; nothing where no single class was found."""
    named = [name for name in dict.fromkeys(classes) if name != ALL]
    return f" of {listed(named)}" if named else ""


def statements(pool: Pool) -> list[str]:
    """What a clinician may read of a pool: coverage, whether its images can be told, what they teach."""
    space = main_space(pool)
    leak = LEAK.format(arm=pool["arm"]) if pool["leak"] else None
    told = [_coverage(pool, space), _telling(pool, space), _teaching(pool, space)] if space else []
    return [sentence for sentence in (leak, _chosen(pool), *told) if sentence]


def _chosen(pool: Pool) -> str | None:
    """What the classifiers took of a pool whose volume each split chose for itself."""
    if pool["chosen"] is None:
        return None
    volumes = listed([str(volume) for volume in pool["chosen"]])
    return f"The pool is judged as it was made; of each class, the splits chose {volumes} of its images for training."


def main_space(pool: Pool) -> str | None:
    """The first space in which real images could be measured too: that of the sentences and the figures."""
    return next((row["features"] for row in pool["rows"] if row["measure"] in ("coverage", "tstr")), None)


def find(pool: Pool, features: str, images: str, measure: str, class_name: str = ALL) -> Row | None:
    """A row of a pool; None where it has none."""
    wanted = {"features": features, "images": images, "measure": measure, "class": class_name}
    return next((row for row in pool["rows"] if wanted.items() <= row.items()), None)


def _coverage(pool: Pool, space: str) -> str | None:
    row, floor = (find(pool, space, images, "coverage") for images in ("synthetic", "train"))
    dropped = _of([finding["class"] for finding in pool["findings"]])
    begin = (
        f"The synthetic images leave held-out lesions{dropped} uncovered that real training lesions cover: they show "
        "fewer kinds, or are unlike real lesions."
        if pool["findings"]
        else ""
    )
    if row is None or floor is None:
        return begin or None
    numbers = (
        f"By {SPACES[space]}, {share(row['estimate'])} of held-out lesions have a synthetic image nearby, "
        f"{share(floor['estimate'])} a real training lesion{_difference(row)}."
    )
    if begin:
        return f"{begin} {numbers}"
    low, high = row["minus_train"]["interval"] or (-1, 1)  # of shares: unknown
    if high < 0:
        return (
            f"Held-out lesions are covered less well by the synthetic images than by real training lesions. {numbers}"
        )
    if low > -MARGIN:
        return (
            f"Held-out lesions are covered about as well by the synthetic images as by real training lesions. {numbers}"
        )
    return f"Whether the synthetic images cover held-out lesions less well than real ones do cannot be told. {numbers}"


def _difference(row: Row) -> str:
    ends = row["minus_train"]["interval"]
    if ends is None:
        return ""
    points = [f"{100 * x:+.0f}".replace("-", "−") for x in (row["minus_train"]["estimate"], *ends)]
    return f" (difference {points[0]} points, 95{NBSP}% interval {points[1]} to {points[2]})"


def _telling(pool: Pool, space: str) -> str | None:
    row, floor = (find(pool, space, images, "two_sample_auc") for images in ("synthetic", "train"))
    if row is None:
        return None
    beside = f"; real training lesions reach {floor['estimate']:.2f}" if floor else ""
    return (
        f"A simple test tells synthetic images from held-out lesions with an AUROC of {row['estimate']:.2f}, where 0.5 "
        f"is guessing{beside}."
    )


def _teaching(pool: Pool, space: str) -> str | None:
    row, floor = find(pool, space, "synthetic", "tstr"), find(pool, space, "train", "trtr")
    if row is None or floor is None:
        return None
    real = "as many real ones"
    if row["count"] != floor["count"]:
        real = f"real lesions, {floor['count']} against {row['count']} over all splits"
    return (
        f"Trained on synthetic images alone, a simple classifier names {share(row['estimate'])} of the held-out "
        f"lesions correctly; trained on {real}, {share(floor['estimate'])}."
    )


def absent(pool: Pool, neighbours: int) -> list[str]:
    """What of a pool could not be measured, and why."""
    lent = next((space["splits"] for space in pool["spaces"] if space["name"] == "cnn"), 0)
    sentences = [] if lent else [NO_CNN]
    if 0 < lent < len(pool["splits"]):
        sentences = [
            f"A CNN lends features on {lent} of {len(pool['splits'])} splits; on the others its last layer is dead."
        ]
    fewest = {which: min(min(split[which].values()) for split in pool["splits"]) for which in ("synthetic", "held_out")}
    classes: dict[str, list[str]] = {}
    for name, measures in pool["too_few"].items():
        what = listed(list(dict.fromkeys(MEASURES[measure][0] for measure in measures)))
        classes.setdefault(what, []).append("all classes" if name == ALL else name)
    sentences += [f"Too few images of {listed(names)} for {what}." for what, names in classes.items()]
    if any("coverage" in measures for measures in pool["too_few"].values()):
        sentences.append(
            f"Precision, recall, density and coverage need at least {neighbours + 1} images of each class in every "
            f"set; this pool has {fewest['synthetic']}, and there are {fewest['held_out']} held-out lesions, of the "
            "class and split with the fewest."
        )
    return sentences


def share(value: float) -> str:
    """A share in whole per cent."""
    return f"{100 * value:.0f}{NBSP}%"


def number_text(value: float) -> str:
    """Three decimals, two digits where the value is small: distances span orders of magnitude."""
    text = f"{value:.3f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"
    return text.replace("-", "−")
