"""The verdict in words: for the terminal, and for the first box of the report."""

from typing import Any

from liverlab.report import generator_words, quality_words
from liverlab.report.worth_words import worth_sentences

MOST_IN_FOCUS = 6
NBSP = quality_words.NBSP
PHANTOM = "The lesions are computer-made (phantom). This run tests the instrument; it says nothing about livers."
LEAK = (
    "{arm} is a leak on purpose: its generator saw the test lesions. What it gains shows what a leak buys, and is no "
    "benefit of synthetic images."
)
UNSIGNED = "This run recorded no fingerprint of its predictions: an edit of predictions.csv would not be noticed."
HEADLINES = {
    "benefit": "{arm} classifies more lesions correctly than {baseline}.",
    "harm": "{arm} classifies fewer lesions correctly than {baseline}.",
    "equivalent": "{arm} and {baseline} are equivalent for practical purposes.",
    "inconclusive": "This run cannot tell whether {arm} is better than {baseline}.",
}


def percent(share: float | None, digits: int = 1) -> str:
    """A share as "73.1 %"; a dash where it is undefined."""
    return "–" if share is None else f"{100 * share:.{digits}f}{NBSP}%"


def points(difference: float) -> str:
    """A difference of shares as "+2.2" percentage points, with a true minus sign."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def span(interval: list[float] | None) -> str:
    """An interval of shares as "64.0–77.1", in per cent."""
    return "–" if interval is None else "–".join(f"{100 * x:.1f}" for x in interval)


def p_text(p: float) -> str:
    """A p value as journals print it: "= .44" or "< .001"."""
    return f"<{NBSP}.001" if p < 0.001 else f"={NBSP}{p:.3f}".replace("0.", ".", 1)


def p_value(p: float) -> str:
    """A p value in a table: ".044" or "< .001"."""
    return p_text(p).removeprefix(f"={NBSP}")


def probability(p: float) -> str:
    """A probability in whole per cent, never 0 or 100: finite draws do not show certainty."""
    return f"under 1{NBSP}%" if p < 0.01 else f"over 99{NBSP}%" if p > 0.99 else f"{100 * p:.0f}{NBSP}%"


def headline(metrics: dict[str, Any]) -> str:
    """One sentence: the verdict."""
    comparison = metrics["comparison"]
    if comparison:
        return HEADLINES[comparison["verdict"]].format(arm=comparison["arm"], baseline=comparison["baseline"])
    reached = ", ".join(f"{name} {percent(arm['accuracy']['estimate'])}" for name, arm in metrics["arms"].items())
    return f"Nothing was compared. Lesions classified correctly: {reached}."


def in_a_hundred(comparison: dict[str, Any]) -> str:
    """The difference and its interval as natural frequencies, which are misread less often than percentages."""
    estimate, low, high = (_more(x) for x in (comparison["estimate"], *comparison["interval"]))
    open_to = f"anything from {low} to {high}" if low != high else f"{low} and little else"
    arm, baseline = comparison["arm"], comparison["baseline"]
    more = f"Of 100 lesions like these, {arm} would call {estimate} correctly than {baseline}"
    return f"{more}; this run leaves open {open_to}."


def _more(difference: float) -> str:
    """A difference in 100 lesions; below half a lesion with a digit, so that a small one keeps its side of 0."""
    count = abs(100 * difference)
    return f"{count:.0f} {'more' if difference > 0 else 'fewer'}" if count >= 0.5 else _part(difference)


def _part(difference: float) -> str:
    tenth = f"{abs(100 * difference):.1f}"
    return "no more" if tenth == "0.0" else f"{tenth} {'more' if difference > 0 else 'fewer'}"


def findings(metrics: dict[str, Any]) -> list[str]:
    """The sentences that carry the verdict; empty without a comparison."""
    c = metrics["comparison"]
    if not c:
        return []
    accuracy = {name: percent(metrics["arms"][name]["accuracy"]["estimate"]) for name in (c["arm"], c["baseline"])}
    low, high = (points(x) for x in c["interval"])
    rope = f"{100 * metrics['settings']['rope']:g} points"
    p = {name: probability(c["probabilities"][name]) for name in ("positive", "above_rope", "within_rope")}
    chances = (
        f"The probability that {c['arm']} is truly better is {p['positive']}, that it is better by more than {rope} "
        f"{p['above_rope']}, and that the two lie within {rope} of one another {p['within_rope']}."
    )
    mcnemar = c["mcnemar"]
    return [
        f"{c['arm']} classified {accuracy[c['arm']]} of the lesions correctly and {c['baseline']} "
        f"{accuracy[c['baseline']]}: a difference of {points(c['estimate'])} percentage points (95{NBSP}% interval "
        f"{low} to {high}; patient sign-flip test p{NBSP}{p_text(c['sign_flip_p'])}{_adjusted(metrics)}).",
        *([chances] if c["standard_error"] else []),  # else the bootstrap had nothing to vary
        f"{_first_repeat(metrics)} {mcnemar['gained']} lesions were gained and {mcnemar['lost']} lost (McNemar’s exact "
        f"p{NBSP}{p_text(mcnemar['p_value'])}, which takes lesions of one patient for independent).",
        sensitivity_of_the_run(c, holdout=bool(metrics["holdout"])),
        *worth_sentences(metrics),
    ]


def sensitivity_of_the_run(comparison: dict[str, Any], *, holdout: bool = False) -> str:
    """What difference the run could have seen, and how many lesions the observed one would take."""
    if comparison["discordance"] == 0:
        return (
            "Both arms were right and wrong on exactly the same lesions: this run holds no information on a difference."
        )
    if not comparison["splits_seen"]:
        return "With a single split nothing shows how much training varies; further folds or repeats would decide."
    if comparison["detectable"] is None:
        return "No patient gained or lost on balance, so this run does not show how much a difference varies."
    text = (
        f"A run of this size finds a true difference of {100 * comparison['detectable']:.1f} points or more in four of "
        "five cases."
    )
    if comparison["verdict"] == "inconclusive" and comparison["lesions_needed"]:
        needed = f"{rounded(comparison['lesions_needed'])} " + (
            "test lesions and more repeats" if holdout else "lesions"
        )
        text += f" To find one as large as observed here would take about {needed}."
    return text


def rounded(count: int) -> str:
    """A count to two significant digits with thousands separated: more digits would pretend precision."""
    return f"{float(f'{count:.2g}'):,.0f}"


def cautions(metrics: dict[str, Any]) -> list[str]:
    """What must be read together with the verdict; empty where nothing speaks against it."""
    found = [PHANTOM] if metrics["phantom"] else []
    if not metrics["predictions"]["checked"]:
        found.append(UNSIGNED)
    arms, selection = compared(metrics), metrics["selection"]
    found += [LEAK.format(arm=name) for name in arms if name in metrics["leaks"]]
    if selection["rule"] == "test":
        found.append(
            f"{selection['arm']} was {selection['label']}. The best of {selection['among']} points looks better than "
            "it is, and interval, test and probabilities do not allow for the choice. Declared was "
            f"{selection['declared']}."
        )
    steps = {name: metrics["steps"][name] for name in arms if metrics["steps"][name]}  # none: not trained by steps
    if len(set(steps.values())) > 1:
        listed = ", ".join(f"{name} {count:,}" for name, count in steps.items())
        found.append(
            f"The arms took different numbers of optimizer steps ({listed}): a difference may be training time."
        )
    share = metrics["counts"]["majority_share"]
    unlearned = [name for name in arms if metrics["arms"][name]["accuracy"]["interval"][0] <= share]
    if unlearned:
        found.append(
            f"{' and '.join(unlearned)} did not clearly beat always answering {metrics['counts']['majority_class']} "
            f"({percent(share)}): the classifier has hardly learned."
        )
    found += generator_words.cautions(metrics["generators"])
    return found + quality_words.cautions(metrics["quality_findings"])


def compared(metrics: dict[str, Any]) -> list[str]:
    """The arms that the verdict is about, in the order of the run; all where nothing was compared."""
    pair = metrics["comparison"] or {"arm": None, "baseline": None}
    return [name for name in metrics["arms"] if name in (pair["arm"], pair["baseline"])] or list(metrics["arms"])


def in_focus(metrics: dict[str, Any]) -> dict[str, Any]:
    """The arms to show in every detail: all up to six, as many as there are colours; of more, or a curve's, two.

    A second line stands in the tables alone.
    """
    second = metrics["by_epochs"].values()
    arms = {name: arm for name, arm in metrics["arms"].items() if name not in second}
    few = len(arms) <= MOST_IN_FOCUS and metrics["curve"] is None
    return {name: arms[name] for name in (arms if few else compared(metrics))}


def verdict_lines(metrics: dict[str, Any]) -> str:
    """The verdict and a small table, as plain text for the terminal.

    Args:
        metrics: What `evaluate` returned or wrote to `metrics.json`.
    """
    verdict = metrics["comparison"]["verdict"].upper() + ": " if metrics["comparison"] else ""
    width = max(len(name) for name in ("arm", *metrics["arms"]))
    table = [f"{'arm':<{width}}  {'accuracy (95 % interval)':<26}{'specificity':<26}{'AUROC':<7}correct"]
    for name, arm in metrics["arms"].items():
        cells = [f"{percent(arm[m]['estimate'])} ({span(arm[m]['interval'])})" for m in ("accuracy", "specificity")]
        area = arm["auroc"]["estimate"]
        area_text = "–" if area is None else f"{area:.3f}"
        table.append(f"{name:<{width}}  {cells[0]:<26}{cells[1]:<26}{area_text:<7}{arm['correct']} of {arm['rows']}")
    paragraphs = [verdict + headline(metrics), *cautions(metrics), *findings(metrics)]
    return "\n".join([*paragraphs, "", *table]).replace(NBSP, " ")


def _adjusted(metrics: dict[str, Any]) -> str:
    """Holm's p where several comparisons were declared."""
    declared = len(metrics["comparisons"])
    if declared < 2:
        return ""
    return f", {p_value(metrics['comparison']['p_holm'])} by Holm’s method over {declared} declared comparisons"


def width_of_interval(comparison: dict[str, Any], *, one_test_set: bool) -> str:
    """What widened the interval of the difference beyond the bootstrap of patients, in a sentence."""
    if not comparison["splits_seen"]:
        return (
            "With a single split nothing shows how much another training would differ, so the interval is one over "
            "patients alone and no difference is called real."
        )
    source = "training sets, which are tested on the same lesions" if one_test_set else "splits"
    return (
        f"For the difference, the variance by which the {source} differ beyond what chance of their patients explains "
        f"is added, with its degrees of freedom: the bootstrap’s interval is {comparison['stretch']:.2f} times as wide."
    )


def _first_repeat(metrics: dict[str, Any]) -> str:
    return "In the first repeat" if metrics["counts"]["repeats"] > 1 else "Lesion by lesion,"
